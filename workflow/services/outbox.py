"""Sending: claim, freeze, hand over with a marker just before the final dot, and say what became of it.

The states and every crash between them are those of the ledger (domain/messages.py): what is before the marker may be
tried again, what is after it is never resent by itself.
"""

from dataclasses import dataclass
from datetime import datetime

from workflow.domain.audit import Event
from workflow.domain.calendar import Calendar
from workflow.domain.errors import StaleWriteError
from workflow.domain.messages import WINDOWED, Attempt, Enclosure, Frozen, Message, MessageKind, why_untrue
from workflow.domain.people import Office
from workflow.domain.rounds import Round
from workflow.domain.submissions import Submission
from workflow.ports import (
    CalendarEntry,
    Channel,
    Clock,
    Database,
    Documents,
    Envelopes,
    Handover,
    Outcome,
    Postman,
    Renderer,
    Secrets,
    Work,
)
from workflow.services.letters import Situation, compose, link_url
from workflow.services.rounds import SYSTEM
from workflow.services.sheets import form_sheet

BATCH = 20
WITH_ENTRY = frozenset({MessageKind.INVITATION, MessageKind.EXTENSION, MessageKind.RETURNED})
"""Mails that tell of a (new) last day carry it as a calendar entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailroom:
    """The doors that sending needs."""

    db: Database
    clock: Clock
    postman: Postman
    renderer: Renderer
    envelopes: Envelopes
    documents: Documents
    secrets: Secrets
    calendar: Calendar
    office: Office


@dataclass(frozen=True, slots=True)
class Tally:
    """How many were handed over, and how many ended otherwise."""

    sent: int = 0
    other: int = 0


def deliver(room: Mailroom) -> Tally:
    """Send what is due, in batches over one connection, until nothing is. Safe in any number of workers at once."""
    recover(room.db, now=room.clock.now())
    sent = other = 0
    while batch := _claim(room):
        with room.postman.connect() as channel:
            for message in batch:
                accepted = _send(room, channel, message)
                sent, other = sent + accepted, other + (not accepted)
    return Tally(sent, other)


def recover(db: Database, *, now: datetime) -> int:
    """Take over what a dead worker left: before the marker it is planned again, after it it is `unknown`."""
    with db.begin() as work:
        expired = work.outbox.expired(now, limit=BATCH)
        for message in expired:
            after = message.recover()
            if work.outbox.change(message, after):
                _log(work, f"message.{after.state}", after, now)
        return len(expired)


def _claim(room: Mailroom) -> tuple[Message, ...]:
    """Claim up to a batch of what is due, true and inside its window; render what is claimed for the first time."""
    now = room.clock.now()
    claimed = []
    with room.db.begin() as work:
        for message in work.outbox.due(now, limit=BATCH):
            # Read without a lock: whoever submits holds the submission and waits for these rows. The marker asks again.
            submission = work.submissions.get(message.submission)
            round_ = work.rounds.get(message.round)
            if why := _why_untrue(message, submission, round_):
                _cancel(work, message, why, now)
            elif message.is_reminder and now > message.give_up_at:
                work.outbox.change(message, message.skip("too_late"))
                _log(work, "message.skipped", message, now)
            elif message.kind in WINDOWED and not room.calendar.in_window(now):
                work.outbox.change(message, message.postpone(room.calendar.next_window(now)))
            elif ready := _claim_or_fail(room, work, _Case(message, submission, round_, now)):
                claimed.append(ready)
    return tuple(claimed)


@dataclass(frozen=True, slots=True)
class _Case:
    """A due mail and what it is about, as read in the claiming transaction."""

    message: Message
    submission: Submission
    round: Round
    now: datetime


def _claim_or_fail(room: Mailroom, work: Work, case: _Case) -> Message | None:
    """One mail that cannot be written (a broken template, an impossible address) never stops the others."""
    try:
        return _claim_one(room, work, case)
    except Exception as broken:  # noqa: BLE001 - whatever a site's own template may raise
        work.outbox.change(case.message, case.message.failed(f"{type(broken).__name__}: {broken}"))
        _log(work, "message.failed", case.message, case.now, why=type(broken).__name__)
        return None


def _claim_one(room: Mailroom, work: Work, case: _Case) -> Message | None:
    message, now = case.message, case.now
    frozen = message.frozen or _freeze(room, work, case)
    local_day = room.calendar.local(now).date().isoformat()
    after = message.claim(now).freeze(frozen, local_day=local_day)
    try:
        return after if work.outbox.change(message, after) else None
    except StaleWriteError:  # the second belt: this person has had a reminder about this today
        work.outbox.change(message, message.skip("one_a_day"))
        _log(work, "message.skipped", message, now)
        return None


def _freeze(room: Mailroom, work: Work, case: _Case) -> Frozen:
    message, now = case.message, case.now
    editions = work.editions.of(case.submission.id)
    situation = Situation(
        message=message,
        round=case.round,
        submission=case.submission,
        edition=editions[-1] if editions else None,
        office=room.office,
        calendar=room.calendar,
        now=now,
    )
    words = room.renderer.render(compose(situation))
    return Frozen(
        subject=words.subject,
        text=words.text,
        html=words.html,
        sender_name=room.office.sender_name,
        sender_email=room.office.sender_email,
        to_name=message.to_name,
        to_email=message.to_email,
        copies=message.copies,
        message_id=f"<{message.id}@{room.office.mail_domain}>",
        date=now,
        kind=message.kind,
        attachments=_enclosures(room, work, situation, words.subject),
    )


def _enclosures(room: Mailroom, work: Work, at: Situation, subject: str) -> tuple[Enclosure, ...]:
    found = []
    if at.message.kind in WITH_ENTRY:
        entry = CalendarEntry(
            uid=f"{at.submission.id}@{room.office.mail_domain}",
            sequence=at.submission.deadline_revision,
            summary=subject,
            description=at.submission.unit_name,
            url=room.office.base_url,
            due_at=at.submission.due_at,
            stamp=at.now,
            organizer_name=room.office.sender_name,
            organizer_email=room.office.sender_email,
        )
        found.append(room.envelopes.calendar_entry(entry))
    if at.message.kind is MessageKind.INVITATION:
        recipients = {each.id: each for each in work.recipients.of(at.submission.id)}
        sheet = form_sheet(
            at.round,
            at.submission,
            recipients.get(at.message.recipient),
            answers={},
            office=room.office,
            calendar=room.calendar,
        )
        media = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        name = f"{at.round.id}-{at.submission.unit}.docx"
        found.append(Enclosure(name=name, media_type=media, content=room.documents.word_form(sheet)))
    return tuple(found)


def _send(room: Mailroom, channel: Channel, message: Message) -> bool:
    """Hand one claimed mail over. The marker is a transaction of its own, committed just before the dot."""
    if message.frozen is None:
        raise ValueError(message.id)  # a claim always freezes
    started = room.clock.now()
    secret = room.secrets.link_secret(message.link) if message.link else ""
    data = room.envelopes.assemble(message.frozen, secret=secret)
    marked: list[Message] = []

    def before_dot() -> bool:
        handing = _mark(room, message)
        marked.extend(filter(None, [handing]))
        return handing is not None

    result = channel.hand_over(
        message.frozen.sender_email,
        (message.to_email, *(_address(copy) for copy in message.copies)),
        data,
        before_dot=before_dot,
    )
    _finish(room, marked[0] if marked else message, result, started)
    return result.outcome is Outcome.ACCEPTED


def _mark(room: Mailroom, message: Message) -> Message | None:
    """sending → handing, if it is still true and still ours: state and deadline are read again under lock."""
    now = room.clock.now()
    with room.db.begin() as work:
        submission = work.submissions.get(message.submission, lock=True)
        if why := _why_untrue(message, submission, work.rounds.get(message.round)):
            _cancel(work, message, why, now)
            return None
        handing = message.hand(now)
        if not work.outbox.change(message, handing):
            return None  # the lease was lost; whoever has it now decides
        _log(work, "message.handing", handing, now)
        return handing


def _finish(room: Mailroom, message: Message, result: Handover, started: datetime) -> None:
    now = room.clock.now()
    after = _after(message, result, now)
    with room.db.begin() as work:
        work.outbox.note(
            Attempt(
                message=message.id,
                number=message.attempts,
                phase=result.phase,
                outcome=result.outcome,
                code=result.code,
                text=result.text,
                started_at=started,
                ended_at=now,
            )
        )
        if after is None:
            return
        stands = work.outbox.change(message, after)
        _log(work, f"message.{after.state}" if stands else "message.stale_result", after, now)


def _after(message: Message, result: Handover, now: datetime) -> Message | None:
    """What the result makes of the message; None where the marker's transaction has decided already."""
    why = f"{result.code or ''} {result.text}".strip()
    match result.outcome:
        case Outcome.ACCEPTED:
            return message.sent(now, why)
        case Outcome.UNKNOWN:
            return message.unknown(why or "connection_lost")
        case Outcome.REFUSED:
            return message.failed(why)
        case Outcome.RETRY:
            return message.retry(now, why)
        case Outcome.BLOCKED:
            return message.retry(now, why)  # the channel is at fault, not the mail: it waits its turn
        case Outcome.WITHDRAWN:
            return None


