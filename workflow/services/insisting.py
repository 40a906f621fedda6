"""An exchange that failed is made again in parts: nothing was written, and what was heard is written nowhere else.

The results come first, by themselves and for as long as it may take. Each marker follows by itself: if it was the unit
of one that somebody held, only that one stays behind.
"""

from collections.abc import Sequence
from itertools import count
from typing import Final

from workflow.domain.channel import ChannelState
from workflow.domain.messages import Message
from workflow.ports import Meanwhile, nothing_else
from workflow.services.exchange import Exchanged, exchange
from workflow.services.landing import Landing
from workflow.services.mailroom import Mailroom
from workflow.services.writing import Written

_ENOUGH: Final = 3  # that could not be marked: it is not about them, and the others' servers wait


def exchange_by_all_means(
    room: Mailroom,
    landing: Landing,
    prepared: Sequence[Written],
    *,
    seen: ChannelState,
    rest: Sequence[Message],
    meanwhile: Meanwhile = nothing_else,
) -> Exchanged:
    """`exchange`, which raises only where the results cannot be written."""
    try:
        return exchange(room, landing, prepared, seen=seen, rest=rest, meanwhile=meanwhile)
    except Exception:  # noqa: BLE001 - whatever it is, it is met again where it matters
        is_shut = bool(landing.all) and _write(room, landing, seen=seen, rest=rest)
        return _mark(room, prepared, seen=seen, is_shut=is_shut)


def _write(room: Mailroom, landing: Landing, *, seen: ChannelState, rest: Sequence[Message]) -> bool:
    """Whether the way out is shut by these results."""
    for tries in count():
        try:
            return exchange(room, landing, (), seen=seen, rest=rest).is_shut
        except Exception as error:
            if not room.waits_out(error, tries):
                raise
    raise AssertionError


def _mark(room: Mailroom, prepared: Sequence[Written], *, seen: ChannelState, is_shut: bool) -> Exchanged:
    marked: list[Message | None] = []
    failed: list[Exception] = []
    for each in prepared:
        if len(failed) == _ENOUGH:
            marked.append(each.message)
            continue
        try:
            marked += exchange(room, Landing(), [each], seen=seen, rest=()).marked
        except Exception as error:  # noqa: BLE001 - it stays behind; the others go
            failed.append(error)
            marked.append(each.message)
    is_broken = failed and len(failed) in {_ENOUGH, len(prepared)}
    return Exchanged(marked, is_shut, broken=failed[-1] if is_broken else None)
