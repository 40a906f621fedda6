"""What each background job does: a name, and a plain function of the house."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

import structlog

from tasks.watch import ClockWatch, Trusting
from workflow.adapters.mail.imap import InboxUnreachableError
from workflow.bootstrap import App
from workflow.ports import Job
from workflow.services import audit, bundles, details, digest, outbox, reminders, rounds

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
    now = house.now()
    try:
        planned = _plan_rounds(house, now)
    finally:  # a round that cannot be planned keeps the coordinators' mail from nobody
        told = _plan_about_no_unit(house, now)
    if planned or told:
        house.queue.ask(Job.DELIVER)
    return planned + told


def _plan_rounds(house: App, now: datetime) -> int:
    return reminders.plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=now)


def _plan_about_no_unit(house: App, now: datetime) -> int:
    """The coordinators' mail, and once a year the question to everybody in the register."""
    plans = house.plans()
    try:
        told = digest.plan_digests(
            house.db, plans.digest, secrets=house.secrets, calendar=house.calendar, now=now, plans=plans
        )
    finally:
        asked = details.plan_details(house.db, plans.details, secrets=house.secrets, calendar=house.calendar, now=now)
    return told + asked


def _deliver(house: App) -> object:
    """What was delayed over night may be overtaken by a mail of today: that is known once today's mails are planned."""
    if not _has_planned_today(house):
        try:
            _plan_rounds(house, house.now())
        except Exception:  # noqa: BLE001 - a round that cannot be planned keeps nobody's mail back
            _log.exception("planning failed before sending")
    return outbox.deliver(house.mailroom)


def _has_planned_today(house: App) -> bool:
    with house.db.read() as work:
        planned = work.beats.all().get(Job.PLAN_REMINDERS)
    local = house.calendar.local
    return planned is not None and local(planned).date() >= local(house.now()).date()


def _gather(house: App) -> object:
    audit.anchor_head(house.db, house.anchors, now=house.now())
    return bundles.gather_due(house.db, house.documents, house.files, now=house.now())


def _fetch_inbox(house: App) -> object:
    """A mailbox that cannot be read is no trouble of this house: the look is made, and made again at the next tick."""
    if house.inbox is None:
        return 0
    try:
        fetched = house.inbox.fetch(house.take_in, house.give_up)
    except InboxUnreachableError as error:
        _log.warning("the inbox cannot be read", host=str(error.values["host"]), why=str(error.values["why"]))
        return 0
    if fetched.taken:
        house.queue.ask(Job.DELIVER)
    if fetched.set_aside:
        _log.error("mails that could not be taken in were moved aside", count=fetched.set_aside)
    return fetched


JOBS: Mapping[Job, Callable[[App], object]] = {
    Job.OPEN_DUE: _open_due,
    Job.CLOSE_DUE: _close_due,
    Job.PLAN_REMINDERS: _plan_reminders,
    Job.DELIVER: _deliver,
    Job.GATHER: _gather,
    Job.INBOX: _fetch_inbox,
}
ALONE = frozenset({Job.INBOX})
"""What waits for a stranger's server: never two of them in a process, so that they cannot take up all its threads."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where a process does its jobs, whoever asks for them: the queue or its own poll."""

    house: App
    watch: ClockWatch | Trusting
    _under_way: Counter[Job] = field(default_factory=Counter, init=False)
    _done: Counter[Job] = field(default_factory=Counter, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def run(self, job: Job) -> None:
        """Do the job once and note when it began, so that anybody can see what has been looked at by when.

        While the clock is suspect nothing is done: what is due stays due.
        """
        if self.watch.suspect():
            _log.warning("job held: the clock is suspect", job=job)
            return
        with self._marked(job) as others:
            if others and job in ALONE:
                return
            began = self.house.now()
            result = JOBS[job](self.house)
            with self.house.db.begin() as work:
                work.beats.note(job, began)
            self._done[job] += 1
        _log.debug("job done", job=job, result=str(result))

    def is_under_way(self, job: Job) -> bool:
        """Whether a thread of this process is at it."""
        return self._under_way[job] > 0

    def may_take_long(self, job: Job) -> bool:
        """Whether it waits for somebody else's server, so that nothing else should wait for it."""
        return job is Job.DELIVER or (job in ALONE and self.house.inbox is not None)

    def times_done(self, job: Job) -> int:
        """How often this process has done it: a sign of life where a rehearsal's clock stands still."""
        return self._done[job]

    @contextmanager
    def _marked(self, job: Job) -> Iterator[int]:
        """Gives how many threads of this process are at it already."""
        with self._lock:
            others = self._under_way[job]
            self._under_way[job] += 1
        try:
            yield others
        finally:
            with self._lock:
                self._under_way[job] -= 1
