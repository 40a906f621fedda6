"""check, doctor, audit verify, and the processes that the command becomes."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import unquote

import pytest
from redis import Redis

from tests.cli.conftest import AFTER, OPENS, Terminal
from workflow.adapters.broker import EmbeddedValkey
from workflow.up import FolderTakenError, alone_in


def test_check_names_what_is_missing(bare: Terminal, planned: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = {each["what"]: each["ok"] for each in planned.json("check")["checks"]}
    assert checks["rounds.toml"]
    assert all(checks.values())
    assert "db upgrade" in bare("check", code=1).stdout
    monkeypatch.setenv("SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("SMTP_PORT", "1")
    monkeypatch.setenv("REDIS_URL", "redis://:hemligt@127.0.0.1:1/0")
    told = planned("check", "--settings", code=1).stdout
    assert told.count("FAILS") == 2
    assert "hemligt" not in told


def test_check_says_that_the_broker_is_full(planned: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = EmbeddedValkey(tmp_path / "broker")
    broker.start()
    try:
        monkeypatch.setenv("REDIS_URL", broker.url)
        assert "FAILS" not in planned("check").stdout
        with Redis(unix_socket_path=unquote(broker.url.removeprefix("redis+socket://"))) as client:
            client.config_set("maxmemory", 1)
            told = " ".join(planned("check", code=1).stdout.split())
            assert told.count("FAILS") == 1
            assert "maxmemory" in told
            client.config_set("maxmemory", 0)
            client.config_set("requirepass", "ett-annat")
        monkeypatch.setenv("REDIS_URL", broker.url.replace("://", "://:hemligt@"))
        told = " ".join(planned("check", code=1).stdout.split())
        assert "username-password" in told
        assert "hemligt" not in told
    finally:
        broker.stop()


def test_check_names_every_fault_of_the_config(
    planned: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rounds.toml").write_text('[[period]]\ncode = "T1\n', encoding="utf-8")
    monkeypatch.setenv("CONFIG_DIR", str(tmp_path))
    told = planned("check", code=1).stdout
    assert "rounds.toml" in told
    assert "FAILS" in told
    assert planned("round", "plan", "2027", "T2", code=1).stderr.count("rounds.toml") == 1


def test_doctor_holds_at_opening_and_names_what_lies_there_later(opened: Terminal) -> None:
    opened("doctor", now=OPENS)
    told = opened("doctor", now=AFTER, code=1).stdout
    assert told.count("FAILS") == 1
    assert opened.json("mail", "list")[0]["id"] in told


def test_audit_verify_names_the_first_broken_place(opened: Terminal) -> None:
    assert opened.json("audit", "verify")["holds"]
    with closing(sqlite3.connect(opened.data / "tertial.sqlite")) as database, database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {trigger}")  # they would refuse it; whoever owns the file can drop them
        database.execute("UPDATE events SET actor = 'nobody' WHERE number = 2")
    assert "event 2" in opened("audit", "verify", code=1).stderr
    opened("doctor", now=OPENS, code=1)


@pytest.mark.parametrize("process", ["worker", "scheduler"])
def test_a_process_without_a_broker_says_what_is_missing(planned: Terminal, process: str) -> None:
    assert "REDIS_URL" in planned(process, code=1).stderr


def test_a_data_folder_holds_one_tertial(tmp_path: Path) -> None:
    with alone_in(tmp_path), pytest.raises(FolderTakenError) as refused, alone_in(tmp_path):
        pass
    assert str(tmp_path) in str(refused.value.values)
    with alone_in(tmp_path):
        pass


# --- processes ---------------------------------------------------------------


def environment(data: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "TERTIAL_DATA": str(data), "NO_COLOR": "1"}  # noqa: TID251 - a child's own


def test_worker_becomes_celery_and_passes_its_words_on(planned: Terminal) -> None:
    line = [sys.executable, "-m", "workflow", "worker", "--no-such-option-of-celery"]
    with_broker = {**environment(planned.data), "REDIS_URL": "redis://127.0.0.1:1/0"}
    done = subprocess.run(line, env=with_broker, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "no-such-option-of-celery" in done.stderr


def test_broken_settings_start_no_process(planned: Terminal) -> None:
    broken = {**environment(planned.data), "PORT": "many"}
    line = [sys.executable, "-m", "workflow", "web"]
    done = subprocess.run(line, env=broken, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "PORT" in done.stderr
    assert "Traceback" not in done.stderr


@contextmanager
def up(data: Path, port: int) -> Iterator[dict[str, str]]:
    """`tertial up` until its pages are there; gives what it printed, by the word before the colon."""
    line = [sys.executable, "-m", "workflow", "up", "--port", str(port)]
    with subprocess.Popen(
        line, env=environment(data), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout
        printed = {}
        for row in run.stdout:
            word, _, value = row.partition(":")
            printed[word.strip()] = value.strip()
            if word == "Data":
                break
        try:
            yield printed
        finally:
            run.send_signal(signal.SIGTERM)
            rest = run.communicate(timeout=60)
        assert run.returncode == 0, rest
        assert "Traceback" not in rest[1]


@pytest.mark.faults
def test_up_brings_everything_up_once_and_keeps_its_data(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    data = tmp_path / "med blanksteg"
    with up(data, port) as printed:
        assert printed["Log in"].startswith("samordnare@")
        with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as pages:
            pages.request("GET", "/healthz")
            assert pages.getresponse().status == 200
        assert str(port) in refused(data, port)
    with up(data, port) as printed:
        assert "Log in" not in printed
        assert printed["Pages"].endswith(str(port))
    assert Terminal(data).json("account", "list")[0]["one_time"]


def refused(data: Path, port: int) -> str:
    """What a second one on the same port says: a message, no traceback."""
    line = [sys.executable, "-m", "workflow", "up", "--port", str(port)]
    done = subprocess.run(line, env=environment(data), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr
