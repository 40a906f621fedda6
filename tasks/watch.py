"""The eye that a process keeps on its own clock: the wall beside steady time, and what the database says of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock

from workflow.adapters.clock import steady_seconds
from workflow.bootstrap import App
from workflow.domain.clockguard import Reading
from workflow.ports import Clock, Database
from workflow.services import guard

TRIES, AT_ONCE = 5, 1.0  # a process that is stopped between its two looks looks again


@dataclass(slots=True)
class ClockWatch:
    """Asked by every thread of a process; remembers the last reading, and only when the database has heard of it."""

    db: Database
    clock: Clock
    every: timedelta
    steady: Callable[[], float] = steady_seconds
    _before: Reading | None = field(default=None, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def suspect(self) -> bool:
        """Whether nothing may be opened, planned, sent or closed now. Raises what the database raises."""
        with self._lock:
            self._before, rests = guard.look(self.db, self._before, self._read())
            return rests

    def tick(self) -> bool:
        """The same, once per turn: this one counts towards the guard's coming down."""
        with self._lock:
            self._before, rests = guard.tick(self.db, self._before, self._read(), every=self.every)
            return rests

    def _read(self) -> Reading:
        for _ in range(TRIES):
            steady = self.steady()
            reading = Reading(self.clock.now(), steady)
            if self.steady() - steady < AT_ONCE:
                break
        return reading


class Trusting:
    """Where a rehearsal's file is the clock: it jumps on purpose."""

    def suspect(self) -> bool:
        return False

    def tick(self) -> bool:
        return False


def make_watch(house: App) -> ClockWatch | Trusting:
    if house.settings.clock_file:
        return Trusting()
    return ClockWatch(house.db, house.clock, timedelta(seconds=house.settings.tick_seconds))
