"""The eye on the clock: asked by many threads, it forgets no jump that the database has not heard of."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from itertools import chain, repeat
from pathlib import Path

from tasks.watch import ClockWatch, Trusting, make_watch
from tests.fakes.database import FakeDatabase
from tests.tasks.conftest import HandClocks
from workflow.adapters.clock import SystemClock, set_now, steady_seconds
from workflow.bootstrap import App, build
from workflow.ports import Meanwhile, Work, nothing_else
from workflow.services.guard import clock_guard
from workflow.settings import Settings

TICK = timedelta(seconds=30)


class AwayDatabase(FakeDatabase):
    """Its writes fail while `away`."""

    away = False

    def begin(self, meanwhile: Meanwhile = nothing_else) -> AbstractContextManager[Work]:  # type: ignore[override]  # the fake's own work is as good
        if self.away:
            raise OSError("no database")
        return super().begin(meanwhile)


def test_a_jump_is_not_forgotten_because_the_database_was_away(clocks: HandClocks) -> None:
    db = AwayDatabase()
    watch = ClockWatch(db, clocks, TICK, steady=clocks.steady)
    assert not watch.suspect()
    clocks.wall += timedelta(days=1)
    db.away = True
    with refused():
        watch.suspect()
    db.away = False
    assert watch.suspect()
    assert clock_guard(db).reason == "jumped_ahead"


@contextmanager
def refused() -> Iterator[None]:
    try:
        yield
    except OSError:
        return
    raise AssertionError("it should have said so")


def test_a_process_stopped_between_its_two_looks_looks_again(clocks: HandClocks) -> None:
    watch = ClockWatch(FakeDatabase(), clocks, TICK, steady=clocks.steady)
    assert not watch.suspect()
    steps = chain([0.0, 3600.0], repeat(3600.0))
    watch.steady = lambda: next(steps)
    clocks.wall += timedelta(hours=1)
    assert not watch.suspect()


def test_the_real_clocks_agree_with_each_other() -> None:
    watch = ClockWatch(FakeDatabase(), SystemClock(), TICK)
    assert not any(watch.suspect() for _ in range(3))
    assert not watch.tick()
    assert steady_seconds() <= steady_seconds()


def test_a_rehearsals_clock_jumps_on_purpose(house: App, settings: Settings, tmp_path: Path) -> None:
    assert isinstance(make_watch(house), ClockWatch)
    set_now(tmp_path / "clock.json", house.now())
    rehearsal = make_watch(build(settings.model_copy(update={"clock_file": tmp_path / "clock.json"})))
    assert isinstance(rehearsal, Trusting)
    assert not rehearsal.suspect()
    assert not rehearsal.tick()
