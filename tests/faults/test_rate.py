"""Matrix row 20: two worker processes share one rate, which stands in the database."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from tests.faults.conftest import Stage, make_stage, until
from tests.faults.hand import IDLE, note
from tests.faults.sink import Sink
from tests.faults.world import Place
from workflow.adapters.clock import FileClock
from workflow.domain.channel import Rate
from workflow.domain.messages import MessageState
from workflow.services import claims
from workflow.services.channel import channel_state
from workflow.services.outbox import deliver

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

PER_MINUTE, MANY = 30, 60
MINUTE, STEP = timedelta(minutes=1), timedelta(seconds=4)
WORKERS = ("one", "two")


def worker(place: Place, name: str) -> None:
    """Again and again; it takes few at a time, so that there are some left for the other, and notes what it sent."""
    claims.BATCH = 2
    room = place.house().mailroom
    while True:
        if sent := deliver(room).sent:
            note(sent_by(place, name), {"sent": sent})
        time.sleep(IDLE)


def sent_by(place: Place, name: str) -> Path:
    return place.folder / f"sent by {name}"


@dataclass
class TimedSink(Sink):
    """Remembers at what time of the world each mail was begun."""

    begun: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        clock = FileClock(self.truth.with_name("clock.json"))

        def watch(reached: str, _to: tuple[str, ...]) -> None:
            if reached == "mail":
                self.begun.append(clock.now())

        self.watch = watch


@pytest.fixture
def sink(tmp_path: Path) -> TimedSink:
    return TimedSink(tmp_path / "truth.jsonl", delay=0.03)


@pytest.fixture
def limited(sql_url: str, tmp_path: Path, context: ForkServerContext, sink: TimedSink) -> Iterator[Stage]:
    with make_stage(sql_url, tmp_path, context, count=MANY, connections=2, rate=PER_MINUTE, sink=sink) as made:
        yield made


def is_used_up(stage: Stage) -> bool:
    """Whether all that may leave by now has left: then the clock may go on. Once used up, it is until then."""
    tokens = channel_state(stage.house.db).refill(Rate(PER_MINUTE), stage.place.now()).tokens
    states = stage.states()
    is_idle = not (states["sending"] or states["handing"])
    return is_idle and (tokens < 1 or not states["planned"])


def most_in_a_minute(begun: list[datetime]) -> int:
    return max(sum(start <= each < start + MINUTE for each in begun) for start in begun)


def test_row_20_two_workers_together_never_send_more_than_the_rate_in_any_minute(
    limited: Stage, sink: TimedSink
) -> None:
    for name in WORKERS:
        limited.start(worker, name)
    opened_at = limited.place.now()
    while limited.states() != {str(MessageState.SENT): MANY}:
        until(lambda: is_used_up(limited), "what may leave has left", 60)
        assert limited.place.now() < opened_at + 10 * MINUTE, "the rest never left"
        limited.pass_time(STEP)
    assert len(sink.begun) == MANY
    assert most_in_a_minute(sink.begun) <= PER_MINUTE
    assert limited.copies() == {1: MANY}
    assert all(sent_by(limited.place, name).exists() for name in WORKERS), "one of them did all the work"
    assert limited.violations() == []
