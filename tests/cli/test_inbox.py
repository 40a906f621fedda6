"""`tertial inbox`: a mail server delivers into the real process; a mailbox that is not there is said."""

import json
import os
import select
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.adapters.mail.mailbag import answer
from tests.cli.conftest import Terminal


@contextmanager
def serving(terminal: Terminal) -> Iterator[int]:
    """`tertial inbox serve` on a free port, until SIGTERM, which it obeys."""
    line = [sys.executable, "-m", "workflow", "--data", str(terminal.data), "inbox", "serve", "--lmtp", "127.0.0.1:0"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as door:  # noqa: TID251 - a child's environment
        try:
            assert door.stdout
            assert select.select([door.stdout], [], [], 60)[0]
            yield int(door.stdout.readline().rpartition(":")[2])
            door.send_signal(signal.SIGTERM)
            assert door.wait(30) == 0
        finally:
            door.kill()


def test_a_delivered_mail_is_in_the_database_when_the_server_hears_so(planned: Terminal) -> None:
    raw = answer("Vi behöver till fredag.").as_bytes()
    with serving(planned) as port:
        for _ in range(2):  # a server that lost our answer comes again
            with smtplib.LMTP("127.0.0.1", port) as lmtp:
                assert lmtp.sendmail("a@n.example", ["naringsliv@k.example"], raw) == {}
    with planned.house().db.read() as work:
        assert [arrival.text for arrival in work.incoming.list()] == ["Vi behöver till fredag."]


def test_a_place_that_is_none_is_wrong_use(planned: Terminal) -> None:
    for place in ("2424", "127.0.0.1:x", ":1", "127.0.0.1:70000"):
        assert "HOST:PORT" in planned("inbox", "serve", "--lmtp", place, code=2).stderr


def test_a_port_that_is_taken_is_said(planned: Terminal) -> None:
    with serving(planned) as port:
        assert "Traceback" not in planned("inbox", "serve", "--lmtp", f"127.0.0.1:{port}", code=1).output


def test_without_a_mailbox_there_is_nothing_to_fetch(planned: Terminal) -> None:
    assert "IMAP_HOST" in planned("inbox", "fetch", code=1).stderr
    assert {each["what"]: each["ok"] for each in planned.json("check")["checks"]}["inbox"]


def test_a_mailbox_that_does_not_answer_is_said(planned: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "HOST": "127.0.0.1",
        "PORT": "1",
        "USER": "n",
        "SECURITY": "none",
        "PASSWORD": "hemligt",
    }.items():
        monkeypatch.setenv(f"IMAP_{name}", value)
    for words in (["inbox", "fetch"], ["inbox", "fetch", "--dry-run"]):
        told = planned(*words, code=1).stderr
        assert "127.0.0.1:1" in told
        assert "hemligt" not in told
    assert "INBOX_ADDRESS" in planned("check", code=1).stdout
    monkeypatch.setenv("INBOX_ADDRESS", "n@kommunen.example")
    checks = json.loads(planned("check", "--json", code=1).stdout)["checks"]
    assert [each["what"] for each in checks if not each["ok"]] == ["inbox"]
