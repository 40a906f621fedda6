"""What the doors to rounds and submissions promise."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import IntegrityError, StatementError

from tests.builders import DUE_AT, NOW, OPENS_AT, a_form, a_round, a_submission
from tests.fakes.tables import FakeRefusedError
from workflow.domain.calendar import swedish_calendar
from workflow.domain.codes import LinkMode
from workflow.domain.errors import NotFoundError, StaleWriteError, UnknownRoundError
from workflow.domain.people import UnitKind
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import Move
from workflow.ports import Database

REFUSED = (IntegrityError, FakeRefusedError)
NAIVE = (StatementError, ValueError)  # SQLAlchemy wraps what a column type raises


# --- rounds ------------------------------------------------------------------


def test_a_round_comes_back_as_it_was_with_its_frozen_form_and_policy(database: Database) -> None:
    round_ = a_round(closed_at=NOW, editions=2, state=RoundState.BUNDLED, links=LinkMode.VERIFIED)
    with database.begin() as work:
        assert work.rounds.add(round_)
    with database.read() as work:
        stored = work.rounds.get(round_.id)
    assert stored == round_
    assert stored.form.areas[1].questions[0].kinds == frozenset({"facknamnd", "stadsdelsnamnd"})
    assert stored.opens_at.tzinfo is not None
    assert stored.opens_at.utcoffset() == timedelta()


def test_an_instant_in_another_zone_comes_back_in_utc(database: Database) -> None:
    in_summer_time = OPENS_AT.astimezone(timezone(timedelta(hours=2)))
    with database.begin() as work:
        work.rounds.add(a_round(opens_at=in_summer_time))
    with database.read() as work:
        stored = work.rounds.get("2027-T1")
    assert stored.opens_at.isoformat() == OPENS_AT.isoformat()


def test_a_naive_instant_is_refused(database: Database) -> None:
    with pytest.raises(NAIVE, match="without a zone"), database.begin() as work:
        work.rounds.add(a_round(opens_at=datetime(2027, 5, 3, 8)))  # noqa: DTZ001 - naive is the point


def test_adding_a_round_twice_changes_nothing(database: Database) -> None:
    with database.begin() as work:
        assert work.rounds.add(a_round())
        assert not work.rounds.add(a_round(year=1999))
        assert work.rounds.get("2027-T1").year == 2027


def test_an_unknown_round_is_named(database: Database) -> None:
    with database.read() as work, pytest.raises(UnknownRoundError, match="2031-T9"):
        work.rounds.get("2031-T9")


def test_rounds_come_newest_opening_first(database: Database) -> None:
    with database.begin() as work:
        for number, day in (("T1", 3), ("T3", 20), ("T2", 10)):
            work.rounds.add(a_round(id=f"2027-{number}", opens_at=OPENS_AT.replace(day=day)))
    with database.read() as work:
        assert [each.id for each in work.rounds.all()] == ["2027-T3", "2027-T2", "2027-T1"]


def test_a_save_raises_the_version_and_a_second_with_the_old_one_is_refused(stocked: Database) -> None:
    with stocked.begin() as work:
        work.rounds.save(a_round().close(NOW))
    with stocked.begin() as work, pytest.raises(StaleWriteError):
        work.rounds.save(a_round(form=a_form(title="Skriver över")))
    with stocked.read() as work:
        stored = work.rounds.get("2027-T1")
    assert (stored.state, stored.closed_at, stored.version) == (RoundState.CLOSED, NOW, 1)
    assert stored.form == a_form()


def test_saving_a_round_that_is_not_there_is_stale(database: Database) -> None:
    with database.begin() as work, pytest.raises(StaleWriteError):
        work.rounds.save(a_round())


# --- submissions -------------------------------------------------------------


def test_a_submission_comes_back_as_it_was(stocked: Database) -> None:
    full = a_submission(
        unit="hamnen",
        unit_name="Påhittade Hamnen AB",
        kind=UnitKind.BOLAG,
        deadline_revision=2,
        extended=True,
        answered=1,
        saved_at=NOW,
        edition=1,
        received_at=NOW,
        handed_in_at=NOW + timedelta(microseconds=1),
        late_days=3,
        review_started=True,
        open_questions=("mark", "etableringar"),
        comments={"mark": "Skriv mer.", "etableringar": ""},
        reason="Kompletteras",
        decided_at=NOW,
        decided_by="k-1",
        diary_number="2027/112",
    )
    with stocked.begin() as work:
        work.submissions.add([full])
    with stocked.read() as work:
        stored = work.submissions.get(full.id)
    assert stored == full
    assert list(stored.comments) == ["mark", "etableringar"]


def test_the_moves_of_a_submission_survive_being_saved_one_by_one(stocked: Database) -> None:
    with stocked.begin() as work:
        one = work.submissions.save(work.submissions.get("2027-T1.norrby").excuse(reason="Vilande", by="k-1", at=NOW))
        assert one.version == 1
        two = work.submissions.save(replace(one, diary_number="2027/112"))
        assert two.version == 2
    with stocked.read() as work:
        stored = work.submissions.get("2027-T1.norrby")
    assert (stored, stored.version) == (two, 2)


def test_the_second_writer_of_a_submission_is_refused_and_the_first_ones_word_stands(stocked: Database) -> None:
    with stocked.begin() as work:
        seen = work.submissions.get("2027-T1.norrby")
    with stocked.begin() as work:
        work.submissions.save(seen.extend(DUE_AT + timedelta(days=7), at=NOW))
    with stocked.begin() as work, pytest.raises(StaleWriteError):
        work.submissions.save(seen.excuse(reason="Vilande", by="k-1", at=NOW))
    with stocked.read() as work:
        stored = work.submissions.get("2027-T1.norrby")
    assert stored.extended
    assert stored.allows(Move.WRITE)
    assert not stored.is_overdue(DUE_AT)
    assert swedish_calendar().last_day(stored.due_at).day == 4


def test_an_unknown_submission_is_named(database: Database) -> None:
    with database.read() as work, pytest.raises(NotFoundError, match="saknas"):
        work.submissions.get("2027-T1.saknas")


def test_submissions_of_a_round_come_in_order_of_id_and_of_no_other_round(stocked: Database) -> None:
    with stocked.begin() as work:
        work.rounds.add(a_round(id="2027-T2"))
        work.submissions.add([a_submission(unit="osby"), a_submission(unit="aspby"), a_submission(round="2027-T2")])
        work.submissions.add([])
    with stocked.read() as work:
        assert [each.unit for each in work.submissions.of_round("2027-T1")] == ["aspby", "norrby", "osby"]
        assert work.submissions.of_round("2031-T9") == ()


def test_the_same_submission_twice_is_refused(stocked: Database) -> None:
    with pytest.raises(REFUSED), stocked.begin() as work:
        work.submissions.add([a_submission(unit="osby"), a_submission()])
    with stocked.read() as work:
        assert len(work.submissions.of_round("2027-T1")) == 1


def test_a_submission_of_no_round_is_refused(stocked: Database) -> None:
    with pytest.raises(REFUSED), stocked.begin() as work:
        work.submissions.add([a_submission(round="2031-T9")])
