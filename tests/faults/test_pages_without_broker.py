"""Matrix row 11: a real web process whose broker is absent, frozen or full: whoever hands in hardly notices."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext
from pathlib import Path
from urllib.parse import unquote

import pytest
from redis import Redis

from tests.builders import an_answer
from tests.faults.conftest import Stage, make_stage, until
from tests.faults.pages import is_answering
from workflow.adapters.broker import EmbeddedValkey
from workflow.demo.browser import Browser
from workflow.domain.submissions import State
from workflow.services import submissions
from workflow.settings import as_environment
from workflow.up import free_port

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

BEFORE, AFTERWARDS = 4, 8
ONCE = 3.0  # seconds; 0.8 are promised, and whoever waits for a frozen broker waits for its timeout, or for ever
AFTER_THAT = 0.5  # seconds; if each waited as long as the first, it were 0.8


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    broker = EmbeddedValkey(tmp_path / "broker")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def stage(sqlite_url: str, tmp_path: Path, context: ForkServerContext) -> Iterator[Stage]:
    with make_stage(sqlite_url, tmp_path, context, count=BEFORE + 1 + AFTERWARDS) as made:
        yield made


@contextmanager
def pages(stage: Stage, broker: EmbeddedValkey) -> Iterator[int]:
    port = free_port()
    settings = stage.house.settings.model_copy(update={"redis_url": broker.url, "port": port})
    with subprocess.Popen([sys.executable, "-P", "-m", "workflow.web"], env=as_environment(settings)) as process:
        try:
            until(lambda: is_answering(port), "the pages answer", 60)
            yield port
        finally:
            process.kill()


@contextmanager
def harmed(broker: EmbeddedValkey, fault: str) -> Iterator[None]:
    pid = broker.pid
    assert pid
    if fault == "frozen":
        os.kill(pid, signal.SIGSTOP)
    elif fault == "absent":
        broker.stop()
    else:
        with Redis(unix_socket_path=unquote(broker.url.removeprefix("redis+socket://"))) as client:
            client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        if fault == "frozen":
            os.kill(pid, signal.SIGCONT)


def seconds_to_hand_in(stage: Stage, port: int, submission_id: str) -> float:
    """From the press until the receipt stands there; all is answered by then."""
    questions = submissions.sheet(stage.house.db, submission_id).questions.keys
    some = [an_answer(key) for key in questions]
    submissions.save_answers(stage.house.db, submission_id, some, by="r", now=stage.place.now())
    with stage.house.db.read() as work:
        link = work.recipients.links_of(submission_id)[0]
    path = f"/l/{link.id}.{stage.house.secrets.link_secret(link.id)}"
    with Browser(f"http://127.0.0.1:{port}") as person:
        person.send(person.open(path), path)
        check = person.open("/svara/kontrollera")
        began = time.monotonic()
        person.send(check, "/svara/lamna-in")
        took = time.monotonic() - began
        assert person.url == "/svara/kvitto"
    return took


@pytest.mark.parametrize("fault", ["absent", "frozen", "full"])
def test_row_11_a_page_that_asks_for_a_job_is_a_little_slower_once_and_then_not_at_all(
    stage: Stage, broker: EmbeddedValkey, fault: str
) -> None:
    with stage.house.db.read() as work:
        owed = [each.id for each in work.submissions.of_round(stage.round.id)]
    with pages(stage, broker) as port:
        usual = [seconds_to_hand_in(stage, port, each) for each in owed[:BEFORE]]
        with harmed(broker, fault):
            first, *later = [seconds_to_hand_in(stage, port, each) for each in owed[BEFORE:]]
    assert first < max(usual) + ONCE
    assert min(later) < min(usual) + AFTER_THAT
    with stage.house.db.read() as work:
        assert {each.state for each in work.submissions.of_round(stage.round.id)} == {State.SUBMITTED}
    stage.deliver()
    assert stage.violations() == []
