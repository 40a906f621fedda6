"""A whole house on a temporary SQLite with an opened round of invented units, and the ways into it."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from time import monotonic, sleep

import pytest
import uvicorn
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from tests.builders import a_contact, a_round, a_unit
from tests.fakes.queue import FakeQueue
from workflow.adapters.clock import set_now
from workflow.bootstrap import App, build
from workflow.domain.forms import Answer
from workflow.domain.people import Account, Role, UnitKind
from workflow.domain.rounds import RoundState
from workflow.services import rounds, submissions
from workflow.settings import load_settings
from workflow.web.application import create_site

OPENED_AT = datetime(2027, 5, 3, 6, tzinfo=UTC)
NOW = datetime(2027, 5, 24, 7, 12, tzinfo=UTC)  # Monday 24 May 2027, 09.12 in Stockholm
ROUND = "2027-T1"
NORRBY = "2027-T1.norrby"  # a district committee: three questions, contact Åsa, deputy Bo
HAMN = "2027-T1.hamn"  # a committee whose contact reads English
VATTEN = "2027-T1.vatten"  # a company: two questions
ODEBY = "2027-T1.odeby"  # nobody to write to
COORDINATOR = ("karin.exempel@stadsledningskontoret.example", "korrekt häst batteri")

UNITS = (
    a_unit(),
    a_unit(id="hamn", name="Hamnnämnden", short="Hamn", kind=UnitKind.FACKNAMND),
    a_unit(id="vatten", name="Vattenbolaget i Norrby AB", short="Vatten", kind=UnitKind.BOLAG),
    a_unit(id="odeby", name="Ödeby stadsdelsnämnd", short="Ödeby"),
)
CONTACTS = (
    a_contact(),
    a_contact(role=Role.DEPUTY, name="Bo Påhittad", email="bo.pahittad@norrby.example"),
    a_contact(unit="hamn", name="Cleo Invented", email="cleo.invented@hamn.example", language="en"),
    a_contact(unit="vatten", name="Dan Diktad", email="dan.diktad@vatten.example"),
)


@cache
def cheap_hash(password: str) -> str:
    """argon2id with as little work as can be, to make and to check: the tests of the pages log in a thousand times."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


def make_house(folder: Path, database_url: str, *, now: datetime = NOW, **settings: object) -> App:
    """The wired product with an opened round, a queue that only remembers, and a clock file set to `now`."""
    given: dict[str, object] = {"base_url": "http://testserver"} | settings
    clock_file = folder / "clock.json"
    set_now(clock_file, OPENED_AT)
    wired = build(load_settings(data_dir=folder, database_url=database_url, clock_file=clock_file, **given))
    house = replace(wired, queue=FakeQueue())
    with house.db.begin() as work:
        work.people.replace(UNITS, CONTACTS)
    planned = a_round(state=RoundState.PLANNED, opened_at=None)
    rounds.plan_round(house.db, planned, by="test", now=OPENED_AT)
    rounds.open_round(house.db, ROUND, secrets=house.secrets, calendar=house.calendar, now=OPENED_AT)
    email, password = COORDINATOR
    account = Account(id=house.secrets.new_id(), email=email, name="Karin Exempel", password_hash=cheap_hash(password))
    with house.db.begin() as work:
        work.access.add_account(account)
    set_now(clock_file, now)
    return house


def set_clock(house: App, instant: datetime) -> None:
    assert house.settings.clock_file is not None
    set_now(house.settings.clock_file, instant)


def link_of(house: App, submission: str, *, name: str = "") -> str:
    """The path of a personal link: the contact person's, or that of the person named."""
    with house.db.read() as work:
        people = work.recipients.of(submission)
        chosen = next(each for each in people if each.name == name or (not name and each.role == Role.PRIMARY))
        link = next(each for each in work.recipients.links_of(submission) if each.recipient == chosen.id)
    return f"/l/{link.id}.{house.secrets.link_secret(link.id)}"


def content(house: App) -> list[object]:
    """All that the database holds, sessions' signs of life included: equal before and after what must not write."""
    with house.db.read() as work:
        held: list[object] = [work.log.all(), work.rounds.all(), work.beats.all(), work.outbox.list()]
        for round_ in work.rounds.all():
            for each in work.submissions.of_round(round_.id):
                held += [
                    each,
                    each.version,
                    work.drafts.of(each.id),
                    work.editions.of(each.id),
                    work.attachments.of(each.id),
                ]
                held += [work.recipients.links_of(each.id), work.recipients.of(each.id)]
        return held


ANSWERS = (
    Answer(question="etableringar", text="Två företag har etablerat sig.\nEtt till är på väg."),
    Answer(question="mark", not_applicable=True, na_reason="Vi anvisar ingen mark."),
    Answer(question="tillstand", text="Åtta veckor i snitt."),
)


def fill_in(house: App, submission: str, answers: tuple[Answer, ...] = ANSWERS) -> None:
    """Save a draft as the contact person."""
    with house.db.read() as work:
        by = work.recipients.of(submission)[0].id
        unit = work.submissions.get(submission)
        asked = work.rounds.get(unit.round).form.asked(unit.kind, unit.unit).keys
        known = work.drafts.of(submission)
    mine = [replace(each, version=known[each.question].version if each.question in known else 0) for each in answers]
    submissions.save_answers(
        house.db, submission, [each for each in mine if each.question in asked], by=by, now=house.now()
    )


def hand_in(house: App, submission: str) -> None:
    """Fill in every question and hand it in."""
    fill_in(house, submission)
    with house.db.read() as work:
        by = work.recipients.of(submission)[0].id
    submissions.submit(house.db, submission, by=by, secrets=house.secrets, calendar=house.calendar, now=house.now())


# --- browsers without a screen ------------------------------------------------


def browser(house: App, language: str = "sv") -> TestClient:
    """A browser that follows no redirect by itself."""
    return TestClient(create_site(house), follow_redirects=False, headers={"Accept-Language": language})


def open_form(house: App, submission: str, *, name: str = "", language: str = "sv") -> TestClient:
    """A browser in which the personal link has been opened."""
    client = browser(house, language)
    opened = client.post(link_of(house, submission, name=name))
    assert opened.status_code == 303, opened.text
    return client


def csrf_of(page: str) -> str:
    """The token of the forms on a page."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return found[1]


# --- fixtures (conftest.py hands them on) ---------------------------------------


@pytest.fixture
def house(tmp_path: Path, sqlite_url: str) -> App:
    """A house with an opened round, Monday 24 May 2027, 09.12."""
    return make_house(tmp_path, sqlite_url)


@dataclass(frozen=True, slots=True)
class LiveSite:
    """A served house: `url` without a slash at its end."""

    house: App
    url: str


@pytest.fixture
def live_site(house: App) -> Iterator[LiveSite]:
    """The house served by Uvicorn on a free port of this machine."""
    server = uvicorn.Server(uvicorn.Config(create_site(house), host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    _wait(lambda: server.started, what="the pages did not start")
    port = server.servers[0].sockets[0].getsockname()[1]
    yield LiveSite(house, f"http://127.0.0.1:{port}")
    server.should_exit = True
    thread.join(timeout=10)


def _wait(until: Callable[[], bool], *, what: str) -> None:
    limit = monotonic() + 10
    while not until():
        assert monotonic() < limit, what
        sleep(0.01)
