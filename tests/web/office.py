"""A coordinator at their pages, for the tests of them."""

import re
from dataclasses import dataclass, replace
from typing import Any

from starlette.testclient import TestClient

from tests.fakes.queue import FakeQueue
from tests.web.houses import COORDINATOR, ROUND, browser, csrf_of
from workflow.bootstrap import App
from workflow.domain.messages import Message, MessageState
from workflow.domain.submissions import Submission
from workflow.ports import Job
from workflow.web.site import LANGUAGE_COOKIE

ROUND_PAGE = f"/omgang/{ROUND}"


def sign_in(house: App, language: str = "sv", who: tuple[str, str] = COORDINATOR) -> TestClient:
    client = browser(house, language)
    answer = client.post("/login", data={"email": who[0], "password": who[1]})
    assert answer.status_code == 303, answer.text
    client.cookies.set(LANGUAGE_COOKIE, language)
    return client


@dataclass(frozen=True, slots=True)
class Shown:
    """A unit's page as it was shown: the fields that every form of it carries."""

    client: TestClient
    url: str
    csrf: str
    version: str
    footing: str
    edition: str

    def post(self, action: str, /, **typed: str) -> "Answer":
        """`typed` with __ for the dot of a field's name."""
        fields = {name.replace("__", "."): value for name, value in typed.items()}
        sent = self.client.post(f"{self.url}/{action}", data=self._shared() | fields)
        return Answer(sent.status_code, sent.text, sent.headers.get("location", ""))

    def _shared(self) -> dict[str, str]:
        return {"csrf": self.csrf, "version": self.version, "footing": self.footing, "edition": self.edition}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str
    location: str


def show(client: TestClient, unit: str) -> Shown:
    url = f"{ROUND_PAGE}/underlag/{unit}"
    page = client.get(url)
    assert page.status_code == 200, page.text
    carried = {
        name: found[1] if (found := re.search(rf'name="{name}" value="([^"]+)"', page.text)) else ""
        for name in ("version", "footing", "edition")
    }
    return Shown(client, url, csrf_of(page.text), **carried)


def submission(house: App, submission_id: str) -> Submission:
    with house.db.read() as work:
        return work.submissions.get(submission_id)


def asked(house: App) -> list[Job]:
    """The background jobs that were asked for, in order."""
    assert isinstance(house.queue, FakeQueue)
    return house.queue.asked


def make_mail(house: App, submission_id: str, state: MessageState, **changes: Any) -> Message:
    """Bring the unit's invitation into a state, as a worker would have left it."""
    with house.db.begin() as work:
        before = work.outbox.get(work.outbox.of_submission(submission_id)[0].id)
        after = replace(before, state=state, **changes)
        assert work.outbox.change(before, after)
        return after
