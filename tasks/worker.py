"""The worker: `python -P -m tasks.worker`. It takes job names from Redis, and looks by itself when nobody asks.

One process, Celery's threads pool: open database connections and threads do not survive a fork. To do more at once,
start more processes.
"""

import gc
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import structlog
from celery import Celery
from celery.worker import state
from celery.worker.consumer import Consumer
from kombu import Connection
from kombu.asynchronous import set_event_loop

from tasks.jobs import Bench
from tasks.poll import Poll
from tasks.watch import make_watch
from workflow.adapters.logs import configure_logging
from workflow.adapters.processes import watch_parent
from workflow.adapters.queue import make_celery
from workflow.bootstrap import build
from workflow.ports import Job
from workflow.settings import Settings, ensure_secret, load_settings

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds before the queue is tried again, doubling
STEADY_AFTER = 120.0  # seconds of listening after which the pause starts from the beginning again
SLICE = 0.5  # seconds between two looks at whether the process is ending

_log = structlog.get_logger(__name__)


def make_bench(settings: Settings) -> Bench:
    """The house of this process; its mailroom claims nothing while the clock is suspect or the process ends."""
    house = build(settings)
    watch = make_watch(house)
    mailroom = replace(house.mailroom, held=watch.suspect, is_ending=is_ending)
    return Bench(replace(house, mailroom=mailroom), watch)


class TidyConsumer(Consumer):
    """Closes a connection over which the broker refuses what it is asked: the library holds it to the process's end."""

    _tried: Connection | None = None

    def connection_for_read(self, heartbeat: float | None = None) -> Connection:
        self._tried = super().connection_for_read(heartbeat)
        return self._tried

    def connect(self) -> Connection:
        try:
            return super().connect()
        except Exception:
            if self._tried is not None:
                self._tried.close()
            raise


def make_worker(settings: Settings, bench: Bench) -> Celery:
    """The Celery application with every job registered under its written-out name."""
    celery = make_celery(settings.redis_url)
    celery.conf.worker_consumer = TidyConsumer
    for job in Job:
        celery.task(name=job.value)(_job(bench, job))
    return celery


def _job(bench: Bench, job: Job) -> Callable[[], None]:
    def work() -> None:
        bench.run(job)

    return work


def is_ending() -> bool:
    """Whether Celery has been told to stop; its signal handlers set nothing else."""
    return any(flag is not None and flag is not False for flag in (state.should_stop, state.should_terminate))


def listen(settings: Settings, bench: Bench, arguments: list[str]) -> None:
    """Do what the queue asks for, until told to stop or until Celery gives the queue up."""
    set_event_loop(None)  # what an earlier life has left there is closed
    with make_worker(settings, bench) as celery:
        celery.worker_main(arguments)


def keep_listening(
    listen: Callable[[], object],
    *,
    is_ending: Callable[[], bool] = is_ending,
    rest: Callable[[float], object] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Listen again whenever Celery has given the queue up without having been told to stop.

    It waits for a broker that is away, but ends where one answers that it is full, read-only or out of order. The
    process stays: were it started again each time, its own look at the database would never have been patient enough.
    """
    pause = FIRST_PAUSE
    while True:
        began = monotonic()
        listen()
        if is_ending():
            return
        pause = FIRST_PAUSE if monotonic() - began > STEADY_AFTER else pause
        _log.error("the queue cannot be used: jobs are done without it, and it is tried again", seconds=pause)
        until = monotonic() + pause
        while (left := until - monotonic()) > 0:
            rest(min(left, SLICE))
            if is_ending():  # the signal handlers of the life before are still there
                return
        pause = min(2 * pause, LONGEST_PAUSE)


def main() -> None:
    watch_parent()
    settings = ensure_secret(load_settings())
    configure_logging(settings.log_level)
    bench = make_bench(settings)
    gc.collect()
    gc.freeze()  # what is loaded by now stays: no later collection looks through it again
    poll = Poll(bench, tick=settings.tick_seconds, is_ending=is_ending)
    poll.start()  # before the queue, which may wait for a broker for ever
    arguments = [
        "worker",
        f"--concurrency={settings.worker_concurrency}",
        f"--loglevel={settings.log_level}",
        "--without-gossip",
        "--without-heartbeat",  # a frozen Redis would keep it from ending; nobody reads them
        "--without-mingle",
        "--pool=threads",
        *sys.argv[1:],
    ]
    try:
        keep_listening(lambda: listen(settings, bench, arguments))
    finally:
        poll.stop()


if __name__ == "__main__":
    main()
