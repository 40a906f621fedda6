"""`tertial up` under SIGKILL and FLUSHALL: every process dies once, and nothing that was promised is lost."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import TypeVar

import httpx2
import pytest
import redis

from workflow.adapters.broker import EmbeddedValkey
from workflow.adapters.clock import set_now
from workflow.adapters.mail.mailbox import read_mailbox
from workflow.bootstrap import App, build
from workflow.demo.browser import Browser
from workflow.domain.calendar import swedish_calendar
from workflow.domain.messages import LEASE, MessageKind, MessageState
from workflow.domain.submissions import State, submission_id
from workflow.settings import load_settings

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

CALENDAR = swedish_calendar()
ROUND = "2027-T1"
OPENS = CALENDAR.at(date(2027, 4, 19), clock_time(8))
FIRST_REMINDER = CALENDAR.at(date(2027, 5, 4), clock_time(9))
ENDS = {MessageState.SENT, MessageState.UNKNOWN, MessageState.FAILED, MessageState.CANCELLED, MessageState.SKIPPED}
PROCESSES = {
    "valkey": "valkey-server",
    "broker": "workflow.adapters.broker",
    "smtp": "workflow.adapters.mail.listener",
    "worker": "tasks.worker",
    "scheduler": "tasks.scheduler",
    "web": "workflow.web",
}


@dataclass
class Installation:
    """One `tertial up` with a data folder, a clock the test moves, and its processes as the kernel sees them."""

    data: Path
    port: int
    process: subprocess.Popen[bytes]
    app: App

    @property
    def clock(self) -> Path:
        return self.data / "clock.json"

    def kill(self, name: str) -> None:
        """SIGKILL the newest process of that kind that belongs to this installation."""
        pid = until(lambda: next(iter(self.pids(name)), None), f"{name} runs")
        os.kill(pid, signal.SIGKILL)
        until(lambda: pid not in self.pids(name), f"{name} is dead")

    def pids(self, name: str) -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                environment = (entry / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if PROCESSES[name] in command and f"TERTIAL_DATA={self.data}\0" in environment + "\0":
                found.append(int(entry.name))
        return found

    def invitations(self) -> Counter[str]:
        return Counter(mail.to for mail in read_mailbox(self.data / "mail") if mail.kind == MessageKind.INVITATION)

    def states(self, kind: MessageKind) -> Counter[MessageState]:
        with self.app.db.read() as work:
            return Counter(message.state for message in work.outbox.list(round_id=ROUND, kinds={kind}))


Found = TypeVar("Found")


def until(ask: Callable[[], Found | None], what: str, patience: float = 60) -> Found:
    """Ask again and again until the answer is true."""
    deadline, pause = time.monotonic() + patience, threading.Event()
    while not (found := ask()):
        assert time.monotonic() < deadline, f"never came true: {what}"
        pause.wait(0.05)
    return found


@contextmanager
def tertial_up(data: Path, port: int) -> Iterator[Installation]:
    environment = {**os.environ, "TERTIAL_CLOCK": str(data / "clock.json"), "TICK_SECONDS": "0.3"}  # noqa: TID251
    command = [sys.executable, "-m", "workflow", "up", "--data", str(data), "--port", str(port)]
    with (data / "up.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    settings = load_settings(data_dir=data, clock_file=data / "clock.json", port=port)
    try:
        until(lambda: answers(port), "the pages answer")
        yield Installation(data, port, process, build(settings))
    finally:
        process.terminate()
        process.wait(60)


def answers(port: int) -> bool:
    try:
        return bool(httpx2.get(f"http://127.0.0.1:{port}/healthz", timeout=2).is_success)
    except httpx2.HTTPError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data med blank"
    folder.mkdir()
    set_now(folder / "clock.json", OPENS - timedelta(hours=1))
    return folder


def settled_within(seconds: float, up: Installation, kind: MessageKind, expected: int) -> bool:
    try:
        return until(lambda: settled(up, kind, expected), "all have an end", seconds)
    except AssertionError:
        return False


def settled(up: Installation, kind: MessageKind, expected: int) -> bool:
    states = up.states(kind)
    return sum(states.values()) == expected and set(states) <= ENDS


@pytest.mark.parametrize("name", PROCESSES)
def test_any_one_process_may_be_killed_while_45_invitations_leave(data: Path, name: str) -> None:
    with tertial_up(data, free_port()) as up:
        until(lambda: up.app.db.read, "the database is there")
        set_now(up.clock, OPENS)
        until(lambda: up.states(MessageKind.INVITATION), "the round opens")
        up.kill(name)
        until(lambda: up.pids(name), f"{name} is started again")
        # What a dead worker held is free again; then on and on: a try that met no listener is due minutes later.
        for late in range(90):
            set_now(up.clock, OPENS + LEASE + timedelta(minutes=10 + late))
            if settled_within(1, up, MessageKind.INVITATION, 45):
                break
        states, received = up.states(MessageKind.INVITATION), up.invitations()
        assert max(received.values()) == 1
        assert set(states) <= {MessageState.SENT, MessageState.UNKNOWN}
        assert states[MessageState.SENT] <= len(received) <= 45
        assert len(received) + states[MessageState.UNKNOWN] >= 45


def test_everything_killed_at_once_goes_on_where_it_was(data: Path) -> None:
    port = free_port()
    with tertial_up(data, port) as up:
        set_now(up.clock, OPENS)
        until(lambda: settled(up, MessageKind.INVITATION, 45), "all are invited")
        saved = save_an_answer(up)
        up.process.kill()
        until(lambda: not any(up.pids(name) for name in PROCESSES), "no process outlives its supervisor")
    with tertial_up(data, port) as up:
        with up.app.db.read() as work:
            kept = work.drafts.of(submission_id(ROUND, "sdn-haa"))
        assert kept["kultur"].text == saved
        set_now(up.clock, FIRST_REMINDER)
        until(lambda: settled(up, MessageKind.REMINDER, 28), "the committees are reminded")
        assert up.invitations() == Counter(dict.fromkeys(up.invitations(), 1))
        assert len(up.invitations()) == 45


def test_emptying_valkey_loses_nothing(data: Path) -> None:
    with tertial_up(data, free_port()) as up:
        broker = redis.Redis.from_url(EmbeddedValkey(up.data / "valkey").url.replace("redis+socket", "unix"))
        set_now(up.clock, OPENS)
        for _ in range(10):
            broker.flushall()
        until(lambda: settled(up, MessageKind.INVITATION, 45), "all are invited")
        broker.flushall()
        set_now(up.clock, FIRST_REMINDER)
        broker.flushall()
        until(lambda: settled(up, MessageKind.REMINDER, 28), "the committees are reminded")
        broker.close()
        assert set(up.states(MessageKind.INVITATION)) == set(up.states(MessageKind.REMINDER)) == {MessageState.SENT}


def save_an_answer(up: Installation) -> str:
    """As a contact person does: by the link in the mail, through the page."""
    text = "Sparat strax före strömavbrottet."
    with up.app.db.read() as work:
        submission = work.submissions.get(submission_id(ROUND, "sdn-haa"))
        link = work.recipients.links_of(submission.id)[0]
    path = f"/l/{link.id}.{up.app.secrets.link_secret(link.id)}"
    with Browser(f"http://127.0.0.1:{up.port}") as browser:
        page = browser.send(browser.open(path), path)
        browser.send(page, "/svara", {"text.kultur": text}, button=("action", "save"))
    with up.app.db.read() as work:
        assert work.submissions.get(submission.id).state is State.DRAFT
    return text
