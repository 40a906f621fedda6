"""The ticks: every job, at once and again and again, whatever the wall clock does."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
import time_machine

from tasks.scheduler import MISSED_TICKS, Ticker
from workflow.ports import Job

EVERY = 0.1
START = datetime(2027, 5, 10, 7, tzinfo=UTC)


class CountingQueue:
    """A queue that one can wait at."""

    def __init__(self) -> None:
        self.asked: list[Job] = []
        self.grew = Event()

    def ask(self, job: Job) -> None:
        self.asked.append(job)
        self.grew.set()

    def hears(self, within: float) -> bool:
        """Whether anything is asked from now on."""
        self.grew.clear()
        return self.grew.wait(within)


@pytest.fixture
def queue() -> CountingQueue:
    return CountingQueue()


@pytest.fixture
def ticker(queue: CountingQueue) -> Iterator[Ticker]:
    ticker = Ticker(queue, every=EVERY)
    ticker.start()
    yield ticker
    ticker.stop()


def watched(ticker: Ticker, stop: Event) -> None:
    while not stop.wait(EVERY):
        ticker.look()


def test_a_start_asks_for_everything_at_once_and_then_keeps_ticking(ticker: Ticker, queue: CountingQueue) -> None:
    assert queue.asked[: len(Job)] == list(Job)
    deadline = time.monotonic() + 10
    while not all(queue.asked.count(job) >= 3 for job in Job) and time.monotonic() < deadline:
        queue.hears(1)
    assert all(queue.asked.count(job) >= 3 for job in Job)


def test_while_it_ticks_nothing_is_started_anew(ticker: Ticker, queue: CountingQueue) -> None:
    before = ticker._scheduler
    for _ in range(10):
        assert queue.hears(5)
        assert not ticker.look()
    assert ticker._scheduler is before


@pytest.mark.parametrize("jump", [timedelta(seconds=-30), timedelta(days=-1), timedelta(days=-365)], ids=str)
def test_a_clock_set_back_silences_apscheduler_and_the_look_wakes_it(queue: CountingQueue, jump: timedelta) -> None:
    with time_machine.travel(START, tick=True) as traveller:
        ticker = Ticker(queue, every=EVERY)
        ticker.start()
        assert queue.hears(5)
        traveller.shift(jump)
        assert any(not queue.hears(3 * EVERY) for _ in range(2 * len(Job))), "what was under way comes to an end"
        # Nothing is to be heard, for as long as several ticks would take.
        assert not queue.hears(5 * EVERY), "APScheduler is silent for as long as the jump: this is the fault"
        stop = Event()
        watching = Thread(target=watched, args=(ticker, stop))
        watching.start()
        try:
            assert queue.hears(MISSED_TICKS * EVERY + 2)
            assert all(queue.hears(2) for _ in range(2 * len(Job) + 1)), "and it goes on by itself"
        finally:
            stop.set()
            watching.join()
            ticker.stop()


@pytest.mark.parametrize("jump", [timedelta(minutes=10), timedelta(days=3650)], ids=str)
def test_a_clock_set_ahead_goes_on(queue: CountingQueue, jump: timedelta) -> None:
    with time_machine.travel(START, tick=True) as traveller:
        ticker = Ticker(queue, every=EVERY)
        ticker.start()
        traveller.shift(jump)
        assert all(queue.hears(2) for _ in range(10))
        ticker.stop()


def test_shortly_before_three_ticks_it_is_left_alone(ticker: Ticker, monkeypatch: pytest.MonkeyPatch) -> None:
    ticker.stop()
    try:
        monkeypatch.setattr(ticker, "_seen", time.monotonic() - (MISSED_TICKS - 1) * EVERY)
        assert not ticker.look()
    finally:
        ticker._scheduler.start()
