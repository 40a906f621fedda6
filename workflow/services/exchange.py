"""One transaction for what was heard and for what goes next: results recorded, markers written.

That they share a commit changes no truth. Killed before it, a mail whose reply was heard is `handing` still and becomes
`unknown`, as if its own recording had been cut short; a mail that waits for its marker is `sending`, its dot has never
left, and it is planned again. Killed after it, the first is recorded, and the second is `handing` without a dot:
`unknown`, as after any marker. They are about different mails, and neither is decided by the other; where a marker is
torn, the whole transaction is made again without it.

The locks come in the order that everybody keeps: the way out, the units, the mails, the register, the
log.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from workflow.domain.channel import ChannelState
from workflow.domain.messages import Message
from workflow.ports import Meanwhile, Work, nothing_else
from workflow.services.company import Pair, after_all
from workflow.services.landing import Landing, decide_results, log_results, note_attempts, put_back, settle_channel
from workflow.services.mailroom import Mailroom
from workflow.services.markers import TornError, decide_markers, log_markers
from workflow.services.nobody import hold_units, turn_from_nobody
from workflow.services.writing import Written


@dataclass(frozen=True, slots=True)
class Exchanged:
    """`marked`: each lead that waited as it is now, None where it was ours no more; whoever has it now decides.

    One that could not be marked is `sending` still; its lease runs out. `broken`: why it went so with several, or all.
    """

    marked: Sequence[Message | None]
    is_shut: bool
    broken: Exception | None = None


def exchange(
    room: Mailroom,
    landing: Landing,
    prepared: Sequence[Written],
    *,
    seen: ChannelState,
    rest: Sequence[Message],
    meanwhile: Meanwhile = nothing_else,
) -> Exchanged:
    """Write what was heard, and the markers of what is with its server but for the dot."""
    now = room.clock.now()
    torn: frozenset[str] = frozenset()
    while True:
        try:
            with room.db.begin(meanwhile) as work:
                shut = settle_channel(work, landing, seen=seen, rest=rest, now=now)
                hold_units(work, landing.landed, prepared)
                put_back(work, rest if shut else (), now)
                markers = decide_markers(room, work, prepared, torn=torn, now=now)
                results = decide_results(landing.all, shut, now)
                note_attempts(work, landing.all, now)
                stands = _change(work, [*(group for _, group in results), *markers])
                for (flown, group), mine in zip(results, stands, strict=False):
                    log_results(work, flown, group, mine, now)
                turn_from_nobody(room, work, zip(results, stands, strict=False), now)
                stands = stands[len(results) :]
                for group, mine in zip(markers, stands, strict=True):
                    log_markers(room, work, group, mine, now)
            marked = [after_all(group) if mine[0] else None for group, mine in zip(markers, stands, strict=True)]
            return Exchanged(marked, is_shut=bool(shut))
        except TornError as found:  # nothing was written
            torn |= {found.lead}


def _change(work: Work, groups: Sequence[Sequence[Pair]]) -> list[list[bool]]:
    """Per row of each group whether it was written."""
    flat = iter(work.outbox.change_all([pair for group in groups for pair in group]))
    return [[next(flat) for _ in group] for group in groups]
