"""The Celery worker: `python -P -m tasks.worker`. It takes job names from Redis; the rows say what is due."""

import sys
from functools import cache

from celery import Celery

from tasks.jobs import run
from workflow.adapters.logs import configure_logging
from workflow.adapters.processes import watch_parent
from workflow.adapters.queue import make_celery
from workflow.bootstrap import App, build
from workflow.ports import Job
from workflow.settings import Settings, ensure_secret, load_settings


@cache
def _house() -> App:
    """One house per process, built after the fork: database connections must not be shared across it."""
    return build(load_settings())


def make_worker(settings: Settings) -> Celery:
    """The Celery application with every job registered under its written-out name."""
    celery = make_celery(settings.redis_url)
    for job in Job:
        celery.task(_job(job), name=job.value)
    return celery


def _job(job: Job):  # noqa: ANN202 - a plain function that takes nothing
    def work() -> None:
        run(_house(), job)

    return work


def main() -> None:
    watch_parent()
    settings = ensure_secret(load_settings())
    configure_logging(settings.log_level)
    make_worker(settings).worker_main(
        [
            "worker",
            f"--concurrency={settings.worker_concurrency}",
            f"--loglevel={settings.log_level}",
            "--without-gossip",
            "--without-mingle",
            f"--pool={settings.worker_pool}",
            *sys.argv[1:],
        ]
    )


if __name__ == "__main__":
    main()
