"""Rows 10, 12, 13, 22, 27: what was answered with 2xx is in a version, byte for byte, though pages or database die."""

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing.context import ForkServerContext
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from lxml import html
from lxml.html import HtmlElement
from sqlalchemy import Connection, create_engine, make_url, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tests.conftest import new_postgres
from tests.faults.conftest import Stage, make_stage, until
from tests.faults.hand import worker
from tests.faults.pages import FIELDS, TEXT, pages
from tests.faults.test_databases import fall_over, mortal_server
from tests.faults.test_web_killed import port
from workflow.adapters.db import migrate
from workflow.adapters.db.engine import make_engine
from workflow.adapters.db.tables import answers
from workflow.demo.browser import Browser

__all__ = ["mortal_server", "port"]

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]

KILLS = 6
SEED = 20270528
WRITERS = ("2027-K1.u1", "2027-K1.u1", "2027-K1.u2", "2027-K1.u3")  # two of them on one unit
LETTERS = "abcåäö é\u0301\u00ad\u00a0🙂שלום\n\t”…&<>'\"%+=;"
Version = tuple[str, str, int, str]


@dataclass
class Writer:
    """A page's script that types on: it sends, hears or hears nothing, and takes the newest version after a clash."""

    person: Browser
    submission: str
    csrf: str
    questions: tuple[str, ...]
    dice: random.Random
    accepted: list[Version] = field(default_factory=list)
    clashes: int = 0
    unheard: int = 0

    def type_on(self, stop: threading.Event) -> None:
        versions = dict.fromkeys(self.questions, 0)
        while not stop.is_set():
            key = self.dice.choice(self.questions)
            text = "".join(self.dice.choices(LETTERS, k=self.dice.randint(1, 400)))
            reply = self._send(key, text, versions[key])
            if reply is None:
                self.unheard += 1
                stop.wait(0.01)
                continue
            assert reply.status_code in {200, 409}, reply.text
            told = reply.json()
            versions[key] = told["version"]
            if reply.status_code == 200:
                self.accepted.append((self.submission, key, told["version"], text))
            self.clashes += reply.status_code == 409

    def _send(self, key: str, text: str, version: int) -> httpx2.Response | None:
        data = {"csrf": self.csrf, f"text.{key}": text, f"version.{key}": str(version)}
        try:
            reply = self.person._client.post(f"/svara/fraga/{key}", data=data)
        except httpx2.HTTPError:
            return None
        return None if reply.status_code == 503 else reply


@pytest.fixture
def writers(stage: Stage, port: int) -> Iterator[list[Writer]]:
    with writers_at(stage, port) as made:
        yield made


@contextmanager
def writers_at(stage: Stage, port: int) -> Iterator[list[Writer]]:
    """They have opened their forms; the pages have been stopped since."""
    with ExitStack() as people:
        with pages(stage, port):
            made = [
                _writer(stage, people.enter_context(Browser(f"http://127.0.0.1:{port}")), submission, number)
                for number, submission in enumerate(WRITERS)
            ]
        yield made


def _writer(stage: Stage, person: Browser, submission: str, number: int) -> Writer:
    path = _link(stage, submission)
    page = person.send(person.open(path), path)
    form = next(each for each in page.forms if each.get("id") == "svara")
    questions = tuple(name.removeprefix("text.") for name in form.fields if name.startswith("text."))
    return Writer(person, submission, form.fields["csrf"], questions, random.Random(SEED + number))  # noqa: S311


def _link(stage: Stage, submission: str) -> str:
    with stage.house.db.read() as work:
        link = work.recipients.links_of(submission)[0]
    return f"/l/{link.id}.{stage.house.secrets.link_secret(link.id)}"


def _stored(stage: Stage) -> set[Version]:
    engine = make_engine(stage.place.database_url)
    with engine.connect() as connection:
        rows = connection.execute(select(answers.c.submission, answers.c.question, answers.c.version, answers.c.text))
        found = {(row.submission, row.question, row.version, row.text) for row in rows}
    engine.dispose()
    return found


def test_what_was_accepted_is_in_a_version_byte_for_byte(stage: Stage, writers: list[Writer], port: int) -> None:
    dice = random.Random(SEED)  # noqa: S311 - chance, no secret
    with typing_on(writers):
        for _ in range(KILLS):
            enough = heard(writers) + dice.randint(0, 25)
            with pages(stage, port):
                until(lambda enough=enough: heard(writers) > enough, "the writers are answered")  # type: ignore[misc]
    check(stage, writers)


@pytest.mark.postgres
def test_what_was_accepted_outlives_the_database(
    mortal_server: str, tmp_path: Path, context: ForkServerContext, port: int
) -> None:
    """The server is stopped in the midst of it and started again; the same pages go on."""
    dice = random.Random(SEED)  # noqa: S311 - chance, no secret
    with new_postgres(mortal_server) as url:
        migrate.upgrade(url)
        with make_stage(url, tmp_path, context) as stage, writers_at(stage, port) as writers:
            with pages(stage, port), typing_on(writers):
                for _ in range(KILLS):
                    enough = heard(writers) + dice.randint(0, 25)
                    until(lambda enough=enough: heard(writers) > enough, "the writers are answered")  # type: ignore[misc]
                    fall_over(mortal_server)
                enough = heard(writers)
                until(lambda: heard(writers) > enough, "the writers are answered again")
            check(stage, writers)


