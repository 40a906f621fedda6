"""Who gets what, when and why: the mails of one unit in a round, as they have gone and as they would go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.domain.messages import Message, MessageKind, MessageState
from workflow.domain.reminders import Slot, due_by
from workflow.domain.rounds import Round, RoundState
from workflow.domain.submissions import Recipient, Submission

EXPECTED = "expected"
SUPPRESSED = "suppressed"
OPENING = "open"
NO_CONTACT = "no_contact"
ROUND_CLOSED = "round_closed"
_STOPPED = frozenset({MessageState.CANCELLED, MessageState.SKIPPED, MessageState.HELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedMail:
    """One mail, as it has gone or as it would go.

    `state` is the ledger's, or `expected`/`suppressed` for what is not in it yet. `slot` is the mail's reason (`open`,
    or T-5: five working days before the last day). `suppressed` says why it does not go, "" when it does.
    """

    unit: str
    unit_name: str
    kind: MessageKind
    slot: str
    at: datetime
    state: str
    to_name: str
    to_email: str
    copies: tuple[str, ...]
    suppressed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One unit in a round: `recipient` gets the mails (None: nobody can), `ledger` holds what is planned already."""

    round: Round
    submission: Submission
    recipient: Recipient | None
    others: Sequence[Recipient]
    ledger: Sequence[Message]
    slots: tuple[Slot, ...]


def preview(case: Case, *, invite_at: datetime, now: datetime) -> tuple[PreviewedMail, ...]:
    """Every mail of the case in time order, if from `now` on nobody does anything."""
    found = [_known(case, message) for message in case.ledger]
    if case.round.state is RoundState.PLANNED:
        opening = Slot(key=OPENING, offset=0, send_at=invite_at, mail=MessageKind.INVITATION, copies=())
        found.append(_expected(case, opening, "" if case.recipient else NO_CONTACT))
    found += [_expected(case, slot, why) for slot, why in _coming(case, now)]
    return tuple(sorted(found, key=lambda mail: mail.at))


def _coming(case: Case, now: datetime) -> Iterable[tuple[Slot, str]]:
    """The reminders that the ledger does not account for, each with why it would not go."""
    revision = case.submission.deadline_revision
    known = {each.slot for each in case.ledger if each.is_reminder and each.deadline_revision == revision}
    missed = dict(due_by(case.slots, known=known, due_at=case.submission.due_at, now=now).skip)
    blanket = _blanket(case)
    return [(slot, blanket or missed.get(slot, "")) for slot in case.slots if slot.key not in known]


def _blanket(case: Case) -> str:
    if case.recipient is None:
        return NO_CONTACT
    if not case.submission.is_owed:
        return str(case.submission.state)
    return "" if case.round.state in {RoundState.PLANNED, RoundState.OPEN} else ROUND_CLOSED


def _known(case: Case, message: Message) -> PreviewedMail:
    return PreviewedMail(
        unit=case.submission.unit,
        unit_name=case.submission.unit_name,
        kind=message.kind,
        slot=message.slot,
        at=message.sent_at or message.due_at,
        state=str(message.state),
        to_name=message.to_name,
        to_email=message.to_email,
        copies=message.copies,
        suppressed=message.reason if message.state in _STOPPED else "",
    )


def _expected(case: Case, slot: Slot, why: str) -> PreviewedMail:
    to = case.recipient
    return PreviewedMail(
        unit=case.submission.unit,
        unit_name=case.submission.unit_name,
        kind=slot.mail,
        slot=slot.key,
        at=slot.send_at,
        state=SUPPRESSED if why else EXPECTED,
        to_name=to.name if to else "",
        to_email=to.email if to else "",
        copies=tuple(f"{each.name} <{each.email}>" for each in case.others if each.role in slot.copies),
        suppressed=why,
    )
