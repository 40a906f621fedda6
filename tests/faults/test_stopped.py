"""Matrix row 5: a real worker is asked to stop in the midst of sending, again and again, as every deployment does."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from tests.faults.checker import RULES, check
from tests.faults.conftest import Stage, make_stage, until
from workflow.adapters.broker import EmbeddedValkey
from workflow.adapters.queue import CeleryQueue
from workflow.domain.messages import MessageState
from workflow.ports import Job
from workflow.settings import as_environment

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

MANY, STOPS = 240, 2  # more than two workers can have claimed when they are stopped
FEW, DEPLOYMENTS = 12, 20
NO_BROKER = "redis://127.0.0.1:1/0"
QUIET_END = 30.0  # seconds; `tertial up` kills after 35
SOFT_END = 75.0  # seconds; SIGQUIT gives the jobs under way 30, whether there are any or not
IMPATIENCE = 1.0  # seconds between two SIGQUITs of somebody who does not wait
AT_ANY_TIME = sorted(set(RULES) - {"I5"})  # I5 speaks of a world that has come to rest


@pytest.fixture
def sending(sql_url: str, tmp_path: Path, context: ForkServerContext) -> Iterator[Stage]:
    with make_stage(sql_url, tmp_path, context, count=MANY, connections=2) as made:
        made.sink.delay = 0.06
        yield made


@pytest.fixture
def stage(sql_url: str, tmp_path: Path, context: ForkServerContext) -> Iterator[Stage]:
    with make_stage(sql_url, tmp_path, context, count=FEW, connections=2) as made:
        made.sink.delay = 0.2
        yield made


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    broker = EmbeddedValkey(tmp_path / "broker")
    broker.start()
    yield broker
    broker.stop()


@contextmanager
def working(stage: Stage, redis_url: str = NO_BROKER) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that has begun to send."""
    before = stage.kept()
    settings = stage.house.settings.model_copy(update={"redis_url": redis_url, "tick_seconds": 1.0})
    with subprocess.Popen([sys.executable, "-P", "-m", "tasks.worker"], env=as_environment(settings)) as process:
        try:
            until(lambda: stage.kept() > before, "it sends", 60)
            yield process
        finally:
            process.kill()


def is_in_the_midst(stage: Stage) -> bool:
    return set(stage.states()) != {"sent"}


def nothing_is_in_doubt(stage: Stage) -> None:
    assert set(stage.states()) <= {"planned", "sent"}
    assert check(stage.evidence(), AT_ANY_TIME) == []


def deliver_the_rest(stage: Stage) -> None:
    delay, stage.sink.delay = stage.sink.delay, 0
    stage.deliver()
    stage.sink.delay = delay


def all_has_left_once(stage: Stage) -> None:
    deliver_the_rest(stage)
    assert set(stage.states()) == {"sent"}
    assert stage.violations() == []


def test_row_05_stopped_in_the_midst_of_sending_nothing_is_left_in_doubt(sending: Stage) -> None:
    for _ in range(STOPS):
        with working(sending) as process:
            process.send_signal(signal.SIGTERM)
            assert process.wait(QUIET_END) == 0
        nothing_is_in_doubt(sending)
    with sending.house.db.read() as work:
        left = work.outbox.list(states=(MessageState.PLANNED,))
    assert left, "all was sent before the last stop: the test is blind"
    all_has_left_once(sending)
    assert sending.states() == {"sent": MANY}


def test_row_05_twenty_deployments_on_twenty_days_leave_nothing_in_doubt(stage: Stage, broker: EmbeddedValkey) -> None:
    queue, in_the_midst = CeleryQueue(broker.url), 0
    for _ in range(DEPLOYMENTS):
        queue.ask(Job.DELIVER)
        with working(stage, broker.url) as process:
            in_the_midst += is_in_the_midst(stage)
            process.send_signal(signal.SIGTERM)
            assert process.wait(QUIET_END) == 0
        nothing_is_in_doubt(stage)
        deliver_the_rest(stage)
        stage.next_reminders()
    assert in_the_midst, "all was sent before every stop: the test is blind"
    all_has_left_once(stage)
    assert sum(stage.states().values()) >= FEW * (DEPLOYMENTS + 1)


def test_row_05_a_soft_shutdown_leaves_nothing_in_doubt(stage: Stage, broker: EmbeddedValkey) -> None:
    CeleryQueue(broker.url).ask(Job.DELIVER)
    with working(stage, broker.url) as process:
        assert is_in_the_midst(stage)
        process.send_signal(signal.SIGQUIT)
        assert process.wait(SOFT_END) == 0
    nothing_is_in_doubt(stage)
    all_has_left_once(stage)


def test_row_05_somebody_who_does_not_wait_for_the_end_doubles_nothing(stage: Stage, broker: EmbeddedValkey) -> None:
    """What they tore away is recovered after its lease; where the server may have it, a person decides."""
    CeleryQueue(broker.url).ask(Job.DELIVER)
    with working(stage, broker.url) as process:
        assert is_in_the_midst(stage)
        for _ in range(int(SOFT_END / IMPATIENCE)):
            process.send_signal(signal.SIGQUIT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(IMPATIENCE)
                break
        assert process.poll() is not None
    stage.pass_time()
    stage.sink.delay = 0
    stage.deliver()
    assert set(stage.states()) <= {"sent", "unknown"}
    assert stage.states()["unknown"] <= stage.place.connections
    assert stage.violations() == []
