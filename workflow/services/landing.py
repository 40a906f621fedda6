"""What became of a flight: every result judged and written in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.domain.channel import ChannelState
from workflow.domain.messages import Attempt, Message, MessageState
from workflow.ports import Handover, Outcome, Work
from workflow.services import channel
from workflow.services.company import change_whole, whole
from workflow.services.mailroom import Mailroom, Tally, log_message


@dataclass(frozen=True, slots=True)
class Flown:
    """A mail as the ledger has it (`handing`, or `sending` still) and what the server made of it."""

    message: Message
    result: Handover
    started: datetime

    @property
    def why(self) -> str:
        return f"{self.result.code or ''} {self.result.text}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """`again`: mails that got no connection while others did; still claimed, still unharmed."""

    tally: Tally
    again: tuple[Message, ...]
    seen: ChannelState
    is_shut: bool


def land(room: Mailroom, flight: Sequence[Flown], *, seen: ChannelState, rest: Sequence[Message]) -> Landing:
    """Write what came of the flight. `seen` is the way out as it was known before, `rest` what was to fly next."""
    works = any(channel.is_open(each.result) for each in flight)
    stranded = [each for each in flight if works and channel.never_named(each.result)]
    flown = [each for each in flight if each not in stranded]
    now = room.clock.now()
    with room.db.begin() as work:
        shut = [each for each in flown if _is_shut_by(work, each, works=works, seen=seen)]
        if shut:
            channel.shut(work, seen, shut[0].result, held=len(shut) + len(rest), now=now)
            change_whole(work, [(each, each.put_back(now)) for each in rest])
        elif works and seen.is_blocked:
            channel.clear(work, now=now)
        _finish(work, flown, shut, now)
    sent = sum(each.result.outcome is Outcome.ACCEPTED for each in flown)
    return Landing(
        tally=Tally(sent, len(flown) - sent),
        again=tuple(each.message for each in stranded),
        seen=seen.clear() if works else seen,
        is_shut=bool(shut),
    )


def _is_shut_by(work: Work, flown: Flown, *, works: bool, seen: ChannelState) -> bool:
    """Whether the way out is to blame, and not the mail.

    A server that takes other mails refuses this one; so does one that took others since it refused this one last.
    """
    if not channel.is_shut(flown.result) or works:
        return False
    if channel.never_named(flown.result) or seen.is_blocked:
        return True
    tries = work.outbox.attempts(flown.message.id)
    return not (tries and tries[-1].outcome == Outcome.BLOCKED)


def _finish(work: Work, flown: Sequence[Flown], shut: Sequence[Flown], now: datetime) -> None:
    work.outbox.note(*(_attempt(each, now) for each in flown))
    afters = [(each, _after(each, now, is_shut=each in shut)) for each in flown]
    decided = [(each, after) for each, after in afters if after is not None]
    groups = [whole(each.message, after) for each, after in decided]
    stands = iter(work.outbox.change_all([pair for group in groups for pair in group]))
    for (each, _), group in zip(decided, groups, strict=True):
        for before, after in group:
            if next(stands):
                log_message(work, f"message.{after.state}", after, now)
            else:
                _take_late_proof(work, before, each, now)


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
