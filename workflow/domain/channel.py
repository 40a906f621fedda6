"""The way out to the mail server: open or blocked for a growing time, and how many mails a minute it may take."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

BLOCK_LADDER = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30))
"""How long a channel rests after its first, second, … failure in a row; the last one stands for all that follow."""

_MINUTE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `per_minute` mails in any 60 seconds; 0: as many as there are.

    A bucket of tokens: what was spared may leave at once (`burst`), then `per_second` more. Both together never exceed
    the limit, whichever minute one looks at; in the long run about two thirds of it are used.
    """

    per_minute: int = 0

    @property
    def is_limited(self) -> bool:
        return self.per_minute > 0

    @property
    def burst(self) -> int:
        """A third: a worker that looks every half minute can use what came in meanwhile."""
        return max(1, self.per_minute // 3)

    @property
    def per_second(self) -> float:
        return (self.per_minute - self.burst + 1) / _MINUTE


NO_LIMIT = Rate()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """What all workers together know of one way out. `failures` are those in a row; 0: it is open.

    `tokens` were left at `refilled_at`; None: nothing has left yet, the bucket is full.
    """

    name: str
    blocked_until: datetime | None = None
    reason: str = ""
    failures: int = 0
    tokens: float = 0.0
    refilled_at: datetime | None = None

    @property
    def is_blocked(self) -> bool:
        return self.failures > 0

    def admits(self, wanted: int, now: datetime) -> int:
        """How many mails may be claimed: all, none while it rests, and one to try with when the time is up.

        A rest longer than any was begun before the clock was set back: it is over.
        """
        if not self.is_blocked:
            return wanted
        rests = self.blocked_until is not None and now < self.blocked_until <= now + BLOCK_LADDER[-1]
        return 0 if rests else min(wanted, 1)

    def probe(self, now: datetime) -> "ChannelState":
        """Somebody is trying with one mail: the others wait as if it had failed, should the trier die."""
        return replace(self, blocked_until=now + _rest(self.failures + 1)) if self.is_blocked else self

    def block(self, now: datetime, reason: str, *, seen: int) -> "ChannelState":
        """One failure more than the `seen` ones. Whoever comes second with the same trouble changes nothing."""
        if self.failures != seen:
            return self
        failures = self.failures + 1
        return replace(self, failures=failures, reason=reason, blocked_until=now + _rest(failures))

    def clear(self) -> "ChannelState":
        return replace(self, failures=0, reason="", blocked_until=None)

    def refill(self, rate: Rate, now: datetime) -> "ChannelState":
        """The bucket as it is by now. A clock that was set back costs nothing but the time it was set back."""
        if self.refilled_at is None:
            return replace(self, tokens=float(rate.burst), refilled_at=now)
        elapsed = max(0.0, (now - self.refilled_at).total_seconds())
        tokens = min(float(rate.burst), self.tokens + elapsed * rate.per_second)
        return replace(self, tokens=tokens, refilled_at=now)

    def take(self, mails: int) -> "ChannelState":
        """Raises ValueError when there are not that many tokens."""
        if mails > self.tokens:
            raise ValueError(f"{mails} of {self.tokens} tokens")
        return replace(self, tokens=self.tokens - mails)


def _rest(failures: int) -> timedelta:
    return BLOCK_LADDER[min(failures, len(BLOCK_LADDER)) - 1]
