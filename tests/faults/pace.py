"""The time of a world: it passes whenever there is nothing left to do."""

import random
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from tests.faults.crowd import escalating
from tests.faults.world import BEGINS, CALENDAR, MORNING, Place, days_of, plan, planned_round
from workflow.bootstrap import App
from workflow.domain.messages import LEASE, MessageState

PATIENCE = 60.0  # seconds in which a world must come to rest
LONGEST_WAIT = 1.0  # seconds
GLANCE = 0.01  # seconds between two looks, each of which costs the database something
UNDER_WAY = (MessageState.SENDING, MessageState.HANDING)


class RestlessError(Exception):
    """A world did not come to rest."""


class Time:
    """Moves a world's clock on whenever there is nothing left to do: to the end of a dead worker's lease, to the next
    day, to the next round."""

    def __init__(self, house: App, place: Place, dice: random.Random) -> None:
        self._house, self._place, self._dice = house, place, dice
        self._days = self._all_days()
        self._seen: frozenset[str] = frozenset()
        self._arrived_before = 0
        self._next_day()

    def _all_days(self) -> Iterator[date]:
        begins, number = BEGINS, 1
        while True:
            round_ = planned_round(number, begins, policy=escalating())
            self._place.set_now(CALENDAR.at(begins, MORNING) - timedelta(hours=3))
            plan(self._house, round_)
            yield from days_of(round_)
            begins, number = CALENDAR.local(round_.closes_at).date(), number + 1

    def look(self) -> None:
        """One look; the clock moves when all that is due is decided."""
        if not self._is_planned_by(self._morning):
            return
        is_due, under_way = self._standing()
        if is_due:
            return
        if not under_way:
            self._next_day()
        elif under_way == self._seen or self._dice.random() < 0.05:  # now and then a living worker is robbed
            self.pass_lease()
        self._seen = under_way

    def wait_for_work(self) -> None:
        """Until some mail has come to the sink since last time: a kill is to meet work, however busy the machine is."""
        until = time.monotonic() + LONGEST_WAIT
        while self._arrived() == self._arrived_before and time.monotonic() < until:
            self.look()
            time.sleep(GLANCE)
        self._arrived_before = self._arrived()

    def _arrived(self) -> int:
        """The bytes of the truth."""
        return self._place.truth.stat().st_size if self._place.truth.exists() else 0

    def pass_lease(self) -> None:
        self._place.set_now(self._place.now() + LEASE + timedelta(minutes=1))

    def _standing(self) -> tuple[bool, frozenset[str]]:
        """Whether anything is due, and what is under way."""
        with self._house.db.read() as work:
            is_due = bool(work.outbox.due(self._place.now(), limit=1))
            return is_due, frozenset(f"{each.id} {each.fence}" for each in work.outbox.list(states=UNDER_WAY))

    def rest(self) -> None:
        """Until nothing is due and nothing under way. Raises RestlessError."""
        until = time.monotonic() + PATIENCE
        while True:
            is_planned = self._is_planned_by(self._place.now())  # asked once a turn: the world goes on meanwhile
            is_due, under_way = self._standing()
            busy = is_due or not is_planned
            if not busy and not under_way:
                return
            if time.monotonic() > until:
                raise RestlessError(self._place.folder)
            if not busy and under_way == self._seen:
                self.pass_lease()
            self._seen = under_way
            time.sleep(0.2)

    def _is_planned_by(self, instant: datetime) -> bool:
        try:
            return datetime.fromisoformat(self._place.ticked.read_text()) >= instant
        except (OSError, ValueError):
            return False

    def _next_day(self) -> None:
        """All that is planned is planned in the morning; a lease later there is nothing to wait for."""
        self._morning = max(CALENDAR.at(next(self._days), MORNING), self._place.now())
        self._place.set_now(self._morning)
