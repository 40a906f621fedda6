"""More time: the table of moves, what may be asked for, and what a moved common day does to each unit."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import CLOSES_AT, DUE_AT, NOW, OPENS_AT, a_round, a_submission
from workflow.domain.calendar import swedish_calendar
from workflow.domain.errors import (
    ClosesBeforeError,
    DeadlineError,
    FarDeadlineError,
    MoveRefusedError,
    NoExtensionError,
    PassedDeadlineError,
    ReasonMissingError,
    RequestAnsweredError,
    RoundMoveRefusedError,
)
from workflow.domain.extensions import (
    EXTENSION_ACTORS,
    EXTENSION_MOVES,
    GIVEN,
    Extension,
    ExtensionMove,
    ExtensionState,
    ask,
    in_force,
    unasked,
)
from workflow.domain.moving import Effect, follow, lengthen
from workflow.domain.people import UnitKind
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import OWED, State, Submission

CALENDAR = swedish_calendar()
WISHED = DUE_AT + timedelta(days=7)
LATER = DUE_AT + timedelta(days=10)


def asked(submission: Submission | None = None, wished: datetime = WISHED, at: datetime = NOW) -> Extension:
    return ask(submission or a_submission(), id_="e-1", wished=wished, reason="Sjuk", by="r", at=at, calendar=CALENDAR)


# --- the moves -----------------------------------------------------------------------------------------------------


def made(move: ExtensionMove, extension: Extension, at: datetime) -> Extension:
    wished = extension.wished or WISHED
    moves: dict[ExtensionMove, Callable[[], Extension]] = {
        ExtensionMove.GRANT: lambda: extension.give(wished, stood=DUE_AT, answer="Ja", by="k", at=at),
        ExtensionMove.CHANGE: lambda: extension.give(LATER, stood=DUE_AT, answer="Ja", by="k", at=at),
        ExtensionMove.REFUSE: lambda: extension.refuse("Nej", by="k", at=at),
        ExtensionMove.TAKE_BACK: lambda: extension.take_back(by="r", at=at),
        ExtensionMove.WITHDRAW: lambda: extension.withdraw("Nej", by="k", at=at),
        ExtensionMove.LAPSE: lambda: extension.lapse(by="r", at=at),
    }
    return moves[move]()


@given(st.lists(st.sampled_from(list(ExtensionMove)), max_size=20))
def test_no_order_of_moves_goes_around_the_table(moves: list[ExtensionMove]) -> None:
    extension, at = asked(), NOW
    for move in moves:
        at += timedelta(hours=1)
        before = extension
        meant = ExtensionMove.CHANGE if move is ExtensionMove.GRANT and not before.is_open else move
        try:
            extension = made(move, extension, at)
        except RequestAnsweredError:
            assert not before.allows(meant)
            assert extension is before
            continue
        assert extension.state is EXTENSION_MOVES[before.state, meant]
        assert (extension.asked_at, extension.reason, extension.wished) == (NOW, "Sjuk", WISHED)
        assert (extension.state not in GIVEN) or extension.due_at is not None
        assert extension.decided_at == at


def test_every_move_has_somebody_who_may_make_it_and_what_is_over_stays_over() -> None:
    assert {move for _, move in EXTENSION_MOVES} == set(EXTENSION_ACTORS) == set(ExtensionMove)
    over = {ExtensionState.REFUSED, ExtensionState.WITHDRAWN, ExtensionState.LAPSED}
    assert not [state for state, _ in EXTENSION_MOVES if state in over]


def test_a_no_needs_its_reason() -> None:
    with pytest.raises(ReasonMissingError):
        asked().refuse(" ", by="k", at=NOW)
    granted = asked().give(WISHED, stood=DUE_AT, answer="", by="k", at=NOW)
    with pytest.raises(ReasonMissingError):
        granted.withdraw("", by="k", at=NOW)


# --- asking --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", State)
def test_only_who_owes_may_ask(state: State) -> None:
    if state in OWED:
        assert asked(a_submission(state=state)).is_open
    else:
        with pytest.raises(MoveRefusedError):
            asked(a_submission(state=state))


def test_it_may_be_asked_for_after_the_last_day_too_but_not_for_today() -> None:
    late = DUE_AT + timedelta(days=3, hours=10)
    with pytest.raises(DeadlineError):
        asked(wished=late + timedelta(hours=2), at=late)
    assert asked(wished=late + timedelta(days=1), at=late).wished == late + timedelta(days=1)


def test_a_mistyped_year_a_shorter_time_and_no_reason_are_refused() -> None:
    with pytest.raises(FarDeadlineError):
        asked(wished=NOW + timedelta(days=401))
    with pytest.raises(NoExtensionError):
        asked(wished=DUE_AT)
    with pytest.raises(ReasonMissingError):
        ask(a_submission(), id_="e", wished=WISHED, reason=" \n", by="r", at=NOW, calendar=CALENDAR)


# --- the submission follows ------------------------------------------------------------------------------------------


def test_a_withdrawn_extension_gives_back_the_day_that_stood_unless_it_has_passed() -> None:
    extended = a_submission().extend(WISHED, at=NOW)
    back = extended.end_extension(DUE_AT, at=NOW + timedelta(hours=1))
    assert (back.due_at, back.extended, back.deadline_revision) == (DUE_AT, False, 2)
    with pytest.raises(PassedDeadlineError):
        extended.end_extension(DUE_AT, at=DUE_AT)
    with pytest.raises(MoveRefusedError):
        a_submission().end_extension(DUE_AT, at=NOW)


def test_the_same_day_again_is_no_extension() -> None:
    with pytest.raises(NoExtensionError):
        a_submission().extend(WISHED, at=NOW).extend(WISHED, at=NOW)


def test_a_saved_draft_is_no_news_to_a_decision_but_handing_in_is() -> None:
    empty, draft = a_submission(), a_submission(state=State.DRAFT, answered=2, version=7)
    assert empty.footing == draft.footing
    others = [
        a_submission(state=State.SUBMITTED, edition=1),
        a_submission(state=State.DRAFT, edition=1),
        empty.extend(WISHED, at=NOW),
    ]
    assert len({each.footing for each in [empty, *others]}) == 4


def test_the_newest_decision_is_in_force_as_long_as_the_unit_is_extended() -> None:
    first = asked().give(WISHED, stood=DUE_AT, answer="", by="k", at=NOW)
    second = unasked(a_submission(), id_="e-2", due_at=LATER, stood=DUE_AT, answer="", by="k", at=NOW + timedelta(1))
    both = (first, second, asked())
    assert in_force(a_submission(extended=True), both) is second
    assert in_force(a_submission(extended=False), both) is None


# --- the common day --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("submission", "effect", "due_at", "revisions"),
    [
        (a_submission(), Effect.MOVES, WISHED, 1),
        (a_submission().extend(LATER, at=NOW), Effect.STANDS, LATER, 0),
        (a_submission().extend(WISHED, at=NOW), Effect.JOINS, WISHED, 0),
        (a_submission().extend(WISHED - timedelta(days=1), at=NOW), Effect.JOINS, WISHED, 1),
        (a_submission(due_at=WISHED), Effect.STANDS, WISHED, 0),
        (a_submission(state=State.RETURNED), Effect.OWN, DUE_AT, 0),
        (a_submission(state=State.SUBMITTED), Effect.DONE, DUE_AT, 0),
        (a_submission(state=State.EXCUSED), Effect.DONE, DUE_AT, 0),
    ],
    ids=["moves", "longer", "equal", "shorter", "there-already", "supplement", "handed-in", "excused"],
)
def test_a_moved_day_and_what_it_does(submission: Submission, effect: Effect, due_at: datetime, revisions: int) -> None:
    touch = follow(submission, WISHED, at=NOW)
    assert (touch.effect, touch.after.due_at) == (effect, due_at)
    assert touch.after.deadline_revision - submission.deadline_revision == revisions == touch.is_dated_anew
    assert touch.after.extended == (effect is Effect.STANDS and submission.extended)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=12))
def test_a_revision_is_counted_exactly_when_the_date_changes(steps: list[tuple[bool, int]]) -> None:
    """Calendar programs move the entry for each revision, and for nothing else."""
    submission = a_submission()
    for is_common, days in steps:
        before, due_at = submission, NOW + timedelta(days=days)
        try:
            submission = follow(before, due_at, at=NOW).after if is_common else before.extend(due_at, at=NOW)
        except NoExtensionError:
            continue
        changed = submission.due_at != before.due_at
        assert submission.deadline_revision == before.deadline_revision + changed


def test_several_get_time_and_nobody_loses_any() -> None:
    assert lengthen(a_submission(), WISHED, at=NOW).effect is Effect.MOVES
    kept = lengthen(a_submission().extend(LATER, at=NOW), WISHED, at=NOW)
    assert (kept.effect, kept.after.due_at) == (Effect.STANDS, LATER)
    assert lengthen(a_submission(state=State.APPROVED), WISHED, at=NOW).effect is Effect.DONE


def test_what_is_taken_back_follows_the_common_day_of_now() -> None:
    back = a_submission(state=State.SUBMITTED).take_back(at=NOW)
    assert back.rejoin(LATER, at=NOW).due_at == LATER
    longer = a_submission(state=State.SUBMITTED, extended=True, due_at=LATER).take_back(at=NOW)
    assert longer.rejoin(WISHED, at=NOW) is longer
    supplement = a_submission(state=State.SUBMITTED, reason="Mer").take_back(at=NOW)
    assert supplement.rejoin(LATER, at=NOW) is supplement
    passed = NOW - timedelta(days=1)
    assert back.rejoin(passed, at=NOW) is back, "nobody is late for a day they were never told of"
    assert replace(back, due_at=passed - timedelta(days=1)).rejoin(passed, at=NOW).due_at == passed


# --- the round -------------------------------------------------------------------------------------------------------


def test_a_round_moves_one_kind_or_all_and_its_closing_with_it() -> None:
    moved = a_round().move([UnitKind.BOLAG], WISHED, closes_at=None, now=NOW)
    assert moved.due_at[UnitKind.BOLAG] == WISHED
    assert moved.due_at[UnitKind.FACKNAMND] == a_round().due_at[UnitKind.FACKNAMND]
    after = CLOSES_AT + timedelta(days=1)
    with pytest.raises(ClosesBeforeError):
        a_round().move([UnitKind.BOLAG], after, closes_at=None, now=NOW)
    closes = after + timedelta(days=7)
    assert a_round().move([UnitKind.BOLAG], after, closes_at=closes, now=NOW).closes_at == closes


@pytest.mark.parametrize(
    ("due_at", "error"), [(NOW, DeadlineError), (NOW + timedelta(days=500), FarDeadlineError)], ids=["past", "far"]
)
def test_a_round_is_not_moved_to_the_past_or_a_mistyped_year(due_at: datetime, error: type[Exception]) -> None:
    with pytest.raises(error):
        a_round().move([UnitKind.BOLAG], due_at, closes_at=None, now=NOW)


def test_a_planned_round_may_be_moved_to_after_its_opening_and_a_closed_one_not_at_all() -> None:
    planned = a_round(state=RoundState.PLANNED, opened_at=None)
    with pytest.raises(DeadlineError):
        planned.move(planned.kinds, OPENS_AT, closes_at=None, now=OPENS_AT - timedelta(days=9))
    for state in (RoundState.CLOSED, RoundState.BUNDLED, RoundState.CANCELLED):
        with pytest.raises(RoundMoveRefusedError):
            a_round(state=state).move([UnitKind.BOLAG], WISHED, closes_at=None, now=NOW)
