"""Matrix rows 10 and 26: the pages die in the midst of a request and the person presses again; or twenty times."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx2
import pytest
from lxml.html import HtmlElement

from tests.faults.conftest import Stage, until
from tests.faults.hand import start
from tests.faults.serving import POINTS, serve
from workflow.demo.browser import Browser
from workflow.domain.submissions import State

pytestmark = [pytest.mark.faults, pytest.mark.timeout(90)]

ONE = "2027-K1.u1"
TEXT = "Skrivet strax innan det slocknade."
FIELDS = ("text.etableringar", "text.mark", "text.tillstand")


@contextmanager
def pages(stage: Stage, port: int, point: str = "", door: str = "") -> Iterator[None]:
    process = start(stage.context, serve, stage.place, port, point, door)
    try:
        until(lambda: answers(port), "the pages answer")
        yield
    finally:
        process.kill()
        process.join()


def answers(port: int) -> bool:
    try:
        return bool(httpx2.get(f"http://127.0.0.1:{port}/healthz", timeout=2).is_success)
    except httpx2.HTTPError:
        return False


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def person(stage: Stage, port: int) -> Iterator[Browser]:
    with Browser(f"http://127.0.0.1:{port}") as browser:
        yield browser


def enter(stage: Stage, person: Browser) -> None:
    with stage.house.db.read() as work:
        link = work.recipients.links_of(ONE)[0]
    path = f"/l/{link.id}.{stage.house.secrets.link_secret(link.id)}"
    person.send(person.open(path), path)


def answered(page: HtmlElement) -> dict[str, str | bool]:
    """The fields of this unit's form, all filled in."""
    return {name: TEXT for name in FIELDS if any(name in form.fields for form in page.forms)}


def versions(stage: Stage) -> dict[str, int]:
    with stage.house.db.read() as work:
        return {answer.question: answer.version for answer in work.drafts.of(ONE).values() if answer.text == TEXT}


def state(stage: Stage) -> tuple[State, int]:
    with stage.house.db.read() as work:
        submission = work.submissions.get(ONE)
    return submission.state, submission.edition


@pytest.mark.parametrize("point", POINTS)
def test_row_10_killed_while_saving_pressing_again_keeps_exactly_one_version(
    stage: Stage, person: Browser, port: int, point: str
) -> None:
    with pages(stage, port, point, "drafts"):
        enter(stage, person)
        page = person.open("/svara")
        with pytest.raises(httpx2.HTTPError):
            person.send(page, "/svara", answered(page), button=("action", "save"))
    assert bool(versions(stage)) == (point == "after commit")
    with pages(stage, port):
        person.send(page, "/svara", answered(page), button=("action", "save"))
    assert set(versions(stage).values()) == {1}
    assert len(versions(stage)) == len(answered(page))
    stage.deliver()
    assert stage.violations() == []


@pytest.mark.parametrize("point", POINTS)
def test_row_10_killed_while_handing_in_pressing_again_hands_in_once(
    stage: Stage, person: Browser, port: int, point: str
) -> None:
    with pages(stage, port, point, "editions"):
        enter(stage, person)
        page = person.open("/svara")
        person.send(page, "/svara", answered(page), button=("action", "save"))
        check = person.open("/svara/kontrollera")
        with pytest.raises(httpx2.HTTPError):
            person.send(check, "/svara/lamna-in")
    assert state(stage) == ((State.SUBMITTED, 1) if point == "after commit" else (State.DRAFT, 0))
    with pages(stage, port):
        person.send(check, "/svara/lamna-in")
        assert person.url == "/svara/kvitto"
    assert state(stage) == (State.SUBMITTED, 1)
    stage.deliver()
    assert stage.violations() == []


def test_row_26_twenty_presses_at_once_hand_in_once(stage: Stage, person: Browser, port: int) -> None:
    with pages(stage, port):
        enter(stage, person)
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
    assert state(stage) == (State.SUBMITTED, 1)
    assert stage.events("submission.submitted") == 1
    stage.deliver()
    assert stage.violations() == []
