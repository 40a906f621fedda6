"""Matrix rows 3, 4, 5, 6 and 18: workers that sleep, run out of memory, are asked to stop, are many, or are waiting."""

import os
import resource
import signal
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from tasks.jobs import JOBS
from tests.faults.conftest import Stage, make_stage, until
from tests.faults.crash import Fate
from tests.faults.hand import delivering_once, fated_worker, worker
from tests.faults.sink import Fault
from tests.faults.world import Place
from workflow.domain.letters import Letter
from workflow.domain.messages import LEASE
from workflow.ports import Job, Rendered
from workflow.services.outbox import deliver

pytestmark = [pytest.mark.faults, pytest.mark.timeout(90)]


def is_stopped(pid: int | None) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def wake(stage: Stage, pid: int | None) -> None:
    assert pid
    os.kill(pid, signal.SIGCONT)
    stage.born[0].join(30)
    assert stage.born[0].exitcode == 0


def test_row_03_asleep_while_sending_it_finds_its_lease_gone(stage: Stage) -> None:
    sleeper = stage.signal_when("data", lambda: stage.start(delivering_once), signal.SIGSTOP)
    until(lambda: is_stopped(sleeper.pid), "the worker sleeps")
    assert stage.states() == {"sending": 6}
    stage.pass_time(timedelta(minutes=20))
    stage.deliver()
    assert stage.states() == {"sent": 6}
    wake(stage, sleeper.pid)
    assert stage.states() == {"sent": 6}
    assert stage.copies() == {1: 6}
    assert stage.violations() == []


@pytest.mark.parametrize("point", ["after marker", "dot sent", "reply read"])
def test_row_03_asleep_while_handing_its_late_250_resolves_the_unknown(stage: Stage, point: str) -> None:
    sleeper = stage.start(fated_worker, Fate(point, by=signal.SIGSTOP))
    until(lambda: is_stopped(sleeper.pid), "the worker sleeps")
    assert stage.states() == {"handing": 3, "sending": 3}
    stage.pass_time(timedelta(minutes=20))
    stage.deliver()
    assert stage.states() == {"unknown": 3, "sent": 3}
    wake(stage, sleeper.pid)
    assert stage.states() == {"sent": 6}
    assert stage.events("message.resolved") == 3
    assert stage.copies() == {1: 6}
    assert stage.violations() == []


def starving(place: Place) -> None:
    """Deliver with hardly any memory left."""
    house = place.house()
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    little = pages * resource.getpagesize() + 2**20
    resource.setrlimit(resource.RLIMIT_AS, (little, little))
    ballast = []
    with suppress(MemoryError):
        while True:
            ballast.append(bytearray(2**12))
    del ballast[-20:]
    JOBS[Job.DELIVER](house)


def test_row_04_without_memory_nothing_is_lost_or_doubled(stage: Stage) -> None:
    stage.start(starving).join(30)
    stage.pass_time()
    stage.deliver()
    assert set(stage.states()) <= {"sent", "unknown", "failed"}  # in a mail that failed, the reason can be read
    assert stage.violations() == []


class Starving:
    """A renderer for which there is no memory left."""

    def render(self, letter: Letter) -> Rendered:
        raise MemoryError


def test_row_04_running_out_of_memory_is_not_the_mails_fault(stage: Stage) -> None:
    with suppress(MemoryError):
        deliver(replace(stage.house.mailroom, renderer=Starving()))
    stage.pass_time()
    stage.deliver()
    assert stage.states() == {"sent": 6}
    assert stage.violations() == []


def test_row_06_ten_workers_and_a_thousand_mails(sql_url: str, tmp_path: Path, context: ForkServerContext) -> None:
    with make_stage(sql_url, tmp_path, context, count=1000, connections=4) as stage:
        for _ in range(10):
            stage.start(worker)
        until(lambda: stage.states() == {"sent": 1000}, "all are sent", 60)
        assert stage.copies() == {1: 1000}
        assert stage.violations() == []


def test_row_18_a_reply_after_nine_minutes_is_waited_for_and_nobody_takes_the_mail(stage: Stage) -> None:
    stage.sink.faults = [Fault("dot", "250 2.0.0 at last", times=0, wait=1.5)]
    patient = stage.start(delivering_once)
    until(lambda: stage.states()["handing"], "the dot is out")
    stage.pass_time(timedelta(minutes=9))
    stage.deliver()  # another worker looks round
    patient.join(30)
    assert stage.states() == {"sent": 6}
    assert stage.copies() == {1: 6}
    assert timedelta(minutes=10) < LEASE  # what RFC 5321 §4.5.3.2.6 allows the server
    assert stage.violations() == []
