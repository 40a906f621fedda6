"""Matrix row 1: a worker dies at each of the named points, on both databases; what shared its commit follows suit."""

import signal
from collections import Counter

import pytest

from tests.faults.checker import check
from tests.faults.conftest import Stage, until
from tests.faults.crash import BY_THE_SINK, POINTS, Fate
from tests.faults.hand import delivering_once, fated_naive, fated_worker
from workflow.domain.messages import MessageKind

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]

MAILS, FLIGHT = 6, 3
REST = MAILS - FLIGHT
NEVER = Fate("never")
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
DOUBLED = {  # point → how many mails a lease-and-resend sender, which has no marker, sends twice when it dies there
    "in claim": 0,
    "after claim": 0,
    "mail": 0,
    "rcpt": 0,
    "data": 0,
    "dot": 1,
    "reply read": 1,
    "in finish": 1,
    "after finish": 0,
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


@pytest.mark.parametrize("point", DOUBLED)
def test_row_01_lease_and_resend_killed_at_a_point_doubles(stage: Stage, point: str) -> None:
    """What the marker is for: beside it a sender that takes over whatever has a lease that ran out."""
    if point in BY_THE_SINK or point == "dot":
        worker = stage.signal_when(point, lambda: stage.start(fated_naive, NEVER), signal.SIGKILL)
    else:
        worker = stage.start(fated_naive, Fate(point))
    worker.join(20)
    assert worker.exitcode == -signal.SIGKILL, f"it came through {point} alive"
    stage.pass_time()
    again = stage.start(fated_naive, NEVER)
    again.join(60)
    assert again.exitcode == 0
    assert stage.states() == {"sent": MAILS}
    assert stage.copies() == +Counter({1: MAILS - DOUBLED[point], 2: DOUBLED[point]})
    assert [each.rule for each in check(stage.evidence(), ["I3"])] == ["I3"] * DOUBLED[point]


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
