"""The moves of a submission: one table, and what each move stamps."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import DUE_AT, NOW, a_form, a_submission, an_answer, an_edition
from workflow.domain.calendar import swedish_calendar
from workflow.domain.errors import (
    DeadlineError,
    FarDeadlineError,
    IncompleteError,
    MoveRefusedError,
    NoExtensionError,
    ReasonMissingError,
)
from workflow.domain.forms import Answer
from workflow.domain.submissions import MOVES, OWED, WHO, Move, State, Submission, answers_sha256

CALENDAR = swedish_calendar()
QUESTIONS = a_form().asked("stadsdelsnamnd", "norrby")
ANSWERS = {key: an_answer(key) for key in QUESTIONS.keys}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("move", Move)
def test_a_move_is_allowed_exactly_where_the_table_says(state: State, move: Move) -> None:
    assert a_submission(state=state).allows(move) == ((state, move) in MOVES)


def test_every_move_has_somebody_who_may_make_it() -> None:
    assert {move for _, move in MOVES} == set(WHO) == set(Move)


def test_nothing_leads_out_of_approved_but_reopening() -> None:
    assert [move for state, move in MOVES if state is State.APPROVED] == [Move.REOPEN]


def test_writing_starts_a_draft_and_counts_what_is_answered_without_keeping_the_text() -> None:
    written = a_submission().write(QUESTIONS, {"mark": an_answer("mark", "Hemligt utkast")}, at=NOW)
    assert (written.state, written.answered, written.saved_at) == (State.DRAFT, 1, NOW)
    assert "Hemligt" not in repr(written)


def test_submitting_stamps_the_moment_and_lateness_once() -> None:
    draft = a_submission(state=State.DRAFT)
    late = draft.submit(QUESTIONS, ANSWERS, at=DUE_AT + timedelta(days=2, hours=12), calendar=CALENDAR)
    assert (late.state, late.edition, late.late_days) == (State.SUBMITTED, 1, 1)  # Friday to Monday noon
    returned = late.give_back(
        Move.RETURN,
        reason="Mer om mark",
        comments={"mark": "Hur många?"},
        due_at=DUE_AT + timedelta(days=9),
        by="k-1",
        at=DUE_AT + timedelta(days=4),
    )
    again = returned.submit(QUESTIONS, ANSWERS, at=DUE_AT + timedelta(days=20), calendar=CALENDAR)
    assert (again.received_at, again.late_days) == (late.received_at, 1)
    assert (again.edition, again.handed_in_at) == (2, DUE_AT + timedelta(days=20))


def test_submitting_names_every_missing_question() -> None:
    answers = {"mark": Answer(question="mark", not_applicable=True, na_reason="  ")}
    with pytest.raises(IncompleteError) as refused:
        a_submission(state=State.DRAFT).submit(QUESTIONS, answers, at=NOW, calendar=CALENDAR)
    assert refused.value.values["missing"] == QUESTIONS.keys


def test_the_contact_may_take_back_only_until_the_review_has_begun() -> None:
    submitted = a_submission(state=State.SUBMITTED)
    assert submitted.take_back(at=NOW).state is State.DRAFT
    begun = submitted.start_review()
    assert not begun.allows(Move.TAKE_BACK)
    with pytest.raises(MoveRefusedError):
        begun.take_back(at=NOW)


def test_a_return_needs_a_reason_and_a_later_day_and_opens_only_the_chosen_questions() -> None:
    submitted = a_submission(state=State.SUBMITTED)
    with pytest.raises(ReasonMissingError):
        submitted.give_back(Move.RETURN, reason=" ", comments={}, due_at=NOW + timedelta(days=1), by="k", at=NOW)
    with pytest.raises(DeadlineError):
        submitted.give_back(Move.RETURN, reason="Mer", comments={}, due_at=NOW, by="k", at=NOW)
    returned = submitted.give_back(
        Move.RETURN, reason="Mer", comments={"mark": "?"}, due_at=NOW + timedelta(days=1), by="k", at=NOW
    )
    assert returned.accepts_answer("mark")
    assert not returned.accepts_answer("tillstand")
    assert returned.deadline_revision == submitted.deadline_revision + 1


def test_an_extension_moves_the_one_deadline_of_whoever_still_owes() -> None:
    extended = a_submission(state=State.DRAFT).extend(DUE_AT + timedelta(days=7), at=NOW)
    assert (extended.due_at, extended.due_set_at, extended.extended) == (DUE_AT + timedelta(days=7), NOW, True)
    with pytest.raises(MoveRefusedError):
        a_submission(state=State.APPROVED).extend(DUE_AT + timedelta(days=7), at=NOW)


@pytest.mark.parametrize("state", State)
def test_overdue_is_derived_and_only_for_those_who_owe(state: State) -> None:
    submission = a_submission(state=state)
    assert not submission.is_overdue(DUE_AT)
    assert submission.is_overdue(DUE_AT + timedelta(seconds=1)) == (state in OWED)


def test_a_supplement_taken_back_is_returned_again_with_its_comments() -> None:
    back = a_submission(
        state=State.SUBMITTED, edition=2, reason="Mer", comments={"mark": "?"}, open_questions=("mark",)
    )
    taken = back.take_back(at=NOW)
    assert (taken.state, taken.comments, taken.due_set_at) == (State.RETURNED, {"mark": "?"}, NOW)


def test_a_mistyped_year_and_an_extension_that_takes_time_away_are_refused() -> None:
    with pytest.raises(FarDeadlineError):
        a_submission().extend(DUE_AT + timedelta(days=45 * 365), at=NOW)
    with pytest.raises(NoExtensionError):
        a_submission().extend(DUE_AT - timedelta(days=1), at=NOW)
    extended = a_submission().extend(DUE_AT + timedelta(days=9), at=NOW)
    assert extended.extend(DUE_AT + timedelta(days=7), at=NOW).due_at == DUE_AT + timedelta(days=7)  # a correction


def test_an_excuse_needs_its_reason() -> None:
    with pytest.raises(ReasonMissingError):
        a_submission().excuse(reason="", by="k", at=NOW)
    assert a_submission().excuse(reason="Har ingen verksamhet", by="k", at=NOW).state is State.EXCUSED


def test_the_fingerprint_follows_the_content_and_not_the_version() -> None:
    edition = an_edition()
    again = replace(edition, answers={key: replace(answer, version=9) for key, answer in edition.answers.items()})
    assert again.sha256 == edition.sha256
    assert answers_sha256({"mark": an_answer("mark", "a")}) != answers_sha256({"mark": an_answer("mark", "a ")})


@given(st.lists(st.sampled_from(list(Move)), max_size=30))
def test_no_order_of_moves_loses_the_first_receipt_or_goes_around_the_table(moves: list[Move]) -> None:
    submission, at, first = a_submission(), NOW, None
    for move in moves:
        at += timedelta(hours=1)
        before = submission
        try:
            submission = _make(submission, move, at)
        except MoveRefusedError:
            assert not before.allows(move)
            assert submission is before
            continue
        assert (before.state, move) in MOVES
        first = first or submission.received_at
        assert submission.received_at == first
        assert submission.edition >= before.edition


def _make(submission: Submission, move: Move, at: datetime) -> Submission:
    late = at + timedelta(days=1)
    made: dict[Move, Callable[[], Submission]] = {
        Move.WRITE: lambda: submission.write(QUESTIONS, ANSWERS, at=at),
        Move.SUBMIT: lambda: submission.submit(QUESTIONS, ANSWERS, at=at, calendar=CALENDAR),
        Move.TAKE_BACK: lambda: submission.take_back(at=at),
        Move.RETURN: lambda: submission.give_back(move, reason="r", comments={}, due_at=late, by="k", at=at),
        Move.REOPEN: lambda: submission.give_back(move, reason="r", comments={}, due_at=late, by="k", at=at),
        Move.APPROVE: lambda: submission.approve(by="k", at=at),
        Move.EXCUSE: lambda: submission.excuse(reason="r", by="k", at=at),
    }
    return made[move]()
