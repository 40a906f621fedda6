"""What the listings say, as plain values that JSON and CSV can hold; instants are ISO 8601 in UTC.

No draft comes in here: submissions hold none, and editions are what has been handed in.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from workflow.domain.calendar import Calendar
from workflow.domain.errors import NotFoundError, RefusedError, UnknownUnitError
from workflow.domain.forms import Answer, QuestionSet
from workflow.domain.messages import Attempt, Message, MessageState
from workflow.domain.overview import Overview, Row
from workflow.domain.people import Account, Contact
from workflow.domain.phrases import say
from workflow.domain.roster import by_unit, sheet
from workflow.domain.rounds import Round, RoundState
from workflow.domain.submissions import Edition, Submission, submission_id
from workflow.ports import Database
from workflow.services.overview import overview, submission_view
from workflow.services.roster import roster_of
from workflow.services.several import masked

Json = dict[str, Any]


class NoRoundError(NotFoundError):
    sentence = "Det finns ingen omgång än."


class RoundNotOpenedError(RefusedError):
    sentence = "Omgången {round} har inte öppnat, och därför finns inga underlag i den."


class AmbiguousIdError(RefusedError):
    sentence = "Flera mejl börjar på {start}. Skriv mer av beteckningen."


def instant(at: datetime | None) -> str | None:
    """How an instant is written in every listing."""
    return at.astimezone(UTC).isoformat() if at else None


# --- rounds ------------------------------------------------------------------


def round_rows(db: Database) -> list[Json]:
    """All rounds, newest opening first."""
    with db.read() as work:
        return [round_row(each) for each in work.rounds.all()]


def round_row(round_: Round) -> Json:
    start, end = round_.span
    return {
        "round": round_.id,
        "title": round_.title("sv"),
        "state": str(round_.state),
        "period_start": start.isoformat(),
        "period_end": end.isoformat(),
        "opens_at": instant(round_.opens_at),
        "due_at": {str(kind): instant(at) for kind, at in sorted(round_.due_at.items())},
        "closes_at": instant(round_.closes_at),
        "confirmed": round_.confirmed,
        "links": str(round_.links),
        "opened_at": instant(round_.opened_at),
        "closed_at": instant(round_.closed_at),
        "editions": round_.editions,
    }


def current_round(db: Database) -> str:
    """The round one means when one names none: the newest open, else the newest that has opened, else any.

    Raises NoRoundError.
    """
    with db.read() as work:
        rounds = work.rounds.all()
    for wanted in ({RoundState.OPEN}, {RoundState.CLOSED, RoundState.BUNDLED}, set(RoundState)):
        for each in rounds:
            if each.state in wanted:
                return each.id
    raise NoRoundError


# --- units in a round --------------------------------------------------------


def status_document(db: Database, round_id: str, *, calendar: Calendar, now: datetime) -> Json:
    """How every unit stands, in Swedish order. Raises UnknownRoundError."""
    view = overview(db, round_id, calendar=calendar, now=now)
    return {
        "round": round_id,
        "title": view.round.title("sv"),
        "state": str(view.round.state),
        "as_of": instant(now),
        "counts": _counts(view.overview),
        "units": [status_row(row) for row in view.overview.rows],
    }


def _counts(found: Overview) -> dict[str, int]:
    states = {str(state): count for state, count in found.counts.items()}
    return {"units": len(found.rows), **states, "overdue": len(found.overdue)}


def status_row(row: Row) -> Json:
    """One unit. `days_late` counts working days: running while it owes, stamped once it has come in."""
    submission, contact = row.submission, row.contact
    return {
        "unit": submission.unit,
        "name": submission.unit_name,
        "kind": str(submission.kind),
        "state": str(submission.state),
        "answered": submission.answered,
        "questions": submission.questions,
        "due_at": instant(submission.due_at),
        "extended": submission.extended,
        "days_late": row.late_days,
        "is_overdue": row.is_overdue,
        "received_at": instant(submission.received_at),
        "edition": submission.edition,
        "last_sign": instant(row.last_sign),
        "contact": {"name": contact.name, "email": contact.email} if contact else None,
        "next_mail": {"kind": str(row.next_mail.kind), "at": instant(row.next_mail.at)} if row.next_mail else None,
        "undelivered": list(row.undelivered),
    }


def find_submission(db: Database, round_id: str, unit: str) -> Submission:
    """The unit's submission. Raises UnknownRoundError, RoundNotOpenedError, UnknownUnitError (saying what is meant)."""
    with db.read() as work:
        round_ = work.rounds.get(round_id)
        submissions = {each.id: each for each in work.submissions.of_round(round_id)}
    if not submissions:
        raise RoundNotOpenedError(round=round_.id)
    found = submissions.get(submission_id(round_id, unit))
    if found is None:
        raise UnknownUnitError(unit=unit, hint=meant(unit, [each.unit for each in submissions.values()]))
    return found


def meant(unit: str, known: Collection[str]) -> object:
    """The unit that was probably meant, as a sentence to hang on an error; "" when none is near."""
    near = get_close_matches(unit.strip().casefold(), known, n=1)
    return say(" Menade du {near}?", near=near[0]) if near else ""


