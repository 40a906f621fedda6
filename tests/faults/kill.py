"""Random death: `python -m tests.faults.kill --kills 10000 --db sqlite --seed 1`. Prints what it found, or found wrong.

Workers, schedulers and people at work on small worlds; one of them is killed with SIGKILL every few milliseconds and
started again, while the clock runs through the weeks of a round, and the next. After so many kills a world comes to
rest and is checked (I1–I10). The kills of a seed are the same each time; what they meet is up to the machine.
"""

import argparse
import os
import random
import secrets
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import mkdtemp
from typing import Self

from tests.faults.checker import Evidence, Violation, check, gather
from tests.faults.hand import ROLES, nursery, start
from tests.faults.sink import sink_process
from tests.faults.world import (
    BEGINS,
    CALENDAR,
    MORNING,
    Place,
    days_of,
    drop_database,
    new_database,
    opened,
    plan,
    planned_round,
    settle_in,
)
from tests.postgres import own_server
from workflow.bootstrap import App
from workflow.domain.messages import LEASE, MessageState

SLOWEST_REPLY = 0.03  # seconds; the sink's final replies take up to this, so that kills meet mails whose dot is out
KILLS_PER_WORLD = 400
PATIENCE = 60.0  # seconds in which a world must come to rest
YOUTH, LONGEST_YOUTH = 0.05, 2.0  # seconds of CPU; seconds
LONGEST_WAIT = 1.0  # seconds
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
UNDER_WAY = (MessageState.SENDING, MessageState.HANDING)


class RestlessError(Exception):
    """A world did not come to rest."""


