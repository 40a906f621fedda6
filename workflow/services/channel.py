"""Whether mail may leave at all: a blocked way out holds every mail and burns none; a bucket keeps the rate."""

from dataclasses import dataclass
from datetime import datetime

from workflow.domain.audit import Event
from workflow.domain.channel import ChannelState, Rate
from workflow.ports import Database, Handover, Outcome, Phase, Work
from workflow.services.mailroom import CHANNEL
from workflow.services.rounds import SYSTEM

_BEFORE_ANY_MAIL = frozenset({Phase.CONNECT, Phase.GREETING, Phase.AUTH})


def channel_state(db: Database) -> ChannelState:
    """How the way out stands; nothing is changed."""
    with db.read() as work:
        return work.channels.get(CHANNEL)


def never_named(result: Handover) -> bool:
    """Whether it ended before the server heard of any mail: no mail is to blame."""
    return result.phase in _BEFORE_ANY_MAIL


def is_shut(result: Handover) -> bool:
    """Whether this speaks against the way out rather than the mail."""
    return never_named(result) or result.outcome is Outcome.BLOCKED


def is_open(result: Handover) -> bool:
    """Whether this proves that the server works with us: it judged a mail, for good or ill."""
    return not is_shut(result) and (result.code is not None or result.outcome is Outcome.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Admission:
    """How many mails may be claimed now, by the channel's row (which is locked where it will be written)."""

    state: ChannelState
    mails: int
    is_counted: bool

    def settle(self, work: Work, claimed: int, now: datetime) -> None:
        """Take a token for each claimed mail, and tell the others of a try-out after a block."""
        state = self.state.take(claimed) if self.is_counted else self.state
        if claimed and (self.is_counted or state.is_blocked):
            work.channels.save(state.probe(now))


def admit(work: Work, rate: Rate, *, wanted: int, now: datetime) -> Admission:
    """Ask before claiming, first thing in the transaction."""
    state = work.channels.get(CHANNEL, lock=rate.is_limited)
    if not rate.is_limited:
        if state.is_blocked:
            state = work.channels.get(CHANNEL, lock=True)
        return Admission(state, state.admits(wanted, now), is_counted=False)
    state = state.refill(rate, now)
    return Admission(state, state.admits(min(wanted, int(state.tokens)), now), is_counted=True)


def shut(work: Work, seen: ChannelState, result: Handover, *, held: int, now: datetime) -> None:
    """Block the way out for longer than last time, unless another worker has just done so."""
    before = work.channels.get(CHANNEL, lock=True)
    why = f"{result.code or ''} {result.text}".strip()
    after = before.block(now, why, seen=seen.failures)
    if after != before:
        work.channels.save(after)
        told: dict[str, str | int] = {"phase": str(result.phase), "code": result.code or 0, "held": held}
        work.log.append(_event("channel.blocked", now, failures=after.failures, **told))


def clear(work: Work, *, now: datetime) -> None:
    """Open the way out again after a mail has shown that it works."""
    before = work.channels.get(CHANNEL, lock=True)
    if before.is_blocked:
        work.channels.save(before.clear())
        work.log.append(_event("channel.cleared", now, failures=before.failures))


def _event(kind: str, now: datetime, **data: str | int) -> Event:
    return Event(kind=kind, actor=SYSTEM, at=now, data={"channel": CHANNEL, **data})
