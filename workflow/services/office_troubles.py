"""Mails about no unit that did not arrive: to coordinators, and the yearly question; those that still matter."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from workflow.domain.messages import TO_OFFICE, UNDELIVERED, Message, MessageKind, MessageState
from workflow.ports import Work

TOLD_FOR: Final = timedelta(days=7)
"""How long it is told that a coordinator's mail failed: the next one soon says whether the address works."""
LOOKS_BACK: Final = timedelta(days=120)
_ENDED: Final = frozenset({MessageState.SENT, *UNDELIVERED})


def troubled_mails(work: Work, now: datetime) -> tuple[Message, ...]:
    """The newest to each address, where it did not arrive or nobody knows; oldest first.

    A question whether the register is right matters while the register has the address and nobody has answered it.
    """
    rows = work.outbox.about_no_unit(now - LOOKS_BACK)
    groups = (TO_OFFICE, {MessageKind.DETAILS_REFUSED})
    told = (one for kinds in groups for one in _newest(each for each in rows if each.kind in kinds))
    office = [each for each in told if each.due_at > now - TOLD_FOR]
    asked = _newest(each for each in rows if each.kind is MessageKind.DETAILS_CHECK)
    found = [*office, *(each for each in asked if _is_asked_still(work, each))]
    return tuple(sorted(found, key=lambda each: each.due_at))


def _newest(rows: Iterable[Message]) -> list[Message]:
    """Of those that ended at the server; only the troubled. A person who wants nothing more done has skipped it."""
    last = {each.address: each for each in rows if each.state in _ENDED}
    return [each for each in last.values() if each.state in UNDELIVERED]


def _is_asked_still(work: Work, message: Message) -> bool:
    check = work.details.checks({message.link}).get(message.link)
    return check is not None and not check.said and bool(work.people.at({message.address}))
