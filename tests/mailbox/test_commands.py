"""`tertial inbox fetch` and `tertial check` beside a real mailbox."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.mail.mailbag import answer
from tests.mailbox.conftest import house_at
from tests.mailbox.dovecot import DONE, PROBLEMS, Dovecot
from workflow.bootstrap import App
from workflow.settings import as_environment

pytestmark = [pytest.mark.mailbox, pytest.mark.xdist_group("mailbox")]


def tertial(house: App, *words: str, code: int = 0) -> Any:
    line = [sys.executable, "-P", "-m", "workflow", *words, "--json"]
    done = subprocess.run(line, env=as_environment(house.settings), capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def inbox_verdict(house: App) -> Any:
    """The broker is away here, so the whole check fails."""
    return next(each for each in tertial(house, "check", code=1)["checks"] if each["what"] == "inbox")


def test_counting_moves_nothing_and_fetching_does(tmp_path: Path, sqlite_url: str, server: Dovecot) -> None:
    with house_at(tmp_path, sqlite_url, server, smtp_port=1) as house:
        server.deliver(answer("Hej").as_bytes())
        for _ in range(2):
            counted = tertial(house, "inbox", "fetch", "--dry-run")
            assert counted == {"folders": {"INBOX": 1, DONE: 0, PROBLEMS: 0}}
        assert inbox_verdict(house)["ok"]
        assert tertial(house, "inbox", "fetch") == {"taken": 1, "set_aside": 0, "waiting": 0}
        assert (len(server.held("INBOX")), len(server.held(DONE))) == (0, 1)


def test_a_mail_that_was_moved_aside_is_told_until_somebody_has_seen_to_it(
    tmp_path: Path, sqlite_url: str, server: Dovecot
) -> None:
    with house_at(tmp_path, sqlite_url, server, smtp_port=1) as house:
        server.deliver(answer("Hej").as_bytes())
        inbox = server.inbox()
        for _ in range(3):
            inbox.fetch(_never)
        verdict = inbox_verdict(house)
        assert not verdict["ok"]
        assert PROBLEMS in verdict["detail"]


def _never(_: object) -> None:
    raise ValueError("never")
