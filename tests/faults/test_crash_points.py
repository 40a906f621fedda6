"""Matrix row 1: a worker dies at each of the named points, on both databases; what shared its commit follows suit."""

import signal
from collections import Counter

import pytest

from tests.faults.conftest import Stage, until
from tests.faults.crash import BY_THE_SINK, POINTS, Fate
from tests.faults.hand import delivering_once, fated_worker
from workflow.domain.messages import MessageKind

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]

MAILS, FLIGHT = 6, 3
REST = MAILS - FLIGHT
UNTOUCHED = {"planned": MAILS}
CLAIMED = {"sending": MAILS}
MARKED = {"handing": FLIGHT, "sending": REST}
EXCHANGED = {"sent": FLIGHT, "handing": REST}
LEFT = {  # point → states left behind; how many mails are at the sink
    "in claim": (UNTOUCHED, 0),
    "after claim": (CLAIMED, 0),
    "mail": (CLAIMED, 0),
    "rcpt": (CLAIMED, 0),
    "data": (CLAIMED, 0),
    "before marker": (CLAIMED, 0),
    "in marker": (CLAIMED, 0),
    "after marker": (MARKED, 0),
    "dot sent": (MARKED, FLIGHT),
    "reply read": (MARKED, FLIGHT),
    "in exchange": (MARKED, FLIGHT),
    "after exchange": (EXCHANGED, FLIGHT),
    "in finish": (EXCHANGED, MAILS),
    "after finish": ({"sent": MAILS}, MAILS),
}
WITHOUT_A_DOT = {"after marker", "after exchange"}


@pytest.mark.parametrize("kind", [MessageKind.INVITATION, MessageKind.REMINDER])
@pytest.mark.parametrize("point", POINTS)
def test_row_01_killed_at_a_point(stage: Stage, point: str, kind: MessageKind) -> None:
    if kind is MessageKind.REMINDER:
        stage.deliver()
        stage.next_reminders()
    before = stage.kept()
    die_at(stage, point)
    states, arrived = LEFT[point]
    until(lambda: stage.kept() == before + arrived, "what was released arrives")
    assert stage.states(kind) == states

    stage.pass_time()
    stage.deliver()
    assert stage.states(kind) == after_recovery(states)
    unsent = FLIGHT if point in WITHOUT_A_DOT else 0
    assert stage.copies(kind) == +Counter({1: MAILS - unsent, 0: unsent})
    assert stage.violations() == []


def after_recovery(left: dict[str, int]) -> dict[str, int]:
    """What was marked is unknown and stays so; all else goes once."""
    unknown = left.get("handing", 0)
    return {"unknown": unknown, "sent": MAILS - unknown} if unknown else {"sent": MAILS}


def die_at(stage: Stage, point: str) -> None:
    if point in BY_THE_SINK:
        worker = stage.signal_when(point, lambda: stage.start(delivering_once), signal.SIGKILL)
    else:
        worker = stage.start(fated_worker, Fate(point))
    worker.join(20)
    assert worker.exitcode == -signal.SIGKILL, f"it came through {point} alive"
