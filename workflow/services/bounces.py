"""A mail of ours that came back: what was unknown is settled, the address marked, and the deputy gets it instead."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from workflow.domain.addressing import address_of, copied
from workflow.domain.audit import Event
from workflow.domain.incoming import DeliveryReport, IncomingMail
from workflow.domain.messages import (
    BY_HAND,
    COPIES,
    INSTEAD_OF,
    NOTE,
    OF_ONE_PERSON,
    Message,
    MessageKind,
    MessageState,
    why_untrue,
)
from workflow.domain.people import ANSWERING, fold_address
from workflow.domain.submissions import Recipient, Submission
from workflow.ports import Secrets, Work
from workflow.services.intended import make_message
from workflow.services.mailroom import log_message
from workflow.services.matching import people_at
from workflow.services.rounds import SYSTEM

BOUNCED: Final = "bounced"
DELIVERED: Final = "delivered"
_OF_THE_READER: Final = OF_ONE_PERSON | {MessageKind.HANDOVER, MessageKind.HANDED_OVER}
"""What would be untrue for anybody else."""
_NOT_FOR_OTHERS: Final = frozenset({BY_HAND, NOTE, COPIES})
_ENDED_UNSENT: Final = frozenset({MessageState.CANCELLED, MessageState.SKIPPED, MessageState.FAILED})


def failed_report(mail: IncomingMail, action: str = "failed") -> DeliveryReport | None:
    return next((each for each in mail.reports if each.action == action), None)


def bounced_address(message: Message, report: DeliveryReport) -> str:
    """Whom it did not reach. A server may name an address that ours was forwarded to: that of the only reader then.

    "" where it may have been any of several.
    """
    copies = message.frozen.copies if message.frozen else message.copies
    readers = {fold_address(each): each for each in (message.to_email, *map(address_of, copies))}
    named = readers.get(fold_address(report.recipient))
    return named or (message.to_email if len(readers) == 1 else "")


def settle(work: Work, message: Message, *, delivered: bool, now: datetime) -> bool:
    """What nobody knew the fate of is known now, for each unit that the mail told of. True where that was so."""
    settled = False
    for row in (message, *work.outbox.told_by([message.id]).get(message.id, ())):
        if row.state is not MessageState.UNKNOWN:
            continue
        after = row.sent(now, DELIVERED) if delivered else row.failed(BOUNCED)
        if work.outbox.change(row, after):
            log_message(work, "message.resolved" if delivered else "message.bounced", after, now)
            settled = True
    return settled


def mark_address(work: Work, message: Message, address: str, *, now: datetime) -> None:
    """In the register, wherever it stands there."""
    if address and work.people.mark_undeliverable(address, now):
        data = {"mail": str(message.kind)}
        event = Event(
            kind="address.undeliverable",
            actor=SYSTEM,
            at=now,
            round=message.round,
            submission=message.submission,
            message=message.id,
            data=data,
        )
        work.log.append(event)


def told_of(work: Work, message: Message) -> tuple[Message, ...]:
    """A mail's own row, and those of the other units that it told of."""
    return (message, *work.outbox.told_by([message.id]).get(message.id, ()))


def turn_to_deputy(
    work: Work,
    rows: Sequence[Message],
    address: str,
    *,
    refused: Collection[str] = (),
    secrets: Secrets,
    now: datetime,
) -> int:
    """The same mail to whoever is next to answer for the unit, for each unit it told of. Gives how many were planned.

    Whoever was to have a copy has one of this mail too, if their address works. `rows` are those of one mail. `refused`
    are addresses that its server would not have: then nobody got it, not even a copy. Not where it was only a copy that
    did not arrive, nobody is next, they have had it, or it has become untrue.
    """
    rows = [each for each in rows if each.kind not in _OF_THE_READER and each.submission]
    if not rows or fold_address(address) != rows[0].address:
        return 0
    submissions = work.submissions.several({each.submission for each in rows})
    return sum(_turn(work, row, submissions[row.submission], refused=refused, secrets=secrets, now=now) for row in rows)


def _turn(
    work: Work, row: Message, submission: Submission, *, refused: Collection[str], secrets: Secrets, now: datetime
) -> int:
    people = work.recipients.of(submission.id)
    bounced = next((each for each in people if each.id == row.recipient), None)
    if bounced is None or bounced.role not in ANSWERING:
        return 0
    deputy = _next(work, row, people, refused, now)
    round_state = work.rounds.get(submission.round).state
    if deputy is None or why_untrue(replace(row, right_until=None), submission, round_state=round_state, now=now):
        return 0
    links = work.recipients.links_of(submission.id)
    link = next((each.id for each in links if each.recipient == deputy.id and each.is_valid(now)), "")
    meant = copied(people, row.detail.get(COPIES, "").split(","), deputy, now)
    gone = {row.address, *map(fold_address, refused)}
    copies = [each for each in meant if not each.is_unreachable and fold_address(each.email) not in gone]
    fresh = make_message(
        submission,
        deputy,
        link=link,
        kind=row.kind,
        slot=row.slot,
        secrets=secrets,
        due_at=now,
        now=now,
        copies=copies,
        detail=_detail(row, bounced, copies),
    )
    give_up_at = row.give_up_at if row.is_reminder else fresh.give_up_at
    planned = work.outbox.plan([replace(fresh, deadline_revision=row.deadline_revision, give_up_at=give_up_at)])
    if planned:
        log_message(work, "message.turned_to_deputy", row, now, recipient=deputy.id)
    return planned


def _detail(row: Message, bounced: Recipient, copies: Iterable[Recipient]) -> dict[str, str]:
    """The letter names those roles that it does go to."""
    kept = {key: value for key, value in row.detail.items() if key not in _NOT_FOR_OTHERS}
    roles = {COPIES: ",".join(dict.fromkeys(each.role for each in copies))} if copies else {}
    return kept | roles | {INSTEAD_OF: bounced.name}


def _next(
    work: Work, row: Message, people: Iterable[Recipient], refused: Collection[str], now: datetime
) -> Recipient | None:
    """First choice first, without whoever has had this mail, and without addresses that do not work."""
    rows = work.outbox.of_submission(row.submission)
    same = [each for each in rows if _same_mail(each, row) and each.state not in _ENDED_UNSENT]
    had = {each.address for each in (*same, row)}
    arrived = same if refused else (*same, row)
    had |= {fold_address(address_of(copy)) for each in arrived for copy in each.copies}
    asked = (each for each in people if each.is_right(now) and not each.invited_by)
    right = [each for each in asked if fold_address(each.email) not in had]
    gone = {fold_address(each) for each in refused}
    ordered = (each for role in ANSWERING for each in right if each.role == role)
    return next((each for each in ordered if not each.is_unreachable and fold_address(each.email) not in gone), None)


def _same_mail(one: Message, other: Message) -> bool:
    return (one.kind, one.slot, one.deadline_revision) == (other.kind, other.slot, other.deadline_revision)


def reached(people: Iterable[Recipient], address: str) -> str:
    """The id of the one whose address it is, "" for nobody's."""
    return next((each.id for each in people_at(people, address)), "")
