"""Whatever is killed between the mailbox and the database: nothing is lost, nothing is taken in twice."""

import signal
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tasks.jobs import Bench
from tasks.watch import Trusting
from tests.adapters.mail.mailbag import answer
from tests.mailbox.conftest import house_at
from tests.mailbox.dovecot import DONE, PROBLEMS, Dovecot
from tests.mailbox.servers import await_that
from workflow.adapters.mail.imap import AT_ONCE, InboxUnreachableError
from workflow.bootstrap import App
from workflow.domain.incoming import IncomingMail
from workflow.ports import Job
from workflow.settings import as_environment

pytestmark = [pytest.mark.mailbox, pytest.mark.xdist_group("mailbox")]

MAILS = 60
KILLS_AT = (3, 11, 12, 20, 31)  # mails that are in the database


def numbered(count: int) -> list[bytes]:
    return [answer(f"Mejl {number}", subject=f"nr {number}").as_bytes() for number in range(count)]


def taken_in(house: App) -> Counter[str]:
    with house.db.read() as work:
        return Counter(each.subject for each in work.incoming.list())


def nothing_lost_and_nothing_twice(house: App, server: Dovecot, count: int) -> None:
    assert taken_in(house) == Counter(f"nr {number}" for number in range(count))
    with house.db.read() as work:
        logged = Counter(each.event.kind for each in work.log.all())
    assert sum(number for kind, number in logged.items() if kind.startswith("incoming.")) == count
    assert [len(server.held(name)) for name in ("INBOX", DONE, PROBLEMS)] == [0, count, 0]


def test_a_server_killed_between_two_mails(tmp_path: Path, sqlite_url: str, server: Dovecot) -> None:
    with house_at(tmp_path, sqlite_url, server, smtp_port=1) as house:
        server.deliver(*numbered(6))
        left = [2, 4]

        def take_in(mail: IncomingMail) -> None:
            house.take_in(mail)
            if left and taken_in(house).total() == left[0]:
                left.pop(0)
                server.kill()

        while left:
            with pytest.raises(InboxUnreachableError):
                server.inbox(timeout=5).fetch(take_in)
            server.start()
        Bench(house, Trusting()).run(Job.INBOX)
        nothing_lost_and_nothing_twice(house, server, 6)


def test_a_fetching_process_killed_again_and_again(tmp_path: Path, sqlite_url: str, server: Dovecot) -> None:
    line = [sys.executable, "-P", "-m", "workflow", "inbox", "fetch"]
    with house_at(tmp_path, sqlite_url, server, smtp_port=1) as house:
        server.deliver(*numbered(MAILS))
        environment = as_environment(house.settings)
        for moment in KILLS_AT:
            with subprocess.Popen(line, env=environment, start_new_session=True) as process:
                await_that(partial(_so_far, house, process, moment), f"{moment} mails")
                process.send_signal(signal.SIGKILL)
        assert taken_in(house).total() < MAILS
        bench = Bench(house, Trusting())
        for _ in range(MAILS // AT_ONCE + 1):
            bench.run(Job.INBOX)
        nothing_lost_and_nothing_twice(house, server, MAILS)


def _so_far(house: App, process: subprocess.Popen[bytes], count: int) -> bool:
    return taken_in(house).total() >= count or process.poll() is not None


def test_a_crash_just_after_the_commit(tmp_path: Path, sqlite_url: str, server: Dovecot) -> None:
    with house_at(tmp_path, sqlite_url, server, smtp_port=1) as house:
        server.deliver(*numbered(3))

        def take_in_and_die(mail: IncomingMail) -> None:
            house.take_in(mail)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            server.inbox().fetch(take_in_and_die)
        assert (taken_in(house).total(), len(server.held("INBOX"))) == (1, 3)
        Bench(house, Trusting()).run(Job.INBOX)
        nothing_lost_and_nothing_twice(house, server, 3)
