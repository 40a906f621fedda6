"""The clock guard: pure arithmetic that tells a clock that has jumped from time that has passed.

A clock that jumps a day ahead would open rounds and send reminders a day early, which nothing can undo.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

JUMP = timedelta(minutes=10)
"""How far the wall clock may stray from steady time between two readings; beyond, it has been set."""

BEHIND = timedelta(minutes=2)
"""How far the wall clock may stand behind the last stored tick, and how near two clocks are that agree."""

AGREEING_TICKS = 3
"""So many ticks in a row the wall must agree with an outside time before the guard goes down by itself."""

LIVED_THROUGH = timedelta(hours=2)
"""A backward jump up to this is over when the wall has reached the last stored tick again: it made nothing early."""


class Reason(StrEnum):
    """What is wrong with the clock."""

    AHEAD = "jumped_ahead"
    BACK = "jumped_back"
    BEHIND = "behind_last_tick"
    DISAGREES = "disagrees_with_database"


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the clocks: the wall, seconds of a clock that nobody sets, and the database host's time.

    `outside` is None where there is no other clock to ask (SQLite).
    """

    wall: datetime
    steady: float
    outside: datetime | None = None


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Why the wall is not believed, and by how much it is off; `expected` is what it should have said.

    `vouched`: an outside time exists that did not make the same jump, so that agreeing with it means something. A
    database on the same machine jumps along and proves nothing.
    """

    reason: Reason
    off: timedelta
    expected: datetime
    vouched: bool


def suspicion(before: Reading | None, now: Reading, last_tick: datetime | None) -> Suspicion | None:
    """What is wrong with `now`: against the process's reading before it, the outside time, and the last stored tick.

    A gap forward since the last stored tick alone is downtime and nothing to suspect.
    """
    if before is not None:
        expected = before.wall + timedelta(seconds=now.steady - before.steady)
        leap = now.wall - expected
        if abs(leap) > JUMP:
            reason = Reason.AHEAD if leap > timedelta() else Reason.BACK
            return Suspicion(reason, leap, expected, vouched=_outside_kept_steady(before, now))
    if now.outside is not None and abs(now.wall - now.outside) > JUMP:
        return Suspicion(Reason.DISAGREES, now.wall - now.outside, now.outside, vouched=True)
    if last_tick is not None and last_tick - now.wall > BEHIND:
        vouched = now.outside is not None and last_tick - now.outside <= BEHIND
        return Suspicion(Reason.BEHIND, now.wall - last_tick, last_tick, vouched=vouched)
    return None


def _outside_kept_steady(before: Reading, now: Reading) -> bool:
    if before.outside is None or now.outside is None:
        return False
    lived = timedelta(seconds=now.steady - before.steady)
    return abs(now.outside - before.outside - lived) <= BEHIND


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockGuard:
    """What the database knows of the clock; the guard stands while `since` is set.

    `agreeing` counts ticks in a row at which the wall agreed with the outside time, the last one at `counted_at`.
    `told` is what a person said when they lowered it last.
    """

    last_tick: datetime | None = None
    since: datetime | None = None
    reason: str = ""
    off_seconds: int = 0
    vouched: bool = False
    agreeing: int = 0
    counted_at: datetime | None = None
    told: str = ""

    @property
    def stands(self) -> bool:
        return self.since is not None

    def __str__(self) -> str:
        """For those who run it: what is wrong with the clock, and since when."""
        if self.since is None:
            return "is believed"
        said = self.reason.replace("_", " ")
        return f"{said} by {timedelta(seconds=abs(self.off_seconds))} since {self.since.isoformat(timespec='seconds')}"

    def ticked(self, wall: datetime) -> "ClockGuard":
        """The clock is believed: a later tick is remembered."""
        later = self.last_tick is None or wall > self.last_tick
        return replace(self, last_tick=wall) if later else self

    def raised(self, found: Suspicion) -> "ClockGuard":
        """The guard goes up, or stays up: then only the counting starts again, and a doubt about the outside stays."""
        if self.stands:
            return replace(self, agreeing=0, counted_at=None, vouched=self.vouched and found.vouched)
        return replace(
            self,
            since=found.expected,
            reason=found.reason,
            off_seconds=round(found.off.total_seconds()),
            vouched=found.vouched,
            agreeing=0,
            counted_at=None,
        )

    def passed(self, now: Reading, *, tick: timedelta) -> "ClockGuard":
        """The guard after one more look at which nothing new was suspected: up, nearer to coming down, or down."""
        if self._lived_through(now.wall):
            return self.lowered().ticked(now.wall)
        if not self.vouched or now.outside is None:
            return self
        if abs(now.wall - now.outside) > BEHIND:
            return replace(self, agreeing=0, counted_at=None)
        if self.counted_at is not None and now.outside - self.counted_at < tick:
            return self  # another process, or the same one too soon
        if self.agreeing + 1 >= AGREEING_TICKS:
            return replace(self.lowered(), last_tick=now.wall)
        return replace(self, agreeing=self.agreeing + 1, counted_at=now.outside)

    def lowered(self) -> "ClockGuard":
        """The guard is down; what was held goes on."""
        return ClockGuard(last_tick=self.last_tick, told=self.told)

    def trusted(self, why: str) -> "ClockGuard":
        """A person says that the clock is right, so the last tick, which may be of the wrong time, is forgotten."""
        return ClockGuard(told=why)

    def _lived_through(self, wall: datetime) -> bool:
        backward = self.reason in {Reason.BACK, Reason.BEHIND}
        small = abs(self.off_seconds) <= LIVED_THROUGH.total_seconds()
        return backward and small and self.last_tick is not None and wall >= self.last_tick
