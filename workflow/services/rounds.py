"""Planning, opening, closing and cancelling rounds; opening is one transaction or nothing."""

from collections.abc import Callable, Iterable, Iterator
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
from workflow.domain.forms import AskedCounts, Form
from workflow.domain.people import Contact, Unit, UnitKind, sort_key
from workflow.domain.plans import RoundPlan, RoundPlans
from workflow.domain.rounds import NotConfirmedError, Round, RoundMove, RoundState
from workflow.domain.submissions import FARTHEST
from workflow.domain.succession import Register, answering, is_left_alone, unreachable
from workflow.ports import Database, Secrets, Work
from workflow.services.freezing import Freezing

SYSTEM = "system"
FARTHEST_PLAN = timedelta(days=5 * 366)  # no calendar is planned further ahead; a mistyped year is
AT_ONCE = 5000  # units frozen by the same statements: bounds the memory, not the transaction


class RoundOverError(RefusedError):
    """Nobody is invited to something that is over."""

    sentence = "Omgången {round} skulle ha stängt {closes}. Ställ in den och planera en ny."


class NobodyReportsError(RefusedError):
    sentence = "Ingen nämnd och inget bolag skulle ingå i omgången {round}. Läs in registret först."


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What to know before a round opens: who takes part, who cannot be reached, what speaks against the dates.

    `without_contact` have nobody when it opens, `left_alone` lose their last contact before it closes.
    `unreachable` are contacts of that time whose address does not work, each with its unit.
    """

    units: tuple[Unit, ...]
    without_contact: tuple[Unit, ...]
    left_alone: tuple[Unit, ...] = ()
    unreachable: tuple[tuple[Unit, Contact], ...] = ()
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
        register = Register(work.people.units(), work.people.contacts())
    opens, closes = calendar.local(round_.opens_at).date(), calendar.last_day(round_.closes_at)
    people = {unit.id: register.people_for(unit) for unit in units}
    without = tuple(unit for unit in units if not answering(people[unit.id], opens))
    reached = [unit for unit in units if answering(people[unit.id], opens)]
    warnings = tuple(
        (kind, warning) for kind, due_at in sorted(round_.due_at.items()) for warning in calendar.due_warnings(due_at)
    )
    return Readiness(
        units=units,
        without_contact=without,
        left_alone=tuple(unit for unit in reached if is_left_alone(people[unit.id], opens, closes)),
        unreachable=tuple((unit, each) for unit in units for each in unreachable(people[unit.id], opens, closes)),
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
        register = Register(work.people.units(), work.people.contacts())
        work.rounds.save(opened)
        freeze = Freezing(
            round=opened,
            register=register,
            secrets=secrets,
            calendar=calendar,
            now=now,
            questions=AskedCounts(opened.form),
        )
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
        links=plan.links,
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
    questions = AskedCounts(round_.form)
    asked = [unit for unit in units if questions.of(unit.kind, unit.id)]
    return tuple(sorted(asked, key=lambda unit: sort_key(unit.name)))


def _batches(units: Iterable[Unit], size: int) -> Iterator[list[Unit]]:
    waiting = iter(units)
    while some := list(islice(waiting, size)):
        yield some
