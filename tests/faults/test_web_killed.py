"""Matrix rows 10 and 26: the pages die in the midst of a request and the person presses again; or twenty times."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.faults.conftest import Stage
from tests.faults.pages import Tally, answered, enter, pages, press, state, versions
from tests.faults.serving import POINTS
from workflow.demo.browser import Browser
from workflow.domain.submissions import State
from workflow.up import free_port

pytestmark = [pytest.mark.faults, pytest.mark.timeout(90)]

ONE = "2027-K1.u1"
SEED, KILLS = 10, 4


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def person(stage: Stage, port: int) -> Iterator[Browser]:
    with Browser(f"http://127.0.0.1:{port}") as browser:
        yield browser


@pytest.mark.parametrize("point", POINTS)
def test_row_10_killed_while_saving_pressing_again_keeps_exactly_one_version(
    stage: Stage, person: Browser, port: int, point: str
) -> None:
    with pages(stage, port, point, "drafts"):
        enter(stage, person, ONE)
        page = person.open("/svara")
        with pytest.raises(httpx2.HTTPError):
            person.send(page, "/svara", answered(page), button=("action", "save"))
    assert bool(versions(stage, ONE)) == (point == "after commit")
    with pages(stage, port):
        person.send(page, "/svara", answered(page), button=("action", "save"))
    assert set(versions(stage, ONE).values()) == {1}
    assert len(versions(stage, ONE)) == len(answered(page))
    stage.deliver()
    assert stage.violations() == []


@pytest.mark.parametrize("point", POINTS)
def test_row_10_killed_while_handing_in_pressing_again_hands_in_once(
    stage: Stage, person: Browser, port: int, point: str
) -> None:
    with pages(stage, port, point, "editions"):
        enter(stage, person, ONE)
        page = person.open("/svara")
        person.send(page, "/svara", answered(page), button=("action", "save"))
        check = person.open("/svara/kontrollera")
        with pytest.raises(httpx2.HTTPError):
            person.send(check, "/svara/lamna-in")
    assert state(stage, ONE) == ((State.SUBMITTED, 1) if point == "after commit" else (State.DRAFT, 0))
    with pages(stage, port):
        person.send(check, "/svara/lamna-in")
        assert person.url == "/svara/kvitto"
    assert state(stage, ONE) == (State.SUBMITTED, 1)
    stage.deliver()
    assert stage.violations() == []


@pytest.mark.timeout(240)
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_row_10_killed_again_and_again(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """As `python -m tests.faults.pages` does five hundred times: also between the named points."""
    server = request.getfixturevalue("postgres_server") if database == "postgres" else ""
    (world,) = press(server, tmp_path, SEED, KILLS)
    total = sum(world.found.values(), Tally())
    assert (total.kills, total.lost, total.doubled) == (KILLS, 0, 0)
    assert total.answered < KILLS, "everybody was answered: the harness is idle"
    assert list(world.violations) == []


def test_row_26_twenty_presses_at_once_hand_in_once(stage: Stage, person: Browser, port: int) -> None:
    with pages(stage, port):
        enter(stage, person, ONE)
        page = person.open("/svara")
        person.send(page, "/svara", answered(page), button=("action", "save"))
        check = person.open("/svara/kontrollera")
        form = next(form for form in check.forms if form.get("action", "").endswith("/lamna-in"))
        data, line = dict(form.form_values()), threading.Barrier(20)

        def press(_: int) -> tuple[int, str]:
            line.wait(20)
            reply = person._client.post("/svara/lamna-in", data=data, follow_redirects=False)
            return reply.status_code, reply.headers.get("location", "")

        with ThreadPoolExecutor(20) as pool:
            replies = list(pool.map(press, range(20)))
    assert set(replies) == {(303, "/svara/kvitto")}
    assert state(stage, ONE) == (State.SUBMITTED, 1)
    assert stage.events("submission.submitted") == 1
    stage.deliver()
    assert stage.violations() == []
