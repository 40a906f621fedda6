"""A server that says at once that nobody has an address: what a bounce would do follows with the result itself."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from workflow.domain.messages import Message
from workflow.domain.people import fold_address
from workflow.ports import Work
from workflow.services.bounces import mark_address, turn_to_deputy
from workflow.services.company import Pair
from workflow.services.landing import Flown
from workflow.services.mailroom import Mailroom
from workflow.services.refused_copies import note_left_out
from workflow.services.writing import Written

Result = tuple[tuple[Flown, Sequence[Pair]], Sequence[bool]]
"""A flight with what becomes of its rows, and per row whether it was written."""


def hold_units(work: Work, landed: Iterable[Flown], prepared: Iterable[Written]) -> None:
    """Only where a mail turns to somebody else: nobody hands in meanwhile.

    Those of the markers at once with them, in one order: two workers never wait for each other.
    """
    turning = [each.message for each in landed if each.result.nobody]
    if turning:
        mails = [*turning, *(each.message for each in prepared)]
        rows = [row for each in mails for row in (each, *each.company)]
        work.submissions.several({each.submission for each in rows if each.submission}, lock=True)


def turn_from_nobody(room: Mailroom, work: Work, results: Iterable[Result], now: datetime) -> None:
    """The address is marked, and each unit's next in turn gets the mail. Rows that another has taken over are theirs.

    Of those in copy who were left out the coordinators are told. All mails before the register: that is the order of
    locks.
    """
    ours = [(flown, rows) for (flown, group), mine in results if (rows := _ours(group, mine))]
    for flown, rows in ours:
        note_left_out(work, flown, rows, secrets=room.secrets, now=now)
    turning = [(flown, rows) for flown, rows in ours if flown.result.nobody]
    refused = {address for flown, _ in turning for address in flown.result.nobody}
    for flown, rows in turning:
        if _is_reader_refused(flown):
            turn_to_deputy(work, rows, flown.message.to_email, refused=refused, secrets=room.secrets, now=now)
    for flown, _ in turning:
        for address in flown.result.nobody:
            mark_address(work, flown.message, address, now=now)


def _is_reader_refused(flown: Flown) -> bool:
    """And not merely somebody in copy: the mail goes without them."""
    return flown.message.address in map(fold_address, flown.result.nobody)


def _ours(group: Sequence[Pair], mine: Sequence[bool]) -> list[Message]:
    return [after for (_, after), stands in zip(group, mine, strict=True) if stands] if mine[0] else []
