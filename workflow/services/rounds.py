"""Planning, opening, closing and cancelling rounds; opening is one transaction or nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from workflow.domain.audit import Event
from workflow.domain.calendar import Calendar, DeadlineWarning
from workflow.domain.errors import (
    AlreadyExistsError,
    DeadlineError,
    FarDeadlineError,
    RefusedError,
    StaleWriteError,
    TertialError,
)
from workflow.domain.forms import Form
from workflow.domain.messages import GIVE_UP_AFTER, Message, MessageKind
from workflow.domain.people import Contact, Role, Unit, UnitKind, sort_key
from workflow.domain.planning import whom
from workflow.domain.plans import RoundPlan, RoundPlans
from workflow.domain.rounds import NotConfirmedError, Round, RoundMove, RoundState
from workflow.domain.submissions import FARTHEST, Link, Recipient, Submission, submission_id
from workflow.ports import Database, Secrets, Work

SYSTEM = "system"
FARTHEST_PLAN = timedelta(days=5 * 366)  # no calendar is planned further ahead; a mistyped year is
ANSWERING = frozenset({Role.PRIMARY, Role.DEPUTY})  # who gets a link of their own
AT_ONCE = 5000  # units frozen by the same statements: bounds the memory, not the transaction
LINK_LIFE = timedelta(days=180)  # a link outlives the round, so that a late answer or a supplement still finds its way


class RoundOverError(RefusedError):
    """Nobody is invited to something that is over."""

    sentence = "Omgången {round} skulle ha stängt {closes}. Ställ in den och planera en ny."


class NobodyReportsError(RefusedError):
    sentence = "Ingen nämnd och inget bolag skulle ingå i omgången {round}. Läs in registret först."


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What to know before a round opens: who takes part, who lacks a contact, what speaks against the dates."""

    units: tuple[Unit, ...]
    without_contact: tuple[Unit, ...]
    warnings: tuple[tuple[UnitKind, DeadlineWarning], ...]


def all_rounds(db: Database) -> tuple[Round, ...]:
    """Every round, newest opening first."""
    with db.read() as work:
        return work.rounds.all()


def find_round(db: Database, round_id: str) -> Round:
    """Raises UnknownRoundError."""
    with db.read() as work:
        return work.rounds.get(round_id)


def plan_round(db: Database, round_: Round, *, by: str, now: datetime) -> None:
    """Put a round in the calendar; a person may plan a cancelled one again.

    Raises AlreadyExistsError, and DeadlineError for dates in the wrong order.
    """
    check_dates(round_, now)
    with db.begin() as work:
        if not put_in_calendar(work, round_, by=by, now=now):
            raise AlreadyExistsError(what=round_.id)


def put_in_calendar(work: Work, round_: Round, *, by: str, now: datetime) -> bool:
    """Add a round whose dates have been checked; False when there is one already.

    A cancelled round never opened: nobody was told of it, and its place is free. Only a person may take it again.
    """
    again = False
    if not work.rounds.add(round_):
        there = work.rounds.get(round_.id, lock=True)
        if there.state is not RoundState.CANCELLED or by == SYSTEM:
            return False
        work.rounds.save(replace(round_, version=there.version))
        again = True
    marks = {"held": round_.is_held, "again": again}
    data = {name: 1 for name, holds in marks.items() if holds}
    work.log.append(Event(kind="round.planned", actor=by, at=now, round=round_.id, data=data))
    return True


def check_dates(round_: Round, now: datetime) -> None:
    """Opens before every deadline, no deadline after the closing, all of it within a year or so, and in our time."""
    if round_.opens_at - now > FARTHEST_PLAN:
        raise FarDeadlineError(due=round_.opens_at)
    if round_.closes_at - round_.opens_at > FARTHEST:
        raise FarDeadlineError(due=round_.closes_at)
    for due_at in round_.due_at.values():
        if due_at <= round_.opens_at:
            raise DeadlineError(now=round_.opens_at)
        if due_at > round_.closes_at:
            raise DeadlineError(now=due_at)


def readiness(db: Database, round_: Round, calendar: Calendar) -> Readiness:
    """Look before opening; nothing is changed."""
    with db.read() as work:
        units = _reporting(work, round_, calendar)
        contacts = work.people.contacts()
    reachable = {contact.unit for contact in contacts if contact.role in ANSWERING}
    warnings = tuple(
        (kind, warning) for kind, due_at in sorted(round_.due_at.items()) for warning in calendar.due_warnings(due_at)
    )
    return Readiness(
        units=units,
        without_contact=tuple(unit for unit in units if unit.id not in reachable),
        warnings=warnings,
    )


