"""A world per test, on SQLite and on PostgreSQL, with a sink that the test can watch; and hands to work in it."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeVar

import pytest

from tests.builders import an_answer
from tests.faults.checker import check
from tests.faults.evidence import Evidence, Violation, gather
from tests.faults.hand import delivering_once, nursery, schedule, start
from tests.faults.sink import Sink, read_truth, sink_here
from tests.faults.world import CALENDAR, MORNING, People, Place, contacts, opened, plan, planned_round, settle_in
from workflow.bootstrap import App
from workflow.domain.messages import LEASE, REMINDERS, Message, MessageKind
from workflow.domain.rounds import Round
from workflow.services import submissions

Found = TypeVar("Found")


def until(ask: Callable[[], Found], what: str, patience: float = 20) -> Found:
    """Ask again and again until the answer is true."""
    deadline, pause = time.monotonic() + patience, threading.Event()
    while not (found := ask()):
        assert time.monotonic() < deadline, f"never came true: {what}"
        pause.wait(0.01)
    return found


@dataclass
class Stage:
    """A world with an opened round of six units, whose clock stands at the opening; the driver's own house in it."""

    place: Place
    house: App
    sink: Sink
    context: ForkServerContext
    round: Round
    born: list[BaseProcess] = field(default_factory=list)

    def start(self, act: Callable[..., None], *arguments: object) -> BaseProcess:
        process = start(self.context, act, self.place, *arguments)
        self.born.append(process)
        return process

    def deliver(self) -> None:
        """In a process of its own, to the end."""
        process = self.start(delivering_once)
        process.join(60)
        assert process.exitcode == 0

    def pass_time(self, span: timedelta = LEASE + timedelta(minutes=1)) -> None:
        self.place.set_now(self.place.now() + span)

    def next_reminders(self) -> None:
        """To the next morning on which reminders are due; they are planned."""
        before = len(self.messages(*REMINDERS))
        while len(self.messages(*REMINDERS)) == before:
            day = CALENDAR.local(self.place.now()).date() + timedelta(days=1)
            self.place.set_now(CALENDAR.at(day, MORNING))
            schedule(self.house, self.place.now())

    def signal_when(self, point: str, worker: Callable[[], BaseProcess], what: signal.Signals) -> BaseProcess:
        """Start a worker that is signalled the first time the sink hears `point`, before it gets an answer."""
        born: Future[int] = Future()

        def watch(reached: str, _to: tuple[str, ...]) -> None:
            if reached == point:
                self.sink.watch = lambda _point, _to: None
                os.kill(born.result(20), what)

        self.sink.watch = watch
        process = worker()
        assert process.pid
        born.set_result(process.pid)
        return process

    def hand_in(self, submission_id: str) -> None:
        """A person answers everything and hands it in."""
        house, now = self.house, self.place.now()
        answers = [an_answer(key) for key in submissions.sheet(house.db, submission_id).questions.keys]
        submissions.save_answers(house.db, submission_id, answers, by="r", now=now)
        submissions.submit(house.db, submission_id, by="r", secrets=house.secrets, calendar=house.calendar, now=now)

    def messages(self, *kinds: MessageKind) -> tuple[Message, ...]:
        with self.house.db.read() as work:
            return work.outbox.list(kinds=kinds)

    def states(self, *kinds: MessageKind) -> Counter[str]:
        return Counter(str(each.state) for each in self.messages(*kinds))

    def kept(self) -> int:
        return sum(dot.kept for dot in read_truth(self.place.truth))

    def copies(self, *kinds: MessageKind) -> Counter[int]:
        """How many rows of the ledger were told of so many times at the server."""
        told = self.evidence().tellings()
        return Counter(told[each.id] for each in self.messages(*kinds))

    def events(self, kind: str) -> int:
        with self.house.db.read() as work:
            return sum(link.event.kind == kind for link in work.log.all())

    def evidence(self) -> Evidence:
        return gather(self.house, self.place.truth, self.place.history, self.place.now())

    def violations(self) -> list[Violation]:
        return check(self.evidence())


@pytest.fixture(scope="session")
def context() -> ForkServerContext:
    return nursery()


@pytest.fixture
def stage(sql_url: str, tmp_path: Path, context: ForkServerContext) -> Iterator[Stage]:
    with make_stage(sql_url, tmp_path, context) as made:
        yield made


@contextmanager
def make_stage(
    url: str,
    folder: Path,
    context: ForkServerContext,
    *,
    count: int = 6,
    connections: int = 3,
    smtp_timeout: float = 30.0,
    rate: int = 0,
    sink: Sink | None = None,
    through: Callable[[int], int] = lambda port: port,
    is_open: bool = True,
    people: People = contacts,
) -> Iterator[Stage]:
    """For tests that choose their own database, sink, number of units or people.

    `through` puts something before the sink.
    """
    with sink_here(sink or Sink(folder / "truth.jsonl")) as listening:
        place = Place(
            database_url=url,
            folder=folder,
            smtp_port=through(listening.port),
            connections=connections,
            smtp_timeout=smtp_timeout,
            rate=rate,
        )
        round_ = planned_round(1)
        place.set_now(round_.opens_at + timedelta(minutes=5))
        with opened(place) as house:
            settle_in(house, count=count, people=people)
            plan(house, round_)
            if is_open:
                schedule(house, place.now())
            made = Stage(place, house, listening, context, round_)
            try:
                yield made
            finally:
                for process in made.born:
                    process.kill()
                    process.join()