@dataclass
class Crew:
    """The processes of a world, by name; each can be killed and comes back."""

    context: ForkServerContext
    place: Place
    dice: random.Random
    roles: Sequence[str]
    members: dict[str, BaseProcess] = field(default_factory=dict)

    def __enter__(self) -> Self:
        for number, role in enumerate(self.roles):
            self._start(f"{role} {number}")
        return self

    def __exit__(self, *_: object) -> None:
        self.dismiss("")

    def kill_one(self) -> None:
        """Mostly those who send: they have most to lose. One kill in ten meets whoever is just being born."""
        hasty, until = self.dice.random() < 0.1, time.monotonic() + LONGEST_YOUTH
        while not (grown := [each for each in self.members if hasty or self._is_grown(each)]):
            hasty = time.monotonic() > until
            time.sleep(0.002)
        name = self.dice.choice(grown)
        if not name.startswith(("worker", "naive")):
            name = self.dice.choice(grown)
        self._kill(name)
        self._start(name)

    def _is_grown(self, name: str) -> bool:
        """Whether it has got going, by the work it has done: on a busy machine time alone says nothing."""
        try:
            fields = Path(f"/proc/{self.members[name].pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return True
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS >= YOUTH

    def dismiss(self, role: str) -> None:
        """End all of a role; "" ends everybody."""
        for name in [each for each in self.members if each.startswith(role)]:
            self._kill(name)

    def _start(self, name: str) -> None:
        act = ROLES[name.partition(" ")[0]]
        self.members[name] = start(self.context, act, self.place, self.dice.getrandbits(32))

    def _kill(self, name: str) -> None:
        process = self.members.pop(name)
        process.kill()
        process.join()
        process.close()


class Time:
    """Moves a world's clock on whenever there is nothing left to do: to the end of a dead worker's lease, to the next
    day, to the next round."""

    def __init__(self, house: App, place: Place, dice: random.Random) -> None:
        self._house, self._place, self._dice = house, place, dice
        self._days = self._all_days()
        self._seen: frozenset[str] = frozenset()
        self._arrived_before = 0
        self._next_day()

    def _all_days(self) -> Iterator[date]:
        begins, number = BEGINS, 1
        while True:
            round_ = planned_round(number, begins)
            self._place.set_now(CALENDAR.at(begins, MORNING) - timedelta(hours=3))
            plan(self._house, round_)
            yield from days_of(round_)
            begins, number = CALENDAR.local(round_.closes_at).date(), number + 1

    def look(self) -> None:
        """One look; the clock moves when all that is due is decided."""
        if not self._is_planned() or self.is_due():
            return
        under_way = self.under_way()
        if not under_way:
            self._next_day()
        elif under_way == self._seen or self._dice.random() < 0.05:  # now and then a living worker is robbed
            self.pass_lease()
        self._seen = under_way

    def wait_for_work(self) -> None:
        """Until some mail has come to the sink since last time: a kill is to meet work, however busy the machine is."""
        until = time.monotonic() + LONGEST_WAIT
        while self._arrived() == self._arrived_before and time.monotonic() < until:
            self.look()
            time.sleep(0.005)
        self._arrived_before = self._arrived()

    def _arrived(self) -> int:
        """The bytes of the truth."""
        return self._place.truth.stat().st_size if self._place.truth.exists() else 0

    def pass_lease(self) -> None:
        self._place.set_now(self._place.now() + LEASE + timedelta(minutes=1))

    def is_due(self) -> bool:
        with self._house.db.read() as work:
            return bool(work.outbox.due(self._place.now(), limit=1))

    def under_way(self) -> frozenset[str]:
        with self._house.db.read() as work:
            return frozenset(f"{each.id} {each.fence}" for each in work.outbox.list(states=UNDER_WAY))

    def rest(self) -> None:
        """Until nothing is due and nothing under way. Raises RestlessError."""
        until = time.monotonic() + PATIENCE
        while True:
            busy = not self._is_planned() or self.is_due()  # asked once a turn: the world goes on meanwhile
            under_way = self.under_way()
            if not busy and not under_way:
                return
            if time.monotonic() > until:
                raise RestlessError(self._place.folder)
            if not busy and under_way == self._seen:
                self.pass_lease()
            self._seen = under_way
            time.sleep(0.2)

    def _is_planned(self) -> bool:
        try:
            return datetime.fromisoformat(self._place.ticked.read_text()) >= self._place.now()
        except (OSError, ValueError):
            return False

    def _next_day(self) -> None:
        day = next(self._days)
        self._place.set_now(max(CALENDAR.at(day, MORNING), self._place.now()))


@dataclass(slots=True)
class Row:
    """What a run came to. Everything but the first three columns and `unknown` must be nought."""

    kills: int = 0
    planned: int = 0
    at_sink: int = 0
    duplicates: int = 0
    sent_but_absent: int = 0
    unfinished: int = 0
    unknown: int = 0
    unknown_arrived: int = 0
    decided_after_submit: int = 0
    chain_broken: int = 0
    other: int = 0

    def __add__(self, more: "Row") -> "Row":
        return Row(*(getattr(self, each.name) + getattr(more, each.name) for each in fields(Row)))

    def __str__(self) -> str:
        return "  ".join(f"{getattr(self, each.name):>{max(len(each.name), 6)}}" for each in fields(Row))


HEADING = "  ".join(f"{each.name.replace('_', ' '):>6}" for each in fields(Row))


def judged(kills: int, evidence: Evidence, violations: Sequence[Violation]) -> Row:
    copies, again = evidence.copies(), evidence.again()
    unknown = [each.id for each in evidence.messages if each.state is MessageState.UNKNOWN]
    counted = {rule: sum(each.rule == rule for each in violations) for rule in ("I3", "I4", "I5", "I6", "I9")}
    return Row(
        kills=kills,
        planned=len(evidence.messages),
        at_sink=sum(copies.values()),
        duplicates=sum(max(0, times - 1 - again[each]) for each, times in copies.items()),
        sent_but_absent=counted["I4"],
        unfinished=counted["I5"],
        unknown=len(unknown),
        unknown_arrived=sum(copies[each] > 0 for each in unknown),
        decided_after_submit=counted["I6"],
        chain_broken=counted["I9"],
        other=len(violations) - sum(counted.values()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How to kill. `server` is the URL of a PostgreSQL server, "" means SQLite; `shelf` a folder for all worlds."""

    server: str
    shelf: Path
    seed: int
    workers: int = 4
    naive: bool = False

    @property
    def roles(self) -> tuple[str, ...]:
        sender = "naive" if self.naive else "worker"
        return (*[sender] * self.workers, "scheduler", "scheduler", "submitter")


@contextmanager
def world(run: Run, number: int) -> Iterator[Place]:
    folder = Path(mkdtemp(prefix=f"world-{number}-", dir=run.shelf))
    url = new_database(run.server, run.shelf, folder)
    truth = folder / "truth.jsonl"
    with sink_process(truth, delay=SLOWEST_REPLY, seed=run.seed + number) as port:
        yield Place(database_url=url, folder=folder, smtp_port=port)
    drop_database(run.server, url)


def kill_in_one_world(run: Run, number: int, kills: int, context: ForkServerContext) -> tuple[Row, list[Violation]]:
    dice = random.Random(f"{run.seed} {number}")  # noqa: S311 - chance, no secret
    with ExitStack() as stack:
        place = stack.enter_context(world(run, number))
        place.set_now(CALENDAR.at(BEGINS, MORNING) - timedelta(days=1))
        house = stack.enter_context(opened(place))
        settle_in(house)
        moves = Time(house, place, dice)
        with Crew(context, place, dice, run.roles) as crew:
            for _ in range(kills):
                time.sleep(dice.uniform(0.005, 0.05))
                moves.wait_for_work()
                crew.kill_one()
            crew.dismiss("submitter")
            moves.rest()
        evidence = gather(house, place.truth, place.history, place.now())
    violations = check(evidence)
    return judged(kills, evidence, violations), violations


def kill(run: Run, kills: int) -> Iterator[tuple[Row, list[Violation]]]:
    """World after world until all kills are done; each judged by itself."""
    context = nursery()
    for number, done in enumerate(range(0, kills, KILLS_PER_WORLD)):
        yield kill_in_one_world(run, number, min(KILLS_PER_WORLD, kills - done), context)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="kill", description="Kill and check. Exit code 1: something is wrong.")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--naive", action="store_true", help="lease and resend: must show duplicates")
    parser.add_argument("--folder", type=Path, help="where the worlds are kept; else in a temporary folder")
    given = parser.parse_args(arguments)
    shelf = given.folder or Path(mkdtemp(prefix="kill-"))
    shelf.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))  # servers and worlds are taken down
    with ExitStack() as stack:
        server = stack.enter_context(own_server()) if given.db == "postgres" else ""
        run = Run(server=server, shelf=shelf, seed=given.seed, workers=given.workers, naive=given.naive)
        return _report(run, given.kills, given.db)


def _report(run: Run, kills: int, name: str) -> int:
    say = sys.stdout.write
    say(f"{name}, seed {run.seed}, {run.workers} {run.roles[0]}s; worlds in {run.shelf}\n{HEADING}\n")
    total, wrong, began = Row(), False, time.monotonic()
    for row, violations in kill(run, kills):
        total += row
        say(f"{row}\n")
        for violation in violations:
            wrong = True
            say(f"  {violation}\n")
        sys.stdout.flush()
    seconds = time.monotonic() - began
    say(f"{total}\n{seconds:.0f} s, {total.kills / seconds:.1f} kills/s\n")
    return int(total.duplicates == 0) if run.naive else int(wrong)


if __name__ == "__main__":
    sys.exit(main())