def open_round(
    db: Database,
    round_id: str,
    *,
    secrets: Secrets,
    calendar: Calendar,
    by: str = SYSTEM,
    now: datetime,
) -> Round:
    """Open: round, frozen units and contacts, submissions, links, invitations and log in one transaction.

    Any number of schedulers may try at once: the row is locked and the move allowed once (RoundMoveRefusedError).
    """
    with db.begin() as work:
        round_ = work.rounds.get(round_id, lock=True)
        if round_.is_held and by == SYSTEM:
            raise NotConfirmedError(round=round_id)
        opened = round_.open(now)
        if now >= round_.closes_at:
            raise RoundOverError(round=round_id, closes=round_.closes_at)
        units = _reporting(work, opened, calendar)
        if not units:
            raise NobodyReportsError(round=round_id)
        contacts = _by_unit(work.people.contacts())
        work.rounds.save(opened)
        freeze = _Freezing(round=opened, contacts=contacts, secrets=secrets, now=now, send_at=calendar.next_window(now))
        for some in _batches(units, AT_ONCE):
            freeze.write(work, some)
        work.log.append(Event(kind="round.opened", actor=by, at=now, round=round_id, data={"submissions": len(units)}))
        return opened


def plan_confirmed(db: Database, plans: RoundPlans, form: Callable[[str], Form], *, now: datetime) -> tuple[str, ...]:
    """Put every confirmed plan that is not over into the calendar, once; a cancelled round is not planned again."""
    wanted = [plan for plan in plans.rounds if plan.confirmed and plan.closes_at > now]
    with db.read() as work:
        known = {each.id for each in work.rounds.all()}
    planned = []
    for plan in wanted:
        if plan.id in known:
            continue
        try:
            plan_round(db, make_round(plan, plans, form(plan.form)), by=SYSTEM, now=now)
        except AlreadyExistsError:
            continue  # another scheduler was first
        planned.append(plan.id)
    return tuple(planned)


def make_round(plan: RoundPlan, plans: RoundPlans, form: Form) -> Round:
    """The round that a plan describes, with its own copy of form and policy."""
    return Round(
        id=plan.id,
        year=plan.year,
        period=plans.period(plan.period),
        form=form,
        policy=plans.policy,
        opens_at=plan.opens_at,
        due_at=plan.due_at,
        closes_at=plan.closes_at,
        confirmed=plan.confirmed,
    )


def open_due_rounds(db: Database, *, secrets: Secrets, calendar: Calendar, now: datetime) -> tuple[str, ...]:
    """Open every confirmed round whose time has come; one transaction each: one broken round stops no other."""
    with db.read() as work:
        due = [
            each.id
            for each in work.rounds.all()
            if each.state is RoundState.PLANNED and each.confirmed and each.opens_at <= now < each.closes_at
        ]
    opened = []
    for round_id in due:
        try:
            open_round(db, round_id, secrets=secrets, calendar=calendar, now=now)
        except (StaleWriteError, RefusedError):
            continue  # another scheduler was first, or nobody reports yet: the next tick asks again
        opened.append(round_id)
    return tuple(opened)


def close_round(db: Database, round_id: str, *, by: str = SYSTEM, now: datetime) -> Round:
    """Close: no more reminders. Late answers are still taken, and marked."""
    with db.begin() as work:
        closed = work.rounds.get(round_id, lock=True).close(now)
        work.rounds.save(closed)
        for message in work.outbox.list(round_id=round_id):
            if message.is_reminder and message.state in {"planned", "held"}:
                work.outbox.change(message, message.cancel("round_closed"))
        work.log.append(Event(kind="round.closed", actor=by, at=now, round=round_id))
        return closed


def close_due_rounds(db: Database, *, now: datetime) -> tuple[str, ...]:
    """Close every open round whose time is up."""
    with db.read() as work:
        due = [each.id for each in work.rounds.all() if each.allows(RoundMove.CLOSE) and each.closes_at <= now]
    closed = []
    for round_id in due:
        try:
            close_round(db, round_id, now=now)
        except TertialError:
            continue  # another scheduler was first
        closed.append(round_id)
    return tuple(closed)


def cancel_round(db: Database, round_id: str, *, by: str, now: datetime) -> Round:
    """Take a planned round out of the calendar."""
    with db.begin() as work:
        cancelled = work.rounds.get(round_id, lock=True).cancel()
        work.rounds.save(cancelled)
        work.log.append(Event(kind="round.cancelled", actor=by, at=now, round=round_id))
        return cancelled


