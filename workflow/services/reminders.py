"""What should have happened by now: plans the reminders that are due, and accounts for those that were missed."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from workflow.domain.audit import Event
from workflow.domain.calendar import Calendar
from workflow.domain.errors import TertialError
from workflow.domain.messages import REMINDERS, Message, MessageState
from workflow.domain.reminders import SUPERSEDED, Slot, due_by, next_after, slots
from workflow.domain.rounds import Round, RoundState
from workflow.domain.submissions import Recipient, Submission
from workflow.ports import Database, Secrets, Work
from workflow.services.rounds import SYSTEM, addressee, make_message


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
    return slots(
        round_.policy,
        due_at=submission.due_at,
        since=submission.due_set_at,
        until=round_.closes_at,
        calendar=calendar,
    )


def next_reminder(
    round_: Round, submission: Submission, known: Iterable[str], calendar: Calendar, now: datetime
) -> Slot | None:
    """The next reminder if nothing changes; None when the unit owes nothing or the round is not open."""
    if not submission.is_owed or round_.state is not RoundState.OPEN:
        return None
    return next_after(slots_of(round_, submission, calendar), known=set(known), now=now)


def known_slots(messages: Iterable[Message], submission: Submission) -> set[str]:
    """The slots of the present deadline that the ledger already accounts for."""
    return {
        message.slot
        for message in messages
        if message.is_reminder
        and message.submission == submission.id
        and message.deadline_revision == submission.deadline_revision
    }


def _plan_round(db: Database, round_id: str, *, secrets: Secrets, calendar: Calendar, now: datetime) -> int:
    """Look first, in a transaction that blocks nobody: at most ticks nothing is due."""
    with db.read() as work:
        if not _due_rows(work, round_id, secrets, calendar, now):
            return 0
    with db.begin() as work:
        # One planner at a time: a second would take the first one's new reminder for an older one and skip it.
        if work.rounds.get(round_id, lock=True).state is not RoundState.OPEN:
            return 0
        rows = _due_rows(work, round_id, secrets, calendar, now)
        _skip_older(work, round_id, rows)
        new = work.outbox.plan(rows)
        if new:
            skipped = sum(row.state is MessageState.SKIPPED for row in rows)
            data = {"planned": len(rows) - skipped, "skipped": skipped}
            work.log.append(Event(kind="reminders.planned", actor=SYSTEM, at=now, round=round_id, data=data))
        return new


def _skip_older(work: Work, round_id: str, rows: Iterable[Message]) -> None:
    """A reminder that still waits for its worker falls when a newer one is planned: only the newest is true."""
    renewed = {row.submission for row in rows if row.state is MessageState.PLANNED}
    for waiting in work.outbox.list(round_id=round_id, kinds=REMINDERS, states={MessageState.PLANNED}):
        if waiting.submission in renewed:
            work.outbox.change(waiting, waiting.skip(SUPERSEDED))


def _due_rows(work: Work, round_id: str, secrets: Secrets, calendar: Calendar, now: datetime) -> list[Message]:
    """The rows the ledger lacks at `now`: what to send, and what was missed with its reason."""
    round_ = work.rounds.get(round_id)
    recipients = _by_submission(work.recipients.of_round(round_id))
    ledger = _reminders_by_submission(work.outbox.list(round_id=round_id, kinds=REMINDERS))
    rows: list[Message] = []
    for submission in work.submissions.of_round(round_id):
        people = recipients.get(submission.id, ())
        if not submission.is_owed or addressee(people) is None:
            continue
        known = known_slots(ledger.get(submission.id, ()), submission)
        plan = due_by(slots_of(round_, submission, calendar), known=known, due_at=submission.due_at, now=now)
        rows += [_row(work, submission, people, slot, secrets=secrets, now=now).skip(why) for slot, why in plan.skip]
        if plan.send:
            rows.append(_row(work, submission, people, plan.send, secrets=secrets, now=now))
    return rows


def _row(
    work: Work,
    submission: Submission,
    recipients: tuple[Recipient, ...],
    slot: Slot,
    *,
    secrets: Secrets,
    now: datetime,
) -> Message:
    chosen = addressee(recipients)
    if chosen is None:
        raise ValueError(submission.id)  # the caller has looked
    links = {link.recipient: link.id for link in work.recipients.links_of(submission.id) if link.is_valid(now)}
    copies = [each for each in recipients if each.role in slot.copies and each.id != chosen.id]
    return make_message(
        submission,
        chosen,
        link=links.get(chosen.id, ""),
        kind=slot.mail,
        slot=slot.key,
        secrets=secrets,
        due_at=slot.send_at,
        now=now,
        copies=[f"{each.name} <{each.email}>" for each in copies],
        detail={"copies": ",".join(each.role for each in copies), "last": "yes" if slot.is_last else ""},
    )


def _by_submission(recipients: Iterable[Recipient]) -> Mapping[str, tuple[Recipient, ...]]:
    found: dict[str, tuple[Recipient, ...]] = {}
    for recipient in recipients:
        found[recipient.submission] = (*found.get(recipient.submission, ()), recipient)
    return found


def _reminders_by_submission(messages: Iterable[Message]) -> Mapping[str, list[Message]]:
    found: dict[str, list[Message]] = {}
    for message in messages:
        found.setdefault(message.submission, []).append(message)
    return found
