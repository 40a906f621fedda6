"""The scheduler: `python -P -m tasks.scheduler`. APScheduler ticks in UTC, in memory; a tick only asks for a job."""

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from workflow.adapters.logs import configure_logging
from workflow.adapters.processes import StopSignal, watch_parent
from workflow.adapters.queue import CeleryQueue
from workflow.ports import Job, Queue
from workflow.settings import load_settings


def make_scheduler(queue: Queue, *, every: float) -> BackgroundScheduler:
    """Every job once per `every` seconds. A missed tick needs no making up (coalesce): the rows say what is due."""
    scheduler = BackgroundScheduler(
        timezone="UTC",
        executors={"default": ThreadPoolExecutor(max_workers=len(Job))},
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    for job in Job:
        scheduler.add_job(queue.ask, IntervalTrigger(seconds=every, timezone="UTC"), args=[job], id=job.value)
    return scheduler


def main() -> None:
    watch_parent()
    settings = load_settings()
    configure_logging(settings.log_level)
    queue = CeleryQueue(settings.redis_url)
    with StopSignal() as stop:
        scheduler = make_scheduler(queue, every=settings.tick_seconds)
        scheduler.start()
        for job in Job:
            queue.ask(job)  # do not let a restart wait for the first tick
        stop.wait()
        scheduler.shutdown(wait=False)


if __name__ == "__main__":
    main()
