"""What became of mails: every result judged, for the mail and for the way out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.domain.channel import ChannelState
from workflow.domain.messages import Attempt, Message, MessageState
from workflow.ports import Handover, Outcome, Work
from workflow.services import channel
from workflow.services.company import Pair, change_whole, whole
from workflow.services.mailroom import log_message


@dataclass(frozen=True, slots=True)
class Flown:
    """A mail as the ledger has it (`handing`, or `sending` still) and what the server made of it."""

    message: Message
    result: Handover
    started: datetime

    @property
    def why(self) -> str:
        return f"{self.result.code or ''} {self.result.text}".strip()


@dataclass(frozen=True, slots=True)
class Landing:
    """Results to be written. `doubted` speak against the way out, and nothing has shown since that it works."""

    landed: Sequence[Flown] = ()
    doubted: Sequence[Flown] = ()

    @property
    def all(self) -> tuple[Flown, ...]:
        return (*self.landed, *self.doubted)

    @property
    def works(self) -> bool:
        return any(channel.is_open(each.result) for each in self.landed)


def settle_channel(
    work: Work, landing: Landing, *, seen: ChannelState, rest: Sequence[Message], now: datetime
) -> list[Flown]:
    """Shut the way out, or open it again; gives those that shut it. `rest` is then to be put back.

    `seen` is the way out as it was known before. First thing in the transaction: the channel is locked before units.
    """
    shut = [each for each in landing.doubted if _is_shut_by(work, each, seen)]
    if shut:
        channel.shut(work, seen, shut[0].result, held=len(shut) + len(rest), now=now)
    elif seen.is_blocked and landing.works:
        channel.clear(work, now=now)
    return shut


def put_back(work: Work, rest: Sequence[Message], now: datetime) -> None:
    """Unharmed: none of them has been tried."""
    change_whole(work, [(each, each.put_back(now)) for each in rest])


def _is_shut_by(work: Work, flown: Flown, seen: ChannelState) -> bool:
    """Whether the way out is to blame, and not the mail: a server that took others since it refused this one last."""
    if channel.never_named(flown.result) or seen.is_blocked:
        return True
    tries = work.outbox.attempts(flown.message.id)
    return not (tries and tries[-1].outcome == Outcome.BLOCKED)


def decide_results(flown: Sequence[Flown], shut: Sequence[Flown], now: datetime) -> list[tuple[Flown, Sequence[Pair]]]:
    """What each result makes of its mail and the company; without those that the marker has decided about already."""
    held = {each.message.id for each in shut}
    afters = [(each, _after(each, now, is_shut=each.message.id in held)) for each in flown]
    return [(each, whole(each.message, after)) for each, after in afters if after is not None]


def note_attempts(work: Work, flown: Sequence[Flown], now: datetime) -> None:
    work.outbox.note(*(_attempt(each, now) for each in flown))


def log_results(work: Work, flown: Flown, group: Sequence[Pair], mine: Sequence[bool], now: datetime) -> None:
    for (before, after), stands in zip(group, mine, strict=True):
        if stands:
            log_message(work, f"message.{after.state}", after, now)
        else:
            _take_late_proof(work, before, flown, now)


def _after(flown: Flown, now: datetime, *, is_shut: bool) -> Message | None:
    """What the result makes of the message; None where the marker's transaction has decided already."""
    message, why = flown.message, flown.why
    if is_shut:
        return message.put_back(now, why=why, behind=True)
    match flown.result.outcome:
        case Outcome.WITHDRAWN:
            return None
        case Outcome.ACCEPTED:
            return message.sent(now, why)
        case Outcome.UNKNOWN:
            return message.unknown(why or "connection_lost")
        case Outcome.REFUSED:
            return message.failed(why)
        case Outcome.RETRY | Outcome.BLOCKED:
            return message.retry(now, why)


def _take_late_proof(work: Work, row: Message, flown: Flown, now: datetime) -> None:
    """Another has taken this row over. If nobody knew what became of it, a 250 that was read after all tells."""
    code = flown.result.code or 0
    if flown.result.outcome is Outcome.ACCEPTED:
        stored = work.outbox.get(row.id)
        if stored.state is MessageState.UNKNOWN and work.outbox.change(stored, stored.sent(now, flown.why)):
            log_message(work, "message.resolved", stored, now, code=code, reply=flown.result.text)
            return
    log_message(work, "message.stale_result", row, now, code=code)


def _attempt(flown: Flown, now: datetime) -> Attempt:
    return Attempt(
        message=flown.message.id,
        number=flown.message.attempts,
        phase=flown.result.phase,
        outcome=flown.result.outcome,
        code=flown.result.code,
        text=flown.result.text,
        started_at=flown.started,
        ended_at=now,
    )
