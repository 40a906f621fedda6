"""The worker's own turn: it does what nobody does, nothing twice, and nothing while the clock is suspect."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tasks.jobs import JOBS, Bench
from tasks.poll import Poll
from tasks.watch import ClockWatch
from tests.tasks.conftest import HandClocks
from workflow.adapters.db.database import SqlDatabase
from workflow.bootstrap import App
from workflow.ports import Job

TICK = 30


@pytest.fixture
def bench(house: App, clocks: HandClocks) -> Iterator[Bench]:
    yield Bench(house, ClockWatch(house.db, clocks, timedelta(seconds=TICK), steady=clocks.steady))
    assert isinstance(house.db, SqlDatabase)
    house.db.close()


@pytest.fixture
def poll(bench: Bench, clocks: HandClocks) -> Poll:
    return Poll(bench, tick=TICK, monotonic=clocks.steady)


def turns(poll: Poll, clocks: HandClocks, seconds: float, *, is_held: bool = False) -> dict[Job, list[float]]:
    """When each job was done here while so much time passed, in seconds from now. A delivery may be held meanwhile."""
    done: dict[Job, list[float]] = {}
    began = clocks.seconds
    while clocks.seconds - began < seconds:
        for job in poll.turn():
            done.setdefault(job, []).append(clocks.seconds - began)
        if not is_held:
            poll.join(timeout=10)
        clocks.pass_time(poll.pause)
    return done


def test_with_the_pace_that_is_shipped_nothing_is_later_than_a_minute(poll: Poll) -> None:
    assert poll.patience + poll.pause == 1.75 * TICK == 52.5


def test_when_nobody_asks_every_job_is_done_in_time_again_and_again(poll: Poll, clocks: HandClocks) -> None:
    done = turns(poll, clocks, 300)
    assert set(done) == set(Job)
    for moments in done.values():
        assert max(b - a for a, b in zip([0, *moments], moments, strict=False)) <= 60
        assert len(moments) >= 5


def test_when_the_queue_does_its_work_nothing_is_done_twice(poll: Poll, bench: Bench, clocks: HandClocks) -> None:
    for _ in range(10):
        for job in Job:
            bench.run(job)
        assert turns(poll, clocks, TICK) == {}


def test_one_job_that_is_forgotten_is_done_and_only_that(poll: Poll, bench: Bench, clocks: HandClocks) -> None:
    done: set[Job] = set()
    for _ in range(5):
        for job in set(Job) - {Job.DELIVER}:
            bench.run(job)
        done |= set(turns(poll, clocks, TICK))
    assert done == {Job.DELIVER}


def test_a_clock_set_back_does_not_silence_it(poll: Poll, bench: Bench, clocks: HandClocks) -> None:
    for job in Job:
        bench.run(job)
    clocks.wall -= timedelta(seconds=90)  # too little for the guard; every beat lies in the future
    assert set(turns(poll, clocks, 60)) == set(Job)


def test_while_the_clock_is_suspect_no_job_runs_and_none_is_noted(poll: Poll, bench: Bench, clocks: HandClocks) -> None:
    turns(poll, clocks, 60)
    with bench.house.db.read() as work:
        before = work.beats.all()
    clocks.wall += timedelta(days=1)
    turns(poll, clocks, 300)
    bench.run(Job.DELIVER)
    with bench.house.db.read() as work:
        assert work.beats.all() == before
        kinds = [each.event.kind for each in work.log.all()]
    assert [kind for kind in kinds if kind != "round.planned"] == ["guard.raised"]


def test_a_job_that_this_process_is_at_is_not_begun_again(
    bench: Bench, poll: Poll, clocks: HandClocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def long_delivery(_: App) -> None:
        begun.set()
        assert go_on.wait(10)

    monkeypatch.setattr("tasks.jobs.JOBS", {**JOBS, Job.DELIVER: long_delivery})
    queue = threading.Thread(target=bench.run, args=(Job.DELIVER,))
    queue.start()
    assert begun.wait(10)
    assert Job.DELIVER not in turns(poll, clocks, 300)
    go_on.set()
    queue.join()
    assert not bench.is_under_way(Job.DELIVER)
    assert Job.DELIVER in turns(poll, clocks, 60)


def test_a_delivery_that_takes_long_keeps_no_other_job_waiting_and_is_heard_out(
    bench: Bench, poll: Poll, clocks: HandClocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def long_delivery(_: App) -> None:
        begun.set()
        assert go_on.wait(60)

    monkeypatch.setattr("tasks.jobs.JOBS", {**JOBS, Job.DELIVER: long_delivery})
    done = turns(poll, clocks, 300, is_held=True)
    assert begun.wait(10)
    assert len(done.pop(Job.DELIVER)) == 1
    assert set(done) == set(Job) - {Job.DELIVER}
    assert all(len(moments) >= 5 for moments in done.values())
    stopping = threading.Thread(target=poll.stop)
    poll.start()
    stopping.start()
    stopping.join(1)
    assert stopping.is_alive()
    go_on.set()
    stopping.join(60)
    assert not stopping.is_alive()
    assert bench.times_done(Job.DELIVER) == 1


def test_a_job_that_fails_stops_no_other_and_has_its_turn_again(
    poll: Poll, clocks: HandClocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: App) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("tasks.jobs.JOBS", {**JOBS, Job.OPEN_DUE: broken})
    done = turns(poll, clocks, 150)
    assert set(done) == set(Job)
    assert 2 <= len(done[Job.OPEN_DUE]) <= 4, "not at every turn"


def test_it_stops_between_two_jobs(bench: Bench, clocks: HandClocks, monkeypatch: pytest.MonkeyPatch) -> None:
    ending = threading.Event()
    monkeypatch.setattr("tasks.jobs.JOBS", {job: lambda _: ending.set() for job in Job})
    poll = Poll(bench, tick=TICK, monotonic=clocks.steady, is_ending=ending.is_set)
    assert turns(poll, clocks, 120) == {next(iter(Job)): [pytest.approx(45)]}


def test_its_thread_survives_a_database_that_is_away_and_ends_when_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Semaphore(0)

    def away() -> bool:
        asked.release()
        raise OSError("no database")

    monkeypatch.setattr(ClockWatch, "tick", lambda _: away())
    poll = Poll(bench, tick=0.1)
    poll.start()
    assert asked.acquire(timeout=10)
    assert asked.acquire(timeout=10)
    poll.stop(timeout=10)
    assert "poll" not in {thread.name for thread in threading.enumerate()}
