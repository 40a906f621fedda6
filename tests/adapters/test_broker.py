"""The embedded Valkey: starts in awkward places, keeps what was queued, is found again, is stopped."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kombu import Connection
from redis import Redis

from workflow.adapters.broker import BrokerError, EmbeddedValkey, _command_line

ROOT = Path(__file__).parents[2]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    broker = EmbeddedValkey(tmp_path / "en mapp med å och mellanslag" / ("lång" * 30))
    yield broker
    broker.stop()


def put(url: str, text: str) -> None:
    with Connection(url) as connection:
        queue = connection.SimpleQueue("test")
        queue.put(text)
        queue.close()


def take(url: str) -> str:
    with Connection(url) as connection:
        queue = connection.SimpleQueue("test")
        message = queue.get(timeout=5)
        message.ack()
        queue.close()
        return str(message.payload)


def kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_kombu_reaches_it_in_a_long_folder_with_blanks(broker: EmbeddedValkey) -> None:
    broker.start()
    assert broker.alive()
    put(broker.url, "hej")
    assert take(broker.url) == "hej"


def test_what_was_queued_survives_a_stop_and_the_address_stays(broker: EmbeddedValkey) -> None:
    broker.start()
    before = broker.url
    put(broker.url, "kvar")
    broker.stop()
    assert not broker.alive()
    assert not Path(before.removeprefix("redis+socket://")).exists()
    broker.start()
    assert broker.url == before
    assert take(broker.url) == "kvar"


def test_a_killed_server_is_started_again_at_the_same_address(broker: EmbeddedValkey) -> None:
    broker.start()
    put(broker.url, "kvar")
    kill(broker.pid)
    broker.wait()
    assert not broker.alive()
    broker.start()
    assert take(broker.url) == "kvar"


def test_options_that_keep_the_queue_are_in_force(broker: EmbeddedValkey) -> None:
    broker.start()
    with Redis(unix_socket_path=broker.url.removeprefix("redis+socket://"), decode_responses=True) as client:
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("port") == {"port": "0"}


def test_a_second_owner_of_the_folder_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    first, second = EmbeddedValkey(tmp_path), EmbeddedValkey(tmp_path)
    first.start()
    try:
        with pytest.raises(BrokerError, match="Another running Tertial"):
            second.start()
        put(first.url, "hej")
        assert take(first.url) == "hej"
    finally:
        first.stop()


ORPHAN = """
import os, signal, sys
from pathlib import Path
from workflow.adapters.broker import EmbeddedValkey
broker = EmbeddedValkey(Path(sys.argv[1]))
broker.start()
print(broker.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_server_of_a_killed_parent_is_stopped_before_a_new_one_starts(broker: EmbeddedValkey) -> None:
    folder = broker._dir
    parent = subprocess.run(
        [sys.executable, "-c", ORPHAN, folder], cwd=ROOT, capture_output=True, check=False, text=True
    )
    assert parent.returncode == -signal.SIGKILL, parent.stderr
    left = int(parent.stdout)
    os.kill(left, 0)  # it is still there
    put(broker.url, "kvar")
    broker.start()
    assert broker.pid != left
    assert broker._stale_pid() == broker.pid
    assert take(broker.url) == "kvar"
    with contextlib.suppress(FileNotFoundError):  # gone, or a zombie that nobody has buried
        assert _command_line(left) == ""


def test_a_pid_that_has_gone_to_another_process_is_left_alone(broker: EmbeddedValkey) -> None:
    broker._dir.mkdir(parents=True)
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        (broker._dir / "valkey.pid").write_text(str(bystander.pid))
        broker.start()
        assert bystander.poll() is None
    finally:
        bystander.communicate(b"\n")


def test_a_server_that_cannot_start_says_why(broker: EmbeddedValkey) -> None:
    (broker._dir / "appendonlydir").mkdir(parents=True)
    (broker._dir / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(BrokerError, match=r"(?s)does not start.*manifest"):
        broker.start()
    assert not broker.alive()


def test_a_socket_folder_of_somebody_else_is_refused(broker: EmbeddedValkey, tmp_path: Path) -> None:
    folder = broker._socket.parent
    folder.symlink_to(tmp_path)
    try:
        with pytest.raises(BrokerError, match="belongs to somebody else"):
            broker.start()
    finally:
        folder.unlink()


def test_as_a_process_it_serves_until_told_to_stop(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "workflow.adapters.broker", "--data-dir", str(tmp_path)]
    broker = EmbeddedValkey(tmp_path)
    process = subprocess.Popen(argv, cwd=ROOT)
    try:
        _await(broker.ready)
        put(broker.url, "kvar")
    finally:
        process.terminate()
    assert process.wait(15) == 0
    assert not broker.ready()
    process = subprocess.Popen(argv, cwd=ROOT)
    try:
        _await(broker.ready)
        assert take(broker.url) == "kvar"
        stale = broker._stale_pid()
        kill(stale)
        assert process.wait(15) == 1
    finally:
        process.kill()
        process.wait()
