"""The overview of a round, read in a fixed number of queries however many units there are."""

from dataclasses import dataclass
from datetime import datetime

from workflow.domain.addressing import addressee
from workflow.domain.calendar import Calendar
from workflow.domain.messages import Message, MessageState
from workflow.domain.overview import NextMail, Overview, Row, in_swedish_order, make_row
from workflow.domain.rounds import Round
from workflow.domain.submissions import Edition, Recipient, Submission
from workflow.ports import Database
from workflow.services.reminders import known_slots, next_reminder

UNDELIVERED = frozenset({MessageState.FAILED, MessageState.UNKNOWN})
COMING = frozenset({MessageState.PLANNED, MessageState.SENDING, MessageState.HELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundView:
    """A round and how its units stand."""

    round: Round
    overview: Overview


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionView:
    """One submission as a coordinator may see it: handed-in editions only, and its mails."""

    round: Round
    submission: Submission
    editions: tuple[Edition, ...]
    recipients: tuple[Recipient, ...]
    messages: tuple[Message, ...]


def overview(db: Database, round_id: str, *, calendar: Calendar, now: datetime) -> RoundView:
    """Raises UnknownRoundError."""
    with db.read() as work:
        round_ = work.rounds.get(round_id)
        submissions = work.submissions.of_round(round_id)
        recipients: dict[str, list[Recipient]] = {}
        for recipient in work.recipients.of_round(round_id):
            recipients.setdefault(recipient.submission, []).append(recipient)
        messages: dict[str, list[Message]] = {}
        for message in work.outbox.list(round_id=round_id):
            messages.setdefault(message.submission, []).append(message)
    rows = [
        _row(
            round_,
            each,
            addressee(recipients.get(each.id, []), now),
            messages.get(each.id, []),
            calendar=calendar,
            now=now,
        )
        for each in submissions
    ]
    return RoundView(round=round_, overview=Overview(rows=in_swedish_order(rows)))


def submission_view(db: Database, submission_id: str) -> SubmissionView:
    """Raises NotFoundError."""
    with db.read() as work:
        submission = work.submissions.get(submission_id)
        return SubmissionView(
            round=work.rounds.get(submission.round),
            submission=submission,
            editions=work.editions.of(submission_id),
            recipients=work.recipients.of(submission_id),
            messages=work.outbox.of_submission(submission_id),
        )


def _row(
    round_: Round,
    submission: Submission,
    contact: Recipient | None,
    messages: list[Message],
    *,
    calendar: Calendar,
    now: datetime,
) -> Row:
    return make_row(
        submission,
        contact,
        next_mail=_next_mail(round_, submission, messages, calendar, now) if contact else None,
        undelivered=[each.id for each in messages if each.state in UNDELIVERED],
        calendar=calendar,
        now=now,
    )


def _next_mail(
    round_: Round, submission: Submission, messages: list[Message], calendar: Calendar, now: datetime
) -> NextMail | None:
    coming = [message for message in messages if message.state in COMING]
    if coming:
        first = min(coming, key=lambda message: message.due_at)
        return NextMail(kind=first.kind, at=first.due_at)
    slot = next_reminder(round_, submission, known_slots(messages, submission), calendar, now)
    return NextMail(kind=slot.mail, at=slot.send_at) if slot else None
