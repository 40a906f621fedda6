"""What each background job does: a name, and a plain function of the house."""

from collections.abc import Callable, Mapping

import structlog

from workflow.bootstrap import App
from workflow.ports import Job
from workflow.services import bundles, outbox, reminders, rounds

_log = structlog.get_logger(__name__)


def _open_due(house: App) -> object:
    rounds.plan_confirmed(house.db, house.plans(), house.form, now=house.now())
    opened = rounds.open_due_rounds(house.db, secrets=house.secrets, calendar=house.calendar, now=house.now())
    if opened:
        house.queue.ask(Job.DELIVER)
    return opened


def _close_due(house: App) -> object:
    closed = rounds.close_due_rounds(house.db, now=house.now())
    if closed:
        house.queue.ask(Job.GATHER)
    return closed


def _plan_reminders(house: App) -> object:
    planned = reminders.plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=house.now())
    if planned:
        house.queue.ask(Job.DELIVER)
    return planned


def _deliver(house: App) -> object:
    return outbox.deliver(house.mailroom)


def _gather(house: App) -> object:
    return bundles.gather_due(house.db, house.documents, house.files, now=house.now())


JOBS: Mapping[Job, Callable[[App], object]] = {
    Job.OPEN_DUE: _open_due,
    Job.CLOSE_DUE: _close_due,
    Job.PLAN_REMINDERS: _plan_reminders,
    Job.DELIVER: _deliver,
    Job.GATHER: _gather,
}


def run(house: App, job: Job) -> None:
    """Do the job once and note when it began, so that anybody can see what has been looked at by when."""
    began = house.now()
    result = JOBS[job](house)
    with house.db.begin() as work:
        work.beats.note(job, began)
    _log.debug("job done", job=job, result=str(result))
