"""What should have happened by now: plans the reminders that are due, and accounts for those that were missed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from workflow.domain.audit import Event
from workflow.domain.calendar import Calendar
from workflow.domain.errors import TertialError
from workflow.domain.messages import REMINDERS, Message, MessageKind, MessageState
from workflow.domain.planning import Case, Due, Timetable, by_person, due_for
from workflow.domain.reminders import SUPERSEDED, Slot, next_after
from workflow.domain.rounds import Round, RoundState
from workflow.domain.submissions import Recipient, Submission
from workflow.ports import Database, Secrets, Work
from workflow.services.rounds import SYSTEM


def plan_due(db: Database, *, secrets: Secrets, calendar: Calendar, now: datetime) -> int:
    """Plan for every open round; one transaction per round. Gives how many reminders were planned.

    A round that cannot be planned stops no other; its error is raised when all have been looked at.
    """
    with db.read() as work:
        open_rounds = [each.id for each in work.rounds.all() if each.state is RoundState.OPEN]
    planned, broken = 0, []
    for round_id in open_rounds:
        try:
            planned += _plan_round(db, round_id, secrets=secrets, calendar=calendar, now=now)
        except TertialError as error:
            broken.append(error)
    if broken:
        raise broken[0]
    return planned


def slots_of(round_: Round, submission: Submission, calendar: Calendar) -> tuple[Slot, ...]:
    """All reminders of a submission under its effective deadline, whether or not they will be needed."""
    return Timetable(round_, calendar).of(submission)


def next_reminder(
    round_: Round, submission: Submission, known: Iterable[str], calendar: Calendar, now: datetime
) -> Slot | None:
    """The next reminder if nothing changes; None when the unit owes nothing or the round is not open."""
    if not submission.is_owed or round_.state is not RoundState.OPEN:
        return None
    return next_after(slots_of(round_, submission, calendar), known=set(known), now=now)


def known_slots(messages: Iterable[Message], submission: Submission) -> set[str]:
    """The slots of the present deadline that the ledger already accounts for."""
    own = tuple(each for each in messages if each.submission == submission.id)
    return set(Case(submission=submission, ledger=own).known())


def cases_of(work: Work, round_id: str, kinds: Iterable[MessageKind] = ()) -> tuple[Case, ...]:
    """The units of a round with their people and mails (all of them, or of these kinds), read in three queries."""
    recipients: dict[str, list[Recipient]] = defaultdict(list)
    for recipient in work.recipients.of_round(round_id):
        recipients[recipient.submission].append(recipient)
    ledger: dict[str, list[Message]] = defaultdict(list)
    for message in work.outbox.list(round_id=round_id, kinds=frozenset(kinds)):
        ledger[message.submission].append(message)
    return tuple(
        Case(submission=each, recipients=recipients.get(each.id, ()), ledger=ledger.get(each.id, ()))
        for each in work.submissions.of_round(round_id)
    )


def _plan_round(db: Database, round_id: str, *, secrets: Secrets, calendar: Calendar, now: datetime) -> int:
    """Look first, in a transaction that blocks nobody: at most ticks nothing is due."""
    with db.read() as work:
        if not _due(work, round_id, calendar, now):
            return 0
    with db.begin() as work:
        # One planner at a time: a second would take the first one's new reminder for an older one and skip it.
        if work.rounds.get(round_id, lock=True).state is not RoundState.OPEN:
            return 0
        rows = _rows(work, round_id, _due(work, round_id, calendar, now), secrets=secrets, now=now)
        _skip_older(work, round_id, rows, now)
        new = work.outbox.plan(rows)
        if new:
            skipped = sum(row.state is MessageState.SKIPPED for row in rows)
            data = {"planned": len(rows) - skipped, "skipped": skipped}
            work.log.append(Event(kind="reminders.planned", actor=SYSTEM, at=now, round=round_id, data=data))
        return new


def _due(work: Work, round_id: str, calendar: Calendar, now: datetime) -> list[Due]:
    """What the ledger lacks at `now`: what to send, and what was missed with its reason."""
    timetable = Timetable(work.rounds.get(round_id), calendar)
    ladders = (ladder for case in cases_of(work, round_id, REMINDERS) for ladder in timetable.ladders(case, now))
    return [due for theirs in by_person(ladders, calendar).values() for due in due_for(theirs, now)]


def _rows(work: Work, round_id: str, dues: Sequence[Due], *, secrets: Secrets, now: datetime) -> list[Message]:
    links = {link.recipient: link.id for link in work.recipients.links_of_round(round_id) if link.is_valid(now)}
    return [due.row(secrets.new_id(), link=links.get(due.ladder.to.id, ""), now=now) for due in dues]


def _skip_older(work: Work, round_id: str, rows: Iterable[Message], now: datetime) -> None:
    """A reminder that still waits for its worker falls when a newer one is planned: only the newest is true."""
    renewed = {(row.submission, row.recipient) for row in rows if row.state is MessageState.PLANNED}
    waiting = work.outbox.list(round_id=round_id, kinds=REMINDERS, states={MessageState.PLANNED})
    older = [each for each in waiting if (each.submission, each.recipient) in renewed and not each.lies_ahead(now)]
    work.outbox.change_all([(each, each.skip(SUPERSEDED)) for each in older])
