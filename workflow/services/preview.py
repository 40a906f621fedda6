"""The preview of a round: every mail with who, what, when and why, before it opens and on any day of it."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from workflow.domain.calendar import Calendar
from workflow.domain.messages import Message
from workflow.domain.people import Contact, Unit
from workflow.domain.preview import Case, PreviewedMail, preview
from workflow.domain.rounds import Round, RoundState
from workflow.domain.submissions import Recipient, Submission, submission_id
from workflow.ports import Database, Work
from workflow.services.listings import instant
from workflow.services.reminders import slots_of
from workflow.services.rounds import addressee, readiness


def preview_round(
    db: Database, round_: Round, *, calendar: Calendar, now: datetime, on: date | None = None
) -> tuple[PreviewedMail, ...]:
    """All mails in time order; of a planned round (stored or not) as if it opened at its time. Changes nothing."""
    starts = max(now, round_.opens_at) if round_.state is RoundState.PLANNED else now
    invite_at = calendar.next_window(starts)
    mails = [
        mail for case in _cases(db, round_, calendar, starts) for mail in preview(case, invite_at=invite_at, now=now)
    ]
    wanted = [mail for mail in mails if on is None or calendar.local(mail.at).date() == on]
    return tuple(sorted(wanted, key=lambda mail: mail.at))


def preview_row(mail: PreviewedMail) -> dict[str, Any]:
    """The mail as a plain value for a listing."""
    return {
        "at": instant(mail.at),
        "unit": mail.unit,
        "name": mail.unit_name,
        "kind": str(mail.kind),
        "slot": mail.slot,
        "state": mail.state,
        "suppressed": mail.suppressed,
        "to": {"name": mail.to_name, "email": mail.to_email} if mail.to_email else None,
        "copies": list(mail.copies),
    }


def _cases(db: Database, round_: Round, calendar: Calendar, starts: datetime) -> list[Case]:
    if round_.state is RoundState.PLANNED:
        units = readiness(db, round_, calendar).units
        with db.read() as work:
            contacts = work.people.contacts()
        submissions = [_to_be(round_, unit, starts) for unit in units]
        return [_case(round_, each, _recipients(each, contacts), (), calendar) for each in submissions]
    with db.read() as work:
        return _opened_cases(work, round_, calendar)


def _opened_cases(work: Work, round_: Round, calendar: Calendar) -> list[Case]:
    recipients = work.recipients.of_round(round_.id)
    ledger = work.outbox.list(round_id=round_.id)
    return [
        _case(
            round_,
            submission,
            [each for each in recipients if each.submission == submission.id],
            [each for each in ledger if each.submission == submission.id],
            calendar,
        )
        for submission in work.submissions.of_round(round_.id)
    ]


def _case(
    round_: Round, submission: Submission, people: Iterable[Recipient], ledger: Iterable[Message], calendar: Calendar
) -> Case:
    found = tuple(people)
    chosen = addressee(found)
    return Case(
        round=round_,
        submission=submission,
        recipient=chosen,
        others=tuple(each for each in found if each != chosen),
        ledger=tuple(ledger),
        slots=slots_of(round_, submission, calendar),
    )


def _to_be(round_: Round, unit: Unit, starts: datetime) -> Submission:
    """The submission that opening will make."""
    return Submission(
        id=submission_id(round_.id, unit.id),
        round=round_.id,
        unit=unit.id,
        unit_name=unit.name,
        kind=unit.kind,
        due_at=round_.due_at[unit.kind],
        due_set_at=starts,
        questions=0,
    )


def _recipients(submission: Submission, contacts: Iterable[Contact]) -> list[Recipient]:
    return [
        Recipient(id=each.role, submission=submission.id, role=each.role, name=each.name, email=each.email)
        for each in contacts
        if each.unit == submission.unit
    ]
