"""The worker: `python -P -m tasks.worker`. It takes job names from Redis, and looks by itself when nobody asks.

One process, Celery's threads pool: open database connections and threads do not survive a fork. To do more at once,
start more processes.
"""

import gc
import sys
from collections.abc import Callable
from dataclasses import replace

from celery import Celery
from celery.worker import state

from tasks.jobs import Bench
from tasks.poll import Poll
from tasks.watch import make_watch
from workflow.adapters.logs import configure_logging
from workflow.adapters.processes import watch_parent
from workflow.adapters.queue import make_celery
from workflow.bootstrap import build
from workflow.ports import Job
from workflow.settings import Settings, ensure_secret, load_settings


def make_bench(settings: Settings) -> Bench:
    """The house of this process; its mailroom claims nothing more while the clock is suspect or the process ends."""
    house = build(settings)
    watch = make_watch(house)
    mailroom = replace(house.mailroom, held=lambda: is_ending() or watch.suspect())
    return Bench(replace(house, mailroom=mailroom), watch)


def make_worker(settings: Settings, bench: Bench) -> Celery:
    """The Celery application with every job registered under its written-out name."""
    celery = make_celery(settings.redis_url)
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


def main() -> None:
    watch_parent()
    settings = ensure_secret(load_settings())
    configure_logging(settings.log_level)
    bench = make_bench(settings)
    gc.collect()
    gc.freeze()  # what is loaded by now stays: no later collection looks through it again
    poll = Poll(bench, tick=settings.tick_seconds, is_ending=is_ending)
    poll.start()  # before the queue, which may wait for a broker for ever
    try:
        make_worker(settings, bench).worker_main(
            [
                "worker",
                f"--concurrency={settings.worker_concurrency}",
                f"--loglevel={settings.log_level}",
                "--without-gossip",
                "--without-heartbeat",  # a frozen Redis would keep it from ending; nobody reads them
                "--without-mingle",
                "--pool=threads",
                *sys.argv[1:],
            ]
        )
    finally:
        poll.stop()


if __name__ == "__main__":
    main()