def _reporting(work: Work, round_: Round, calendar: Calendar) -> tuple[Unit, ...]:
    """The units of the round's kinds that exist on its opening day and report, in Swedish order."""
    day = calendar.local(round_.opens_at).date()
    units = [unit for unit in work.people.units() if unit.reports and unit.kind in round_.kinds and unit.is_valid(day)]
    asked = [unit for unit in units if round_.form.count_asked(unit.kind, unit.id)]
    return tuple(sorted(asked, key=lambda unit: sort_key(unit.name)))


def _by_unit(contacts: Iterable[Contact]) -> Mapping[str, list[Contact]]:
    found: dict[str, list[Contact]] = defaultdict(list)
    for contact in contacts:
        found[contact.unit].append(contact)
    return found


def _batches(units: Iterable[Unit], size: int) -> Iterator[list[Unit]]:
    waiting = iter(units)
    while some := list(islice(waiting, size)):
        yield some


@dataclass(frozen=True, slots=True, kw_only=True)
class _Freezing:
    """What a round takes from the register when it opens, many units in the same few statements."""

    round: Round
    contacts: Mapping[str, list[Contact]]
    secrets: Secrets
    now: datetime
    send_at: datetime

    def write(self, work: Work, units: Sequence[Unit]) -> None:
        submissions = [self._submission(unit) for unit in units]
        recipients = {each.id: self._recipients(each) for each in submissions}
        everybody = [recipient for some in recipients.values() for recipient in some]
        links = {each.id: _link(each, self.secrets, self.now) for each in everybody if each.role in ANSWERING}
        work.submissions.add(submissions)
        work.recipients.add(everybody, links.values())
        chosen = [(each, addressee(recipients[each.id])) for each in submissions]
        work.outbox.plan([self._invitation(each, to, links[to.id]) for each, to in chosen if to])

    def _submission(self, unit: Unit) -> Submission:
        return Submission(
            id=submission_id(self.round.id, unit.id),
            round=self.round.id,
            unit=unit.id,
            unit_name=unit.name,
            kind=unit.kind,
            due_at=self.round.due_at[unit.kind],
            due_set_at=self.now,
            questions=self.round.form.count_asked(unit.kind, unit.id),
        )

    def _recipients(self, submission: Submission) -> tuple[Recipient, ...]:
        return tuple(
            Recipient(
                id=f"{submission.id}.{contact.role}",
                submission=submission.id,
                role=contact.role,
                name=contact.name,
                email=contact.email,
                phone=contact.phone,
                language=contact.language,
            )
            for contact in self.contacts.get(submission.unit, ())
        )

    def _invitation(self, submission: Submission, to: Recipient, link: Link) -> Message:
        return make_message(
            submission,
            to,
            link=link.id,
            kind=MessageKind.INVITATION,
            slot="open",
            secrets=self.secrets,
            due_at=self.send_at,
            now=self.now,
        )


def _link(recipient: Recipient, secrets: Secrets, now: datetime) -> Link:
    link_id = secrets.new_id()
    return Link(
        id=link_id,
        submission=recipient.submission,
        recipient=recipient.id,
        secret_sha256=secrets.digest(secrets.link_secret(link_id)),
        created_at=now,
        expires_at=now + LINK_LIFE,
    )


def addressee(recipients: Sequence[Recipient]) -> Recipient | None:
    """Whom a mail goes to: the contact person, in their absence the deputy, else nobody."""
    return whom(recipients)


def make_message(
    submission: Submission,
    recipient: Recipient,
    *,
    link: str,
    kind: MessageKind,
    slot: str,
    secrets: Secrets,
    due_at: datetime,
    now: datetime,
    copies: Sequence[str] = (),
    detail: dict[str, str] | None = None,
) -> Message:
    """A planned row of the ledger, addressed as things stand."""
    return Message(
        id=secrets.new_id(),
        round=submission.round,
        submission=submission.id,
        recipient=recipient.id,
        kind=kind,
        slot=slot,
        deadline_revision=submission.deadline_revision,
        to_name=recipient.name,
        to_email=recipient.email,
        copies=tuple(copies),
        link=link,
        language=recipient.language,
        due_at=due_at,
        give_up_at=max(due_at, now) + GIVE_UP_AFTER,
        detail=detail or {},
        created_at=now,
    )
