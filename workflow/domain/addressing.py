"""Whom a mail goes to, and who gets a copy: always the people who are right at that moment."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from workflow.domain.calendar import Calendar
from workflow.domain.messages import Message
from workflow.domain.people import ANSWERING, Role, fold_address
from workflow.domain.reminders import Audience
from workflow.domain.submissions import Recipient


def addressee(recipients: Iterable[Recipient], at: datetime, audience: Audience = Audience.CONTACT) -> Recipient | None:
    """The contact person, while there is none a deputy, then the function mailbox; or exactly the one meant.

    Whoever can be reached comes before those whose mail comes back; where nobody can, it is as if all could.
    """
    roles = ANSWERING if audience is Audience.CONTACT else (Role(audience.value),)
    right = [recipient for recipient in recipients if recipient.is_right(at) and not recipient.invited_by]
    ordered = [recipient for role in roles for recipient in right if recipient.role == role]
    return next((each for each in ordered if not each.is_unreachable), ordered[0] if ordered else None)


def passed_over(recipients: Iterable[Recipient], to: Recipient, at: datetime) -> tuple[Recipient, ...]:
    """Those who would have had a unit's mails before `to`, if mail did not come back from their addresses."""
    if to.is_unreachable or to.role not in ANSWERING:
        return ()
    first = ANSWERING[: ANSWERING.index(Role(to.role)) + 1]
    right = (each for each in recipients if each.is_right(at) and not each.invited_by)
    return tuple(each for each in right if each.is_unreachable and each.role in first)


def unreachable(recipients: Iterable[Recipient], to: Recipient | None, at: datetime) -> tuple[Recipient, ...]:
    """Those of a unit from whom mail comes back and who are, or would be, the one it goes to."""
    if to is None:
        return ()
    return (to,) if to.is_unreachable else passed_over(recipients, to, at)


def copied(
    recipients: Iterable[Recipient], roles: Collection[str], to: Recipient, at: datetime
) -> tuple[Recipient, ...]:
    """Those in these roles who are right at that moment, each person once and not the one it goes to."""
    found = {fold_address(to.email): to}
    for each in recipients:
        if each.role in roles and each.id != to.id and each.is_right(at) and not each.invited_by:
            found.setdefault(fold_address(each.email), each)
    return tuple(found.values())[1:]


def as_copies(recipients: Iterable[Recipient]) -> tuple[str, ...]:
    """How the ledger writes them: name and address."""
    return tuple(f"{each.name} <{each.email}>" for each in recipients)


def all_copies(messages: Sequence[Message]) -> tuple[str, ...]:
    """Everybody in copy of a mail that these rows make, each person once."""
    by_address = {fold_address(address_of(copy)): copy for each in messages for copy in each.copies}
    to = messages[0].address if len(messages) > 1 else ""
    return tuple(copy for address, copy in by_address.items() if address != to)


def address_of(copy: str) -> str:
    """The bare address of a copy written as "Name <address>"."""
    return copy.rpartition("<")[2].rstrip(">").strip()


def right_until(*recipients: Recipient) -> datetime | None:
    """When the first of them ceases to be the right one; None: never."""
    return min((each.ends_at for each in recipients if each.ends_at), default=None)


def first_reachable(recipients: Collection[Recipient], first: datetime, calendar: Calendar) -> datetime:
    """From `first` on, a moment of sending: the first at which somebody is there to read it; `first` if nobody is."""
    starts = sorted(each.starts_at for each in recipients if each.starts_at and each.starts_at > first)
    moments = (first, *(calendar.next_window(moment) for moment in starts))
    return next((moment for moment in moments if addressee(recipients, moment)), first)
