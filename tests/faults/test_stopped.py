"""Matrix row 5: a real worker is asked to stop in the midst of sending, again and again, as every deployment does."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from tests.faults.conftest import Stage, make_stage, until
from workflow.domain.messages import MessageState
from workflow.settings import as_environment

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

MANY, STOPS = 240, 2
NO_BROKER = "redis://127.0.0.1:1/0"
QUIET_END = 30.0  # seconds; `tertial up` kills after 35


@pytest.fixture
def sending(sqlite_url: str, tmp_path: Path, context: ForkServerContext) -> Iterator[Stage]:
    with make_stage(sqlite_url, tmp_path, context, count=MANY, connections=2) as made:
        made.sink.delay = 0.06
        yield made


def test_row_05_stopped_in_the_midst_of_sending_nothing_is_left_in_doubt(sending: Stage) -> None:
    settings = sending.house.settings.model_copy(update={"redis_url": NO_BROKER, "tick_seconds": 1.0})
    for _ in range(STOPS):
        with subprocess.Popen([sys.executable, "-P", "-m", "tasks.worker"], env=as_environment(settings)) as process:
            before = sending.kept()
            until(lambda before=before: sending.kept() > before, "it sends", 60)  # type: ignore[misc]
            process.send_signal(signal.SIGTERM)
            assert process.wait(QUIET_END) == 0
        assert set(sending.states()) <= {"planned", "sent"}
    with sending.house.db.read() as work:
        left = work.outbox.list(states=(MessageState.PLANNED,))
    assert left, "all was sent before the last stop: the test is blind"
    sending.sink.delay = 0
    sending.deliver()
    assert sending.states() == {"sent": MANY}
    assert sending.violations() == []