def submission_document(db: Database, submission_id: str) -> Json:
    """One submission as a coordinator may see it: what was handed in, whole, and its mails. Raises NotFoundError."""
    view = submission_view(db, submission_id)
    submission = view.submission
    asked = view.round.form.asked(submission.kind, submission.unit)
    return {
        "round": submission.round,
        "unit": submission.unit,
        "name": submission.unit_name,
        "kind": str(submission.kind),
        "state": str(submission.state),
        "answered": submission.answered,
        "questions": submission.questions,
        "due_at": instant(submission.due_at),
        "received_at": instant(submission.received_at),
        "days_late": submission.late_days,
        "diary_number": submission.diary_number,
        "reason": submission.reason,
        "comments": dict(submission.comments),
        "decided_by": submission.decided_by,
        "decided_at": instant(submission.decided_at),
        "contacts": [
            {"role": each.role, "name": each.name, "email": each.email, "invited": bool(each.invited_by)}
            for each in view.recipients
        ],
        "editions": [_edition(edition, asked) for edition in view.editions],
        "mails": [mail_row(message) for message in view.messages],
    }


def _edition(edition: Edition, asked: QuestionSet) -> Json:
    return {
        "edition": edition.number,
        "received_at": instant(edition.received_at),
        "days_late": edition.late_days,
        "sha256": edition.sha256,
        "answers": [
            {"question": each.key, "number": each.number, "text": each.text, **_answer(edition.answers.get(each.key))}
            for each in asked.questions
        ],
        "attachments": [
            {"name": each.name, "kind": each.kind, "bytes": each.size, "sha256": each.sha256} for each in edition.files
        ],
    }


def attachment_rows(submission: Submission, editions: Iterable[Edition]) -> list[Json]:
    """The files that came in with these editions; `sealed` are those that the unit may still take back unread."""
    return [
        {
            "edition": edition.number,
            "place": place,
            "name": file.name,
            "kind": file.kind,
            "bytes": file.size,
            "sha256": file.sha256,
            "sealed": submission.is_sealed(edition.number),
        }
        for edition in editions
        for place, file in enumerate(edition.files, start=1)
    ]


def _answer(answer: Answer | None) -> Json:
    return {
        "answer": answer.text if answer and not answer.not_applicable else "",
        "not_applicable": bool(answer and answer.not_applicable),
        "na_reason": answer.na_reason if answer else "",
    }


# --- mails -------------------------------------------------------------------


def mail_rows(db: Database, round_id: str = "", states: Collection[MessageState] = ()) -> list[Json]:
    """The ledger, oldest due first; of one round, or of all. Raises UnknownRoundError."""
    with db.read() as work:
        if round_id:
            work.rounds.get(round_id)
        return [mail_row(message) for message in work.outbox.list(round_id=round_id, states=states)]


def mail_row(message: Message) -> Json:
    return {
        "id": message.id,
        "round": message.round,
        "unit": message.submission.removeprefix(f"{message.round}."),
        "kind": str(message.kind),
        "slot": message.slot,
        "state": str(message.state),
        "reason": message.reason,
        "to": message.to_email,
        "copies": list(message.copies),
        "due_at": instant(message.due_at),
        "sent_at": instant(message.sent_at),
        "attempts": message.attempts,
    }


def find_mail(db: Database, start: str) -> str:
    """The id of the one mail that begins so. Raises NotFoundError, AmbiguousIdError."""
    with db.read() as work:
        found = work.standings.mail_ids(start.lower(), limit=2) if start else ()
    if not found:
        raise NotFoundError(what=start)
    if len(found) > 1:
        raise AmbiguousIdError(start=start)
    return found[0]


def mail_document(db: Database, message_id: str) -> Json:
    """One mail with every try to hand it over; the personal link's secret is not in it. Raises NotFoundError."""
    with db.read() as work:
        message = work.outbox.get(message_id)
        attempts = work.outbox.attempts(message_id)
    frozen = message.frozen
    return {
        **mail_row(message),
        "reply": message.reply,
        "subject": frozen.subject if frozen else "",
        "text": masked(frozen.text) if frozen else "",
        "message_id": frozen.message_id if frozen else "",
        "attachments": [each.name for each in frozen.attachments] if frozen else [],
        "tries": [_attempt(attempt) for attempt in attempts],
    }


def _attempt(attempt: Attempt) -> Json:
    return {
        "number": attempt.number,
        "outcome": str(attempt.outcome),
        "phase": str(attempt.phase),
        "code": attempt.code,
        "text": attempt.text,
        "started_at": instant(attempt.started_at),
        "ended_at": instant(attempt.ended_at),
    }


# --- register and accounts ---------------------------------------------------


def unit_rows(db: Database) -> list[Json]:
    """The register, one row per unit with the columns of units.csv, and `contacts` with everybody in every role."""
    roster = roster_of(db)
    people = by_unit(roster.contacts)
    return [
        {**row, "contacts": [contact_row(each) for each in people.get(unit, ())]} for unit, row in sheet(roster).items()
    ]


def contact_row(contact: Contact) -> Json:
    """One contact in the register, with the days between which they are the right one."""
    return {
        "role": str(contact.role),
        "name": contact.name,
        "email": contact.email,
        "phone": contact.phone,
        "language": contact.language,
        "valid_from": contact.valid_from.isoformat() if contact.valid_from else None,
        "valid_to": contact.valid_to.isoformat() if contact.valid_to else None,
        "undeliverable_since": instant(contact.undeliverable_since),
    }


def account_rows(db: Database) -> list[Json]:
    """Who may log in; never a password's hash."""
    with db.read() as work:
        return _accounts(work.access.accounts())


def _accounts(accounts: Iterable[Account]) -> list[Json]:
    return [
        {
            "email": each.email,
            "name": each.name,
            "language": each.language,
            "one_time": each.once,
            "digest": each.digest,
        }
        for each in accounts
    ]