@pytest.mark.postgres
def test_row_12_no_connection_is_left_and_nothing_that_was_accepted_is_lost(
    postgres_url: str, tmp_path: Path, context: ForkServerContext, port: int
) -> None:
    """Pages and worker share a role that may have two connections; now and then others have them all."""
    with make_stage(postgres_url, tmp_path, context) as stage, narrow_role(postgres_url) as narrow:
        within = replace(stage, place=replace(stage.place, database_url=narrow))
        delivering = within.start(worker)
        until(lambda: not is_any_planned(stage), "the worker delivers")
        with writers_at(within, port) as writers, pages(within, port):
            hurried = writers[3].person
            page = hurried.open("/svara")
            with typing_on(writers):
                for _ in range(3):
                    enough = heard(writers)
                    until(lambda enough=enough: heard(writers) > enough + 10, "the writers are answered")  # type: ignore[misc]
                    with taken(postgres_url, narrow):
                        missed = unheard(writers)
                        until(lambda missed=missed: unheard(writers) > missed + 10, "the writers are turned away")  # type: ignore[misc]
                        assert echoed(hurried, page, "/svara") == {TEXT}
                        assert echoed(hurried, page, "/svara/lamna-in") == set()
                widen(postgres_url, narrow)
                stage.next_reminders()
                until(lambda: not is_any_planned(stage), "the worker goes on")
                assert delivering.is_alive()
            hurried.send(hurried.open("/svara"), "/svara", dict.fromkeys(FIELDS, TEXT), button=("action", "save"))
            assert {text for submission, _, _, text in _stored(stage) if submission == WRITERS[3]} >= {TEXT}
        check(stage, writers)


@contextmanager
def narrow_role(url: str) -> Iterator[str]:
    """The URL for a role that has our rights, and at most two connections."""
    role, password = f"narrow_{uuid4().hex}", uuid4().hex
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        us = connection.exec_driver_sql("SELECT current_user").scalar_one()
        connection.exec_driver_sql(
            f"CREATE ROLE {role} LOGIN PASSWORD '{password}' CONNECTION LIMIT 2 IN ROLE \"{us}\""
        )
    try:
        yield make_url(url).set(username=role, password=password).render_as_string(hide_password=False)
    finally:
        until(lambda: throw_out(url, role) == 0, "all have left")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP ROLE {role}")


def widen(url: str, narrow: str) -> None:
    """There is room again, also for the sessions that the others keep."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"ALTER ROLE {make_url(narrow).username} CONNECTION LIMIT -1")


@contextmanager
def taken(url: str, narrow: str) -> Iterator[None]:
    """Somebody else has all connections of the role; whoever had one has been thrown out."""
    engine = create_engine(narrow, poolclass=NullPool)
    ours: list[Connection] = []

    def has_all() -> bool:
        with suppress(OperationalError):
            ours.append(engine.connect())
        if len(ours) < 2:
            spared = [each.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() for each in ours]
            throw_out(url, engine.url.username, spared)
        return len(ours) == 2

    try:
        until(has_all, "all connections are taken")
        yield
    finally:
        for each in ours:
            each.close()


def throw_out(url: str, role: str | None, spared: Sequence[int] = ()) -> int:
    """End the role's sessions; gives how many there were."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    theirs = "FROM pg_stat_activity WHERE usename = :role AND pid <> ALL(:spared)"
    with engine.connect() as connection:
        ended = connection.execute(
            text(f"SELECT pg_terminate_backend(pid) {theirs}"), {"role": role, "spared": list(spared)}
        )
        return len(ended.all())


def echoed(person: Browser, page: HtmlElement, path: str) -> set[str]:
    """What comes back when a person sends the page's form and is told to wait."""
    form = next(each for each in page.forms if each.get("id") == "svara")
    texts = {name: TEXT for name in FIELDS if name in form.fields and path == "/svara"}
    reply = person._client.post(path, data={**dict(form.form_values()), **texts, "action": "save"})
    assert reply.status_code == 503, reply.text
    shown = html.document_fromstring(reply.text).iter("textarea")
    return {str(each.text).strip() for each in shown} & {TEXT}


def is_any_planned(stage: Stage) -> bool:
    with stage.house.db.read() as work:
        return bool(work.outbox.due(stage.place.now(), limit=1))


def unheard(writers: list[Writer]) -> int:
    return sum(each.unheard for each in writers)


@contextmanager
def typing_on(writers: list[Writer]) -> Iterator[None]:
    stop = threading.Event()
    threads = [threading.Thread(target=each.type_on, args=(stop,), daemon=True) for each in writers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(40)
    assert not any(thread.is_alive() for thread in threads)


def heard(writers: list[Writer]) -> int:
    """How many of their questions have been answered by the pages."""
    return sum(len(each.accepted) + each.clashes for each in writers)


def check(stage: Stage, writers: list[Writer]) -> None:
    accepted = [each for writer in writers for each in writer.accepted]
    assert len(accepted) >= KILLS
    assert sum(each.unheard for each in writers) > 0  # or nothing was killed in the midst
    assert sum(each.clashes for each in writers) > 0
    assert set(accepted) - _stored(stage) == set()
    assert len({(submission, key, version) for submission, key, version, _ in accepted}) == len(accepted)
    stage.deliver()
    assert stage.violations() == []
