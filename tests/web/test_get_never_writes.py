"""No address of the site changes anything when it is only looked at: mail scanners and preloading browsers look."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from tests.test_privacy import addresses, messages
from tests.web.houses import NORRBY, ROUND, browser, content, fill_in, hand_in, link_of, open_form
from tests.web.office import sign_in
from workflow.bootstrap import App
from workflow.domain.codes import LinkMode
from workflow.ports import Database, Meanwhile, Work, nothing_else


class _UndoneError(Exception):
    """Makes the database roll back."""


class RefusingToCommit:
    """A database in which what was to be kept is noted, and not kept."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.commits = 0

    @contextmanager
    def begin(self, meanwhile: Meanwhile = nothing_else) -> Iterator[Work]:
        with suppress(_UndoneError), self._database.begin(meanwhile) as work:
            yield work
            self.commits += 1
            raise _UndoneError

    def read(self) -> AbstractContextManager[Work]:
        return self._database.read()


def refuse(client: TestClient, house: App) -> RefusingToCommit:
    refusing = RefusingToCommit(house.db)
    room = replace(house.mailroom, db=refusing)
    client.app.state.house = replace(house, db=refusing, mailroom=room)  # type: ignore[attr-defined]
    return refusing


@pytest.fixture(params=LinkMode)
def busy(house: App, request: pytest.FixtureRequest) -> App:
    """One unit has a draft, one has handed in; links open in each of the ways."""
    fill_in(house, NORRBY)
    hand_in(house, "2027-T1.hamn")
    with house.db.begin() as work:
        work.rounds.save(replace(work.rounds.get(ROUND), links=request.param))
    return house


def visitors(house: App) -> Iterator[tuple[str, TestClient]]:
    yield "nobody", browser(house)
    yield "coordinator", sign_in(house)


def paths(house: App, client: TestClient) -> list[str]:
    token = link_of(house, NORRBY).removeprefix("/l/")
    links = [f"/l/{token}", f"/l/{token.partition('.')[0]}", f"/l/{token.partition('.')[0]}/kod"]
    return [*dict.fromkeys(addresses(client, messages(house)[0])), *links]


def look_everywhere(house: App, client: TestClient) -> list[str]:
    """The addresses at which looking was about to change something."""
    every, refusing, wrote = paths(house, client), refuse(client, house), []
    assert len(every) > 50
    for path in every:
        for method in ("GET", "HEAD", "OPTIONS"):
            before = refusing.commits
            client.request(method, path)
            if refusing.commits > before:
                wrote.append(f"{method} {path}")
    return wrote


def test_looking_writes_nothing_for_nobody_and_for_a_coordinator(busy: App) -> None:
    everybody = list(visitors(busy))
    before = content(busy)
    for who, client in everybody:
        assert look_everywhere(busy, client) == [], who
    assert content(busy) == before


def test_looking_writes_nothing_for_a_contact_person(house: App) -> None:
    fill_in(house, NORRBY)
    client = open_form(house, NORRBY)
    before = content(house)
    assert look_everywhere(house, client) == []
    assert content(house) == before


def test_pressing_does(house: App) -> None:
    """So that the tests above can fail."""
    client = browser(house)
    refusing = refuse(client, house)
    client.post(link_of(house, NORRBY))
    assert refusing.commits == 1