def send_again(db: Database, message_id: str, *, by: str, why: str, now: datetime) -> Message:
    """A person decides that a failed or unknown mail goes again: the same bytes, so that a copy can be recognised."""
    with db.begin() as work:
        message = work.outbox.get(message_id)
        again = message.again(now, why)
        if not work.outbox.change(message, again):
            raise StaleWriteError
        work.log.append(_event("message.again", again, now, by))
        return again


def skip(db: Database, message_id: str, *, by: str, why: str, now: datetime) -> Message:
    """A person decides that a planned mail does not go."""
    with db.begin() as work:
        message = work.outbox.get(message_id)
        skipped = message.skip(why)
        if not work.outbox.change(message, skipped):
            raise StaleWriteError
        work.log.append(_event("message.skipped", skipped, now, by))
        return skipped


def _why_untrue(message: Message, submission: Submission, round_: Round) -> str:
    return why_untrue(
        message,
        is_owed=submission.is_owed,
        state=submission.state,
        deadline_revision=submission.deadline_revision,
        round_state=round_.state,
    )


def _cancel(work: Work, message: Message, why: str, now: datetime) -> None:
    if work.outbox.change(message, message.cancel(why)):
        _log(work, "message.cancelled", message, now, why=why)


def _address(copy: str) -> str:
    """The bare address of a copy written as "Name <address>"."""
    return copy.rpartition("<")[2].rstrip(">").strip()


def _log(work: Work, kind: str, message: Message, now: datetime, **data: str | int) -> None:
    work.log.append(_event(kind, message, now, SYSTEM, **data))


def _event(kind: str, message: Message, now: datetime, actor: str, **data: str | int) -> Event:
    return Event(
        kind=kind,
        actor=actor,
        at=now,
        round=message.round,
        submission=message.submission,
        message=message.id,
        data={"mail": message.kind, "slot": message.slot, **data},
    )


__all__ = ["Mailroom", "Tally", "deliver", "link_url", "recover", "send_again", "skip"]
