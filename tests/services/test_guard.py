"""The guard in the database: raised once for everybody, taken down by agreement or by a person, told in the log."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import NOW
from tests.fakes.database import FakeDatabase
from tests.services.conftest import HAMNEN, NORRBY, House
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine
from workflow.domain.clockguard import Reading
from workflow.ports import Database
from workflow.services.guard import NothingStandsError, clock_guard, look, tick, trust_clock
from workflow.services.outbox import Tally, deliver

DAY = timedelta(days=1)
TICK = timedelta(seconds=30)


@dataclass
class Process:
    """One process: its wall, which may be set, and steady time, which only passes."""

    db: Database
    wall: datetime
    steady: float = 0.0
    before: Reading | None = field(default=None)

    def pass_time(self, span: timedelta) -> None:
        self.wall += span
        self.steady += span.total_seconds()

    def look(self) -> bool:
        self.before, rests = look(self.db, self.before, Reading(self.wall, self.steady))
        return rests

    def tick(self) -> bool:
        self.pass_time(TICK)
        self.before, rests = tick(self.db, self.before, Reading(self.wall, self.steady), every=TICK)
        return rests


def start_of(db: Database) -> datetime:
    """A wall that agrees with the database's host, where there is one."""
    with db.read() as work:
        return work.guards.outside_time() or NOW


def events(db: Database) -> list[tuple[str, str]]:
    with db.read() as work:
        return [(each.event.kind, each.event.actor) for each in work.log.all()]


@pytest.fixture
def process(database: Database) -> Process:
    process = Process(database, start_of(database))
    assert not process.tick()
    return process


def test_while_it_is_held_nothing_is_claimed_and_what_is_due_stays_due(opened: House) -> None:
    before = opened.messages()
    assert deliver(replace(opened.mailroom, held=lambda: True)) == Tally()
    assert opened.messages() == before
    assert deliver(opened.mailroom).sent == 2


def test_a_delivery_under_way_claims_no_more_once_it_is_held(opened: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflow.services.claims.BATCH", 1)
    answers = iter([False, True])
    assert deliver(replace(opened.mailroom, held=lambda: next(answers))).sent == 1
    assert {each.state for unit in (NORRBY, HAMNEN) for each in opened.messages(unit)} == {"sent", "planned"}


def test_while_all_is_well_the_last_tick_is_remembered_and_nothing_is_told(process: Process) -> None:
    assert clock_guard(process.db).last_tick == process.wall
    process.pass_time(timedelta(seconds=1))
    assert not process.look()
    assert not process.tick()
    assert clock_guard(process.db).last_tick == process.wall
    assert events(process.db) == []


@pytest.mark.parametrize("jump", [DAY, 365 * DAY, -DAY, timedelta(minutes=11), -timedelta(minutes=3)], ids=str)
def test_a_jump_is_seen_at_the_very_next_look_and_told_once(process: Process, jump: timedelta) -> None:
    right = process.wall
    process.wall += jump
    assert process.look()
    assert process.look()
    assert process.tick()
    guard = clock_guard(process.db)
    assert guard.stands
    assert guard.since
    assert abs(guard.since - right) < timedelta(minutes=1)
    assert abs(guard.off_seconds - jump.total_seconds()) < 1
    assert events(process.db) == [("guard.raised", "system")]
    assert guard.last_tick == right, "a suspect clock is not remembered"


def test_it_holds_every_process_that_shares_the_database(process: Process) -> None:
    other = Process(process.db, process.wall)
    assert not other.look()
    process.wall += DAY
    process.look()
    assert other.look()
    assert Process(process.db, process.wall).look(), "and one that starts with the wrong clock"


def test_downtime_is_no_jump_but_a_start_before_the_last_tick_is(process: Process) -> None:
    if process.db.__class__ is FakeDatabase:
        assert not Process(process.db, process.wall + 10 * DAY).look()
    assert Process(process.db, process.wall - timedelta(minutes=5)).look()
    assert clock_guard(process.db).reason == "behind_last_tick"


def test_a_person_says_that_the_clock_is_right(process: Process) -> None:
    process.wall -= timedelta(minutes=5)  # somebody corrected a clock that had been ahead
    assert process.look()
    trust_clock(process.db, by="cli", why="stämd mot telefonen", now=process.wall)
    assert not process.look()
    assert not process.tick()
    assert clock_guard(process.db).last_tick == process.wall
    assert clock_guard(process.db).told == "stämd mot telefonen"
    assert events(process.db) == [("guard.raised", "system"), ("guard.cleared", "cli")]
    with process.db.read() as work:
        assert "telefonen" not in str(work.log.all()), "the log holds no words of people"


def test_there_is_nothing_to_trust_while_nothing_stands(process: Process) -> None:
    with pytest.raises(NothingStandsError):
        trust_clock(process.db, by="cli", why="", now=process.wall)
    assert events(process.db) == []


def test_a_small_jump_back_goes_by_itself_when_its_time_has_passed(database: Database) -> None:
    process = Process(database, start_of(database) + timedelta(minutes=5))
    process.tick()
    process.wall -= timedelta(minutes=5)
    rested = 0
    while process.tick():
        rested += 1
        assert rested < 20
    assert rested >= 3
    assert events(database) == [("guard.raised", "system"), ("guard.cleared", "system")]


def test_without_a_host_to_ask_it_stays_however_long(sqlite_url: str) -> None:
    db = SqlDatabase(make_engine(sqlite_url))
    process = Process(db, NOW)
    process.tick()
    process.wall += DAY
    assert all(process.tick() for _ in range(20))
    db.close()


@pytest.mark.postgres
def test_the_databases_host_brings_it_down_after_three_ticks(postgres_url: str) -> None:
    """Real time passes too slowly for a test: the readings are the host's own, and a tick lasts no time."""
    db = SqlDatabase(make_engine(postgres_url))
    process = Process(db, datetime.now(UTC))  # noqa: TID251 - the host's time is real
    assert not process.look()
    process.wall += DAY
    assert process.look()
    process.wall -= DAY
    process.look()  # set back: a jump again
    rests = []
    for _ in range(3):
        process.before, rested = tick(db, process.before, Reading(process.wall, process.steady), every=timedelta())
        rests.append(rested)
    assert rests == [True, True, False]
    assert events(db) == [("guard.raised", "system"), ("guard.cleared", "system")]
    db.close()


@pytest.mark.postgres
def test_a_process_that_disagrees_with_the_databases_host_never_works(postgres_url: str) -> None:
    db = SqlDatabase(make_engine(postgres_url))
    process = Process(db, datetime.now(UTC) + DAY)  # noqa: TID251 - the host's time is real
    assert process.look()
    assert clock_guard(db).reason == "disagrees_with_database"
    trust_clock(db, by="cli", why="", now=process.wall)
    assert process.look(), "a person may be wrong too: set the clock right"
    db.close()
