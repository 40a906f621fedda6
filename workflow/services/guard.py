"""The clock guard in the database: raised for all processes at once, taken down by agreement or by a person."""

from datetime import datetime, timedelta

from workflow.domain.audit import Event
from workflow.domain.clockguard import ClockGuard, Reading, Suspicion, suspicion
from workflow.domain.errors import RefusedError
from workflow.ports import Database, Work
from workflow.services.rounds import SYSTEM


class NothingStandsError(RefusedError):
    sentence = "Klockan är inte misstänkt; det finns inget att häva."


def clock_guard(db: Database) -> ClockGuard:
    """The guard as it stands; nothing is changed."""
    with db.read() as work:
        return work.guards.clock()


def look(db: Database, before: Reading | None, now: Reading) -> tuple[Reading, bool]:
    """Whether work must rest: the guard stands, or this look has raised it. Gives the reading with the outside time.

    `before` is the same process's reading of last time. Asked right before each job and each claim of mails, so
    that a jump is seen before anything is decided by it.
    """
    with db.read() as work:
        guard = work.guards.clock()
        seen = Reading(now.wall, now.steady, work.guards.outside_time())
    found = suspicion(before, seen, guard.last_tick)
    if found and (not guard.stands or guard != guard.raised(found)):
        _raise(db, found, seen.wall)
    return seen, found is not None or guard.stands


def tick(db: Database, before: Reading | None, now: Reading, *, every: timedelta) -> tuple[Reading, bool]:
    """A look that also counts: it remembers the tick, or brings a standing guard nearer to coming down."""
    seen, rests = look(db, before, now)
    guard = clock_guard(db)
    if not rests:
        if guard.last_tick is None or seen.wall - guard.last_tick >= every:
            _remember(db, seen.wall)
        return seen, False
    if suspicion(before, seen, guard.last_tick) or guard == guard.passed(seen, tick=every):
        return seen, True
    return seen, _pass(db, seen, every)


def trust_clock(db: Database, *, by: str, why: str, now: datetime) -> None:
    """A person has compared the clock with another: work goes on. Raises NothingStandsError.

    `why` stands with the guard and not in the log, which holds no words of people.
    """
    with db.begin() as work:
        guard = work.guards.clock(lock=True)
        if not guard.stands:
            raise NothingStandsError
        work.guards.keep_clock(guard.trusted(why))
        _log(work, "guard.cleared", guard, by=by, now=now)


def _raise(db: Database, found: Suspicion, now: datetime) -> None:
    with db.begin() as work:
        guard = work.guards.clock(lock=True)
        raised = guard.raised(found)
        work.guards.keep_clock(raised)
        if not guard.stands:
            _log(work, "guard.raised", raised, by=SYSTEM, now=now)


def _remember(db: Database, wall: datetime) -> None:
    with db.begin() as work:
        guard = work.guards.clock(lock=True)
        if not guard.stands:
            work.guards.keep_clock(guard.ticked(wall))


def _pass(db: Database, seen: Reading, every: timedelta) -> bool:
    with db.begin() as work:
        guard = work.guards.clock(lock=True)
        if not guard.stands:
            return False
        after = guard.passed(seen, tick=every)
        work.guards.keep_clock(after)
        if not after.stands:
            _log(work, "guard.cleared", guard, by=SYSTEM, now=seen.wall)
        return after.stands


def _log(work: Work, kind: str, guard: ClockGuard, *, by: str, now: datetime) -> None:
    data: dict[str, str | int] = {"guard": "clock", "reason": str(guard.reason), "off_seconds": guard.off_seconds}
    work.log.append(Event(kind=kind, actor=by, at=now, data=data))
