"""T1 with 13 units and T2 with 11 after a merger: both come out right, with last round's answers found."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.builders import a_contact, a_round, a_unit
from tests.services.conftest import House, MovingClock
from workflow.domain.people import Contact, Unit, UnitKind
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import State
from workflow.ports import Database
from workflow.services import rounds, submissions
from workflow.services.lineage import earlier_row, previous_answers
from workflow.services.overview import overview

STAY = [f"sdn-{letter}" for letter in "abcdefghi"]
BECAME = {"rinkeby": "jarva", "spanga": "jarva", "norrmalm": "norra", "ostermalm": "norra"}
LAST, FIRST = date(2023, 6, 30), date(2023, 7, 1)
T1_OPENS = datetime(2023, 4, 17, 6, tzinfo=UTC)
T2_OPENS = datetime(2023, 8, 21, 6, tzinfo=UTC)
VB_OPENS = datetime(2023, 12, 11, 7, tzinfo=UTC)


def register() -> tuple[list[Unit], list[Contact]]:
    units = [
        *(a_unit(id=each, name=f"{each} stadsdelsnämnd") for each in STAY),
        *(a_unit(id=old, name=old.title(), valid_to=LAST, replaced_by=new) for old, new in BECAME.items()),
        *(a_unit(id=new, name=new.title(), valid_from=FIRST) for new in sorted(set(BECAME.values()))),
    ]
    contacts = [a_contact(unit=unit.id, name=f"Kontakt {unit.id}", email=f"k@{unit.id}.example") for unit in units]
    return units, contacts


def open_round(house: House, period: str, opens: datetime) -> list[str]:
    due = opens + timedelta(days=30)
    planned = replace(
        a_round(id=f"2023-{period}"),
        opens_at=opens,
        due_at={UnitKind.STADSDELSNAMND: due},
        closes_at=due + timedelta(days=30),
        state=RoundState.PLANNED,
        opened_at=None,
    )
    rounds.plan_round(house.db, planned, by="k", now=opens - timedelta(days=1))
    house.clock.at = opens
    rounds.open_round(house.db, planned.id, secrets=house.secrets, calendar=house.calendar, now=opens)
    with house.read() as work:
        return [each.unit for each in work.submissions.of_round(planned.id)]


def hand_in(house: House, submission_id: str) -> None:
    house.answer(submission_id)
    house.submit(submission_id)


@pytest.fixture
def merged(database: Database) -> House:
    house = House(database, MovingClock(T1_OPENS))
    with database.begin() as work:
        work.people.replace(*register())
    assert len(open_round(house, "T1", T1_OPENS)) == 13
    for unit in ("rinkeby", "spanga", "norrmalm", "sdn-a"):
        hand_in(house, f"2023-T1.{unit}")
    assert len(open_round(house, "T2", T2_OPENS)) == 11
    return house


def sources(house: House, submission_id: str) -> list[tuple[str, str, bool]]:
    return [(each.submission.unit, each.round.id, each.is_own) for each in previous_answers(house.db, submission_id)]


def test_both_rounds_have_the_units_of_their_time(merged: House) -> None:
    with merged.read() as work:
        first = {each.unit for each in work.submissions.of_round("2023-T1")}
        second = {each.unit for each in work.submissions.of_round("2023-T2")}
    assert first == {*STAY, *BECAME}
    assert second == {*STAY, *BECAME.values()}
    view = overview(merged.db, "2023-T1", calendar=merged.calendar, now=T2_OPENS)
    assert view.round.id == "2023-T1"


def test_the_answers_of_all_that_went_into_a_unit_are_found(merged: House) -> None:
    assert sources(merged, "2023-T2.jarva") == [("rinkeby", "2023-T1", False), ("spanga", "2023-T1", False)]
    assert sources(merged, "2023-T2.norra") == [("norrmalm", "2023-T1", False)]  # Östermalm never handed in
    assert sources(merged, "2023-T2.sdn-a") == [("sdn-a", "2023-T1", True)]
    assert sources(merged, "2023-T2.sdn-b") == []
    assert sources(merged, "2023-T1.rinkeby") == []
    row = earlier_row(previous_answers(merged.db, "2023-T2.jarva")[0])
    assert (row["unit"], row["own"], len(row["answers"])) == ("rinkeby", False, 3)


def test_a_unit_that_has_answered_since_has_only_its_own(merged: House) -> None:
    hand_in(merged, "2023-T2.jarva")
    open_round(merged, "VB", VB_OPENS)
    assert sources(merged, "2023-VB.jarva") == [("jarva", "2023-T2", True)]
    assert sources(merged, "2023-VB.norra") == [("norrmalm", "2023-T1", False)]


def test_a_unit_that_takes_up_another_has_both(merged: House) -> None:
    for unit in ("jarva", "sdn-a"):
        hand_in(merged, f"2023-T2.{unit}")
    units, contacts = register()
    joined = [
        replace(each, valid_to=date(2023, 11, 30), replaced_by="jarva") if each.id == "sdn-a" else each
        for each in units
    ]
    with merged.db.begin() as work:
        work.people.replace(joined, contacts)
    open_round(merged, "VB", VB_OPENS)
    assert sources(merged, "2023-VB.jarva") == [("jarva", "2023-T2", True), ("sdn-a", "2023-T2", False)]


def test_reworked_text_is_not_among_them_but_what_came_in_is(merged: House) -> None:
    with merged.read() as work:
        version = work.submissions.get("2023-T1.rinkeby").version
    submissions.give_back(
        merged.db,
        "2023-T1.rinkeby",
        version=version,
        reason="Mer, tack",
        comments={},
        due_at=T2_OPENS + timedelta(days=9),
        by="k",
        secrets=merged.secrets,
        now=T2_OPENS,
    )
    found = previous_answers(merged.db, "2023-T2.jarva")[0]
    assert found.submission.state is State.RETURNED
    assert found.edition.number == 1


def test_the_answer_for_the_time_before_the_merger_is_owed_still_and_its_successor_reminded(merged: House) -> None:
    with merged.read() as work:
        people = work.recipients.of("2023-T1.ostermalm")
    assert [(each.name, each.is_right(T1_OPENS), each.is_right(T2_OPENS)) for each in people] == [
        ("Kontakt ostermalm", True, False),
        ("Kontakt norra", False, True),
    ]
