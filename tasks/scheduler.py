"""The scheduler: `python -P -m tasks.scheduler`. APScheduler ticks in UTC, in memory; a tick only asks for a job.

APScheduler waits for a time of the wall clock: set back a day, it would be silent for a day. The main thread measures
silence by steady time and starts it anew.
"""

import time
from datetime import datetime, timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from workflow.adapters.logs import configure_logging
from workflow.adapters.processes import StopSignal, watch_parent
from workflow.adapters.queue import CeleryQueue
from workflow.ports import Job, Queue
from workflow.settings import load_settings

MISSED_TICKS = 3  # 90 s with the 30 s that are shipped

_log = structlog.get_logger(__name__)


class FromNow(BaseTrigger):  # type: ignore[misc]  # the library ships no types
    """Fires `seconds` after the last look; IntervalTrigger counts out every tick of a year that was jumped over."""

    def __init__(self, seconds: float) -> None:
        self._pause = timedelta(seconds=seconds)

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        return now + self._pause


class Ticker:
    """Every job once per `every` seconds, whatever the wall clock does, as long as somebody calls `look` as often."""

    def __init__(self, queue: Queue, *, every: float) -> None:
        self._queue = queue
        self._every = every
        self._seen = time.monotonic()
        self._scheduler = self._make()

    def start(self) -> None:
        """Ask for every job at once, so that a restart does not wait for the first tick, and begin to tick."""
        self._seen = time.monotonic()
        self._scheduler.start()
        for job in Job:
            self._queue.ask(job)

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)

    def look(self) -> bool:
        """Start the scheduler anew if it has been silent for three ticks. True when it had been."""
        silence = time.monotonic() - self._seen
        if silence < MISSED_TICKS * self._every:
            return False
        _log.warning("no tick was seen: the scheduler starts anew", seconds=round(silence))
        self.stop()
        self._scheduler = self._make()
        self.start()
        return True

    def _tick(self, job: Job) -> None:
        self._seen = time.monotonic()
        self._queue.ask(job)

    def _make(self) -> BackgroundScheduler:
        """A missed tick needs no making up (coalesce): the rows say what is due."""
        scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(max_workers=len(Job))},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        for job in Job:
            scheduler.add_job(self._tick, FromNow(self._every), args=[job], id=job.value)
        return scheduler


def main() -> None:
    watch_parent()
    settings = load_settings()
    configure_logging(settings.log_level)
    ticker = Ticker(CeleryQueue(settings.redis_url), every=settings.tick_seconds)
    with StopSignal() as stop:
        ticker.start()
        while not stop.wait(settings.tick_seconds):
            ticker.look()
        ticker.stop()


if __name__ == "__main__":
    main()
