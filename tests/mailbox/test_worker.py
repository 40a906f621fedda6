"""The worker as a process of its own, without a broker, empties a real mailbox; one that is away holds nothing up."""

import signal
import sys
from pathlib import Path

import pytest

from tests.adapters.mail.mailbag import answer
from tests.mailbox.conftest import house_at
from tests.mailbox.dovecot import DONE, Dovecot
from tests.mailbox.servers import await_that, listens, running
from tests.mailbox.sink import sink
from workflow.bootstrap import App
from workflow.settings import as_environment

pytestmark = [pytest.mark.mailbox, pytest.mark.xdist_group("mailbox")]


def arrivals(house: App) -> int:
    with house.db.read() as work:
        return len(work.incoming.list())


def test_a_worker_takes_in_what_comes_and_sends_while_the_mailbox_is_away(
    tmp_path: Path, sqlite_url: str, server: Dovecot
) -> None:
    log = tmp_path / "worker.log"
    with sink() as far, house_at(tmp_path, sqlite_url, server, smtp_port=far.port) as house:
        settings = house.settings.model_copy(update={"tick_seconds": 1, "redis_url": f"redis+socket://{tmp_path}/none"})
        server.kill()
        assert not listens(server.imap_port)
        command = [sys.executable, "-P", "-m", "tasks.worker"]
        with running(command, log, environment=as_environment(settings)) as worker:
            await_that(lambda: far.taken, "invitations, although the mailbox is away", within=60)
            await_that(lambda: "inbox cannot be read" in log.read_text(encoding="utf-8"), "it is told")
            server.start()
            server.deliver(answer("Hej").as_bytes())
            await_that(lambda: arrivals(house) == 1 and len(server.held(DONE)) == 1, "the mail")
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(20) == 0
        assert "Traceback" not in log.read_text(encoding="utf-8")
