"""A small world to break: a database, a clock file, a round of invented units that is refilled when it is over."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from shutil import copyfile

from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

from tests.builders import a_contact, a_form, a_period, a_policy, a_round, a_unit
from tests.fakes.documents import FakeDocuments
from tests.fakes.queue import FakeQueue
from tests.faults.sink import name_of
from workflow.adapters.clock import FileClock, set_now
from workflow.adapters.db import migrate
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.mail.render import JinjaRenderer
from workflow.bootstrap import App, build
from workflow.domain.calendar import swedish_calendar
from workflow.domain.messages import MessageKind
from workflow.domain.people import Contact, Role, Unit, UnitKind
from workflow.domain.reminders import Policy, Step
from workflow.domain.rounds import Round, RoundState
from workflow.resources import Resources
from workflow.services import rounds
from workflow.settings import load_settings

CALENDAR = swedish_calendar()
RENDERER = JinjaRenderer(Resources().template_roots())
"""One for all worlds of a process: its templates are compiled once, and a forked worker has them ready."""

KEY = "en-nyckel-som-bara-finns-i-felproven-0123456789"
BEGINS = date(2027, 1, 11)  # a Monday
KINDS = (UnitKind.FACKNAMND, UnitKind.STADSDELSNAMND, UnitKind.BOLAG)
MORNING = time(9)
People = Callable[[tuple[Unit, ...]], Sequence[Contact]]
"""Who answers for these units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """All that a process needs to know to join a world."""

    database_url: str
    folder: Path
    smtp_port: int
    connections: int = 4
    smtp_timeout: float = 30.0
    rate: int = 0

    @property
    def clock_file(self) -> Path:
        return self.folder / "clock.json"

    @property
    def truth(self) -> Path:
        """What the sink has seen."""
        return self.folder / "truth.jsonl"

    @property
    def history(self) -> Path:
        """What the people who answer were told is stored."""
        return self.folder / "history.jsonl"

    @property
    def ticked(self) -> Path:
        """By when some scheduler has last looked at everything."""
        return self.folder / "ticked"

    @property
    def trail(self) -> Path:
        """How far each worker has come."""
        return self.folder / "trail"

    @property
    def mutterings(self) -> Path:
        """What went wrong in a hand that went on."""
        return self.folder / "hands.log"

    def now(self) -> datetime:
        return FileClock(self.clock_file).now()

    def set_now(self, instant: datetime) -> None:
        set_now(self.clock_file, instant)

    def house(self) -> App:
        """The wired product; only its papers are short, and what it asks the queue for is heard by nobody."""
        settings = load_settings(
            environment="development",
            data_dir=self.folder,
            database_url=self.database_url,
            clock_file=self.clock_file,
            secret_key=KEY,
            redis_url="",
            smtp_host="127.0.0.1",
            smtp_port=self.smtp_port,
            smtp_timeout=self.smtp_timeout,
            smtp_connections=self.connections,
            smtp_rate_per_minute=self.rate,
            base_url="http://127.0.0.1",
        )
        wired = build(settings)
        documents = FakeDocuments()
        mailroom = replace(wired.mailroom, documents=documents, renderer=RENDERER)
        return replace(wired, documents=documents, queue=FakeQueue(), mailroom=mailroom)


@contextmanager
def opened(place: Place) -> Iterator[App]:
    """A house whose connections are closed again."""
    house = place.house()
    try:
        yield house
    finally:
        assert isinstance(house.db, SqlDatabase)
        house.db.close()


# --- databases ---------------------------------------------------------------


@lru_cache
def _template(server: str, folder: Path) -> str:
    """An empty database at the newest schema: a file, or on a server the name of a database."""
    if not server:
        path = folder / "template.sqlite"
        migrate.upgrade(f"sqlite:///{path}")
        return str(path)
    name = f"tertial_template_{folder.name.replace('-', '_').lower()}"
    _on_server(server, f'CREATE DATABASE "{name}" TEMPLATE template0')
    migrate.upgrade(make_url(server).set(database=name).render_as_string(hide_password=False))
    return name


def new_database(server: str, shelf: Path, folder: Path) -> str:
    """The URL of an empty database; `server` "" means SQLite. `shelf` keeps the template for the next one."""
    template = _template(server, shelf)
    if not server:
        path = folder / "tertial.sqlite"
        copyfile(template, path)
        return f"sqlite:///{path}"
    name = f"tertial_{folder.name.replace('-', '_').lower()}"
    _on_server(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def drop_database(server: str, url: str) -> None:
    if server:
        _on_server(server, f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)')


def _on_server(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


# --- what lives in it --------------------------------------------------------


def units(count: int) -> tuple[Unit, ...]:
    return tuple(
        a_unit(id=f"u{number}", name=name_of(number), short=f"N{number}", kind=KINDS[number % len(KINDS)])
        for number in range(count)
    )


def contacts(some: tuple[Unit, ...]) -> tuple[Contact, ...]:
    """Everybody has a contact person, every third a deputy too, who is in copy when it is late."""
    primary = [a_contact(unit=each.id, email=f"a@{each.id}.example", name=f"Åsa {each.short}") for each in some]
    deputies = [
        a_contact(unit=each.id, email=f"b@{each.id}.example", name=f"Bo {each.short}", role=Role.DEPUTY)
        for each in some[::3]
    ]
    return (*primary, *deputies)


def daily() -> Policy:
    """A reminder every working day from twelve days before the last day until the round closes."""
    before = [Step(offset=-days, at=time(8), mail=MessageKind.REMINDER) for days in range(12, 0, -1)]
    after = Step(offset=1, at=time(8), mail=MessageKind.OVERDUE, copies=(Role.DEPUTY,), every=1)
    return a_policy(steps=(*before, Step(offset=0, at=time(8), mail=MessageKind.LAST_DAY), after))


def planned_round(number: int, begins: date = BEGINS, *, weeks: int = 8, policy: Policy | None = None) -> Round:
    """Round `number` opens on a working day at or after `begins`; its last day is 15 working days later."""
    day = CALENDAR.sending_day_on_or_after(begins)
    due_at = CALENDAR.at(CALENDAR.add_working_days(day, 16), time(0))
    return a_round(
        id=f"{day.year}-K{number}",
        year=day.year,
        period=a_period(code=f"K{number}"),
        form=a_form(),
        policy=policy or daily(),
        opens_at=CALENDAR.at(day, time(8)),
        due_at=dict.fromkeys(KINDS, due_at),
        closes_at=CALENDAR.at(day + timedelta(weeks=weeks), time(0)),
        state=RoundState.PLANNED,
        opened_at=None,
    )


def settle_in(house: App, *, count: int = 24, people: People = contacts) -> None:
    """Put the register into an empty world."""
    some = units(count)
    with house.db.begin() as work:
        work.people.replace(some, people(some))


def plan(house: App, round_: Round) -> Round:
    rounds.plan_round(house.db, round_, by="test", now=house.now())
    return round_


def days_of(round_: Round) -> Iterator[date]:
    """The days on which something can become due, the day of closing included."""
    day = CALENDAR.local(round_.opens_at).date()
    last = CALENDAR.local(round_.closes_at).date()
    while day <= last:
        if CALENDAR.sending_day_on_or_after(day) == day:
            yield day
        day += timedelta(days=1)
