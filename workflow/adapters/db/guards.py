"""The SQL for the clock guard: one row that holds all work back while it stands, and the database host's own time."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from workflow.adapters.db.columns import utc
from workflow.adapters.db.statements import insert_if_new, locked
from workflow.adapters.db.tables import guards
from workflow.domain.clockguard import ClockGuard

CLOCK = "clock"


class SqlGuards:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def clock(self, *, lock: bool = False) -> ClockGuard:
        query = select(guards).where(guards.c.name == CLOCK)
        if lock:
            new = {"name": CLOCK, **_row(ClockGuard())}
            self._connection.execute(insert_if_new(self._connection, guards, "name"), new)
            query = locked(self._connection, query)
        row = self._connection.execute(query).one_or_none()
        return ClockGuard() if row is None else _guard(row)

    def keep_clock(self, guard: ClockGuard) -> None:
        self._connection.execute(update(guards).where(guards.c.name == CLOCK).values(_row(guard)))

    def outside_time(self) -> datetime | None:
        """Ask for the time of this moment, not of the transaction's beginning."""
        if self._connection.dialect.name != "postgresql":
            return None
        now: datetime = self._connection.execute(select(func.clock_timestamp())).scalar_one()
        return utc(now)


def _row(guard: ClockGuard) -> dict[str, object]:
    return {
        "last_tick": guard.last_tick,
        "since": guard.since,
        "reason": str(guard.reason),
        "off_seconds": guard.off_seconds,
        "vouched": guard.vouched,
        "agreeing": guard.agreeing,
        "counted_at": guard.counted_at,
        "told": guard.told,
    }


def _guard(row: Row[Any]) -> ClockGuard:
    return ClockGuard(
        last_tick=row.last_tick,
        since=row.since,
        reason=row.reason,
        off_seconds=row.off_seconds,
        vouched=row.vouched,
        agreeing=row.agreeing,
        counted_at=row.counted_at,
        told=row.told,
    )
