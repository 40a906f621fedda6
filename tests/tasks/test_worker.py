"""A real worker whose Redis is absent, frozen, emptied, full or shut: mail leaves all the same, it ends when told."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote

import pytest
from redis import Redis

from tests.builders import OPENS_AT, a_contact, a_round, a_unit
from workflow.adapters.broker import EmbeddedValkey
from workflow.adapters.clock import set_now
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.mail.listener import MailListener, read_mailbox
from workflow.adapters.queue import QUEUE, CeleryQueue
from workflow.bootstrap import App, build, make_clock
from workflow.domain.errors import RoundMoveRefusedError
from workflow.domain.rounds import RoundState
from workflow.ports import Job
from workflow.services import rounds
from workflow.settings import Settings, as_environment, load_settings

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

TICK = 1
LATEST = 5.5  # seconds: patience max(1.5 ticks, 5) and a turn max(0.25 ticks, 0.5); with the shipped 30 s tick 52.5
SLACK = 10.0  # seconds for a busy machine, and for the mail itself
QUIET_END = 20.0  # seconds; `tertial up` kills after 35
PASSWORD = "ett-hemligt-losenord"
SAID = {
    "full": "OutOfMemoryError",
    "disk": "MISCONF",
    "replica": "ReadOnlyError",
    "password": "Authentication required",
    "wrong password": "invalid username-password",
}


@pytest.fixture
def clock_file(tmp_path: Path) -> Path:
    """A Monday at 08:00, whatever day the tests run: mail leaves in office hours only."""
    set_now(tmp_path / "clock.json", OPENS_AT)
    return tmp_path / "clock.json"


@pytest.fixture
def listening(settings: Settings, clock_file: Path) -> Iterator[Settings]:
    """The settings of a rehearsal, with a mail server that takes everything."""
    rehearsal = settings.model_copy(update={"clock_file": clock_file, "tick_seconds": TICK})
    listener = MailListener(rehearsal.mail_folder, clock=make_clock(rehearsal))
    port = listener.start()
    yield load_settings(**dict(rehearsal.model_copy(update={"smtp_port": port})))
    listener.stop()


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    broker = EmbeddedValkey(tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.stop()


@contextmanager
def working(settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tasks.worker"],
            env=as_environment(settings),
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=Path(__file__).parents[2],
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()


@contextmanager
def opened(settings: Settings) -> Iterator[App]:
    house = build(settings)
    assert isinstance(house.db, SqlDatabase)
    with closing(house.db):
        yield house


def open_round(house: App) -> None:
    """From here on one invitation is due."""
    with house.db.begin() as work:
        work.people.replace([a_unit()], [a_contact()])
        work.rounds.add(a_round(state=RoundState.PLANNED, opened_at=None))
    with suppress(RoundMoveRefusedError):  # its time has come: the worker may have been first
        rounds.open_round(house.db, a_round().id, secrets=house.secrets, calendar=house.calendar, now=house.now())


def await_that(happens: Callable[[], object], *, within: float) -> float:
    """How long it took, in seconds."""
    began = time.monotonic()
    while not happens():
        assert time.monotonic() - began < within, "it did not happen in time"
        time.sleep(0.05)
    return time.monotonic() - began


def says(log: Path, words: str) -> Callable[[], bool]:
    return lambda: words in log.read_text(encoding="utf-8", errors="replace")


def polled(log: Path) -> int:
    """How many jobs the worker has done that nobody asked it for."""
    return log.read_text(encoding="utf-8", errors="replace").count("job done without the queue")


def ends(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(QUIET_END) == 0


def test_without_a_broker_it_starts_sends_and_ends(listening: Settings, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    with opened(listening) as house, working(listening, log) as process:
        await_that(lambda: polled(log), within=60)
        open_round(house)
        await_that(lambda: read_mailbox(listening.mail_folder), within=LATEST + SLACK)
        ends(process)
    assert "Traceback" not in log.read_text(encoding="utf-8")


@pytest.mark.parametrize("fault", ["frozen", "emptied", "killed"])
def test_when_the_broker_fails_mail_leaves_all_the_same(
    listening: Settings, broker: EmbeddedValkey, tmp_path: Path, fault: str
) -> None:
    log = tmp_path / "worker.log"
    with_broker = load_settings(**dict(listening.model_copy(update={"redis_url": broker.url})))
    with opened(with_broker) as house, working(with_broker, log) as process:
        await_that(says(log, " ready."), within=60)
        for job in Job:
            house.queue.ask(job)
        with harmed(broker, fault):
            open_round(house)
            began = time.monotonic()
            house.queue.ask(Job.DELIVER)
            if fault == "emptied":
                empty(broker)
            assert time.monotonic() - began < 1 + SLACK * (fault == "emptied"), "a page would have waited"
            await_that(lambda: read_mailbox(listening.mail_folder), within=LATEST + SLACK)
            already = polled(log)
            await_that(lambda: polled(log) >= already + len(Job), within=LATEST + SLACK)  # each looks once more
            assert len(read_mailbox(listening.mail_folder)) == 1
            ends(process)


@contextmanager
def harmed(broker: EmbeddedValkey, fault: str) -> Iterator[None]:
    pid = broker.pid
    assert pid
    if fault == "frozen":
        os.kill(pid, signal.SIGSTOP)
    elif fault == "killed":
        broker.stop()
    try:
        yield
    finally:
        if fault == "frozen":
            os.kill(pid, signal.SIGCONT)


@contextmanager
def asking(broker: EmbeddedValkey) -> Iterator[Redis]:
    """A client that keeps its one connection, and with it what it was allowed when it came."""
    path = unquote(broker.url.removeprefix("redis+socket://"))
    with Redis(unix_socket_path=path, single_connection_client=True) as client:
        yield client


def empty(broker: EmbeddedValkey) -> None:
    with asking(broker) as client:
        client.flushall()


def refuse(client: Redis, why: str) -> None:
    """From here on the broker answers, and says no."""
    if why == "full":
        client.config_set("maxmemory", 1)
    elif why == "disk":
        fail_to_save(client)
    elif why == "replica":
        client.replicaof("127.0.0.1", 1)
    else:
        client.config_set("requirepass", PASSWORD)


def fail_to_save(client: Redis) -> None:
    """A snapshot cannot be written, as on a full disk: the broker takes nothing more (MISCONF)."""
    Path(str(client.config_get("dir")["dir"]), "dump.rdb").mkdir()
    client.set("something", "to save")
    client.config_set("save", "3600 1")
    client.bgsave()
    await_that(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err", within=30)


def relent(client: Redis) -> None:
    client.config_set("maxmemory", 0)
    client.config_set("requirepass", "")
    client.config_set("save", "")


@pytest.mark.parametrize("why", ["full", "disk", "replica", "wrong password"])
def test_a_broker_that_refuses_from_the_start_keeps_no_mail_back(
    listening: Settings, broker: EmbeddedValkey, tmp_path: Path, why: str
) -> None:
    log = tmp_path / "worker.log"
    url = broker.url.replace("://", f"://:{PASSWORD[::-1]}@") if why == "wrong password" else broker.url
    with_broker = load_settings(**dict(listening.model_copy(update={"redis_url": url})))
    with opened(with_broker) as house, asking(broker) as client:
        refuse(client, why)
        with working(with_broker, log) as process:
            await_that(lambda: polled(log), within=60)
            assert says(log, SAID[why])(), "it cannot be reached for another reason: the test is blind"
            open_round(house)
            await_that(lambda: read_mailbox(listening.mail_folder), within=LATEST + SLACK)
            goes_on(process, log, house)
        relent(client)
    assert not says(log, PASSWORD[::-1])()


@pytest.mark.parametrize("why", ["full", "password"])
def test_a_broker_that_begins_to_refuse_and_throws_everybody_out_is_used_again_when_it_relents(
    listening: Settings, broker: EmbeddedValkey, tmp_path: Path, why: str
) -> None:
    log = tmp_path / "worker.log"
    with_broker = load_settings(**dict(listening.model_copy(update={"redis_url": broker.url})))
    with opened(with_broker) as house, asking(broker) as client, working(with_broker, log) as process:
        await_that(says(log, " ready."), within=60)
        refuse(client, why)
        client.client_kill_filter(_type="normal", skipme=True)
        await_that(says(log, SAID[why]), within=60)
        open_round(house)
        await_that(lambda: read_mailbox(listening.mail_folder), within=LATEST + SLACK)
        relent(client)
        house.queue.ask(Job.GATHER)
        await_that(lambda: taken(client), within=60)
        goes_on(process, log, house)


def taken(client: Redis) -> bool:
    """Whether somebody listens, and nothing that was asked for waits."""
    listening = any(each["cmd"] == "brpop" for each in client.client_list())
    return listening and not client.llen(f"tertial:{QUEUE}")


def goes_on(process: subprocess.Popen[bytes], log: Path, house: App) -> None:
    """It lives, each job is done again, nothing has left twice, and it ends when told."""
    already = polled(log)
    await_that(lambda: polled(log) >= already + len(Job), within=LATEST + SLACK)
    assert process.poll() is None
    assert len(read_mailbox(house.settings.mail_folder)) == 1
    ends(process)


def test_while_the_queue_does_its_work_the_poll_leaves_it_alone(
    listening: Settings, broker: EmbeddedValkey, tmp_path: Path
) -> None:
    """On the real clock, with an asker as steady as the scheduler."""
    log = tmp_path / "worker.log"
    real = load_settings(**dict(listening.model_copy(update={"redis_url": broker.url, "clock_file": None})))
    stop = threading.Event()

    def ask_and_ask() -> None:
        queue = CeleryQueue(broker.url)
        while not stop.wait(TICK):
            for job in Job:
                queue.ask(job)

    asker = threading.Thread(target=ask_and_ask)
    asker.start()
    try:
        with working(real, log) as process, opened(real) as house:
            await_that(says(log, " ready."), within=60)

            def beats() -> int:
                with house.db.read() as work:
                    return len(work.beats.all())

            await_that(lambda: beats() == len(Job), within=30)
            already = polled(log)
            time.sleep(2 * LATEST)  # nothing is to happen, for as long as it would take to happen twice
            assert polled(log) == already
            ends(process)
    finally:
        stop.set()
        asker.join()
