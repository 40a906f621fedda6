"""Matrix row 1 once more: a worker dies at each of the points, with mails about two units: no row is left behind."""

import signal
from collections import Counter
from collections.abc import Iterator
from functools import partial
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from tests.faults import crowd
from tests.faults.conftest import Stage, make_stage, until
from tests.faults.crash import BY_THE_SINK, POINTS, Fate
from tests.faults.hand import delivering_once, fated_worker
from tests.faults.sink import read_truth
from workflow.domain.messages import Message, MessageKind

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]

PEOPLE, EACH, FLIGHT = 3, 2, 2
ROWS, FLOWN = PEOPLE * EACH, FLIGHT * EACH
MARKED = {"handing": FLOWN, "sending": ROWS - FLOWN}
EXCHANGED = {"sent": FLOWN, "handing": ROWS - FLOWN}
LEFT = {  # point → states of the rows; how many mails are at the sink; how many mails were marked
    "after marker": (MARKED, 0, FLIGHT),
    "dot sent": (MARKED, FLIGHT, FLIGHT),
    "reply read": (MARKED, FLIGHT, FLIGHT),
    "in exchange": (MARKED, FLIGHT, FLIGHT),
    "after exchange": (EXCHANGED, FLIGHT, PEOPLE),
    "in finish": (EXCHANGED, PEOPLE, PEOPLE),
    "after finish": ({"sent": ROWS}, PEOPLE, PEOPLE),
}
WITHOUT_A_DOT = {"after marker": FLIGHT, "after exchange": PEOPLE - FLIGHT}
BEFORE_THE_MARKER = [point for point in POINTS if point not in LEFT]
WITH_TWO_IN_THE_AIR = [point for point, (states, *_) in LEFT.items() if states == MARKED]


@pytest.fixture
def reminding(sql_url: str, tmp_path: Path, context: ForkServerContext) -> Iterator[Stage]:
    """Three people are to be reminded, each of two units."""
    people = partial(crowd.contacts, shares=(EACH,) * PEOPLE)
    with make_stage(sql_url, tmp_path, context, connections=FLIGHT, people=people) as stage:
        stage.deliver()
        stage.next_reminders()
        yield stage


def die_at(stage: Stage, point: str) -> None:
    if point in BY_THE_SINK:
        worker = stage.signal_when(point, lambda: stage.start(delivering_once), signal.SIGKILL)
    else:
        worker = stage.start(fated_worker, Fate(point))
    worker.join(20)
    assert worker.exitcode == -signal.SIGKILL, f"it came through {point} alive"


def rows(stage: Stage) -> tuple[Message, ...]:
    return stage.messages(MessageKind.REMINDER)


def led(stage: Stage) -> int:
    return sum(bool(each.lead) for each in rows(stage))


@pytest.mark.parametrize("point", POINTS)
def test_row_01_killed_with_mails_about_several(reminding: Stage, point: str) -> None:
    before = reminding.kept()
    die_at(reminding, point)
    untouched = {"planned" if point == "in claim" else "sending": ROWS}
    states, mails, told = LEFT.get(point, (untouched, 0, 0))
    until(lambda: reminding.kept() == before + mails, "what was released arrives")
    assert reminding.states(MessageKind.REMINDER) == states
    assert led(reminding) == told * (EACH - 1), "who goes with whom stands with the marker"

    reminding.pass_time()
    reminding.deliver()
    unknown = states.get("handing", 0)
    assert reminding.states(MessageKind.REMINDER) == +Counter({"unknown": unknown, "sent": ROWS - unknown})
    unsent = WITHOUT_A_DOT.get(point, 0) * EACH
    assert reminding.copies(MessageKind.REMINDER) == +Counter({1: ROWS - unsent, 0: unsent})
    assert led(reminding) == PEOPLE * (EACH - 1), "one row leads, the others went with it"
    assert reminding.kept() == before + PEOPLE - unsent // EACH
    assert reminding.violations() == []


@pytest.mark.parametrize("point", BEFORE_THE_MARKER)
@pytest.mark.parametrize("number", [0, 1], ids=["the first", "the second"])
def test_row_01_what_comes_in_after_a_death_is_not_told_of(reminding: Stage, point: str, number: int) -> None:
    """Whichever of the two it was: the other's row leads, or goes alone."""
    die_at(reminding, point)
    before = len(read_truth(reminding.place.truth))
    reminding.hand_in(f"2027-K1.u{number}")
    reminding.pass_time()
    reminding.deliver()
    assert reminding.states(MessageKind.REMINDER) == {"sent": ROWS - 1, "cancelled": 1}
    told = [dot.tells for dot in read_truth(reminding.place.truth)[before:] if dot.to[0].casefold().startswith("asa.0")]
    assert sorted(told) == sorted([(f"Nämnd {number}",), (f"Nämnd {1 - number}",)]), "its receipt, and one reminder"
    assert reminding.violations() == []


@pytest.mark.parametrize("point", WITH_TWO_IN_THE_AIR)
def test_row_01_what_was_marked_before_the_answer_is_nobodys_to_send_again(reminding: Stage, point: str) -> None:
    """All rows of the mail are in doubt alike, and the unit that has not answered gets no second mail that day."""
    die_at(reminding, point)
    doubtful = [each for each in rows(reminding) if each.state == "handing"]
    reminding.hand_in(doubtful[0].submission)
    reminding.pass_time()
    reminding.deliver()
    stands = {each.id: str(each.state) for each in rows(reminding)}
    assert [stands[each.id] for each in doubtful] == ["unknown"] * FLOWN
    assert reminding.violations() == []
