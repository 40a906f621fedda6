"""Forms, people, rounds, the log and the bundle as values."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW, a_form, a_recipient, a_round, a_submission, an_answer, an_edition, an_event
from workflow.domain.audit import GENESIS, Chained, chain, first_break
from workflow.domain.bundles import compose_bundle
from workflow.domain.calendar import swedish_calendar
from workflow.domain.errors import RoundMoveRefusedError, TextRefusedError, TooLongError
from workflow.domain.forms import Answer, Question, clean_answer, clean_text, missing
from workflow.domain.overview import NextMail, Overview, in_swedish_order, make_row
from workflow.domain.people import UnitKind, search_key, sort_key
from workflow.domain.rounds import ROUND_MOVES, Period, Round, RoundMove, RoundState
from workflow.domain.submissions import State, Submission

CALENDAR = swedish_calendar()


# --- forms -------------------------------------------------------------------


def test_each_kind_is_asked_its_own_questions_in_its_own_words() -> None:
    district = a_form().asked("stadsdelsnamnd", "norrby")
    company = a_form().asked("bolag", "hamnen")
    assert district.keys == ("etableringar", "mark", "tillstand")
    assert company.keys == ("etableringar", "mark")
    assert company.questions[0].text.endswith("bolaget fått?")
    assert [question.number for question in district.questions] == ["1.1", "1.2", "2.1"]


def test_a_question_has_one_number_whoever_is_asked_it() -> None:
    form, areas = a_form(), []
    for area in form.areas:
        only_companies = replace(area.questions[0], key=f"bara_{area.key}", kinds=frozenset({"bolag"}))
        areas.append(replace(area, questions=(only_companies, *area.questions)))
    form = replace(form, areas=tuple(areas))
    numbers = {
        kind: {each.key: each.number for each in form.asked(kind, "norrby").questions}
        for kind in ("stadsdelsnamnd", "bolag")
    }
    assert numbers["stadsdelsnamnd"] == {"etableringar": "1.2", "mark": "1.3", "tillstand": "2.2"}
    assert numbers["bolag"] == {"bara_etablering": "1.1", "etableringar": "1.2", "mark": "1.3", "bara_service": "2.1"}


@pytest.mark.parametrize(
    ("kinds", "units", "asked"),
    [
        ((), (), {"a": True, "b": True}),
        (("bolag",), (), {"a": True, "b": False}),
        ((), ("b",), {"a": False, "b": True}),
        (("bolag",), ("b",), {"a": True, "b": True}),
    ],
)
def test_kinds_and_units_choose_together(
    kinds: tuple[str, ...], units: tuple[str, ...], asked: dict[str, bool]
) -> None:
    question = Question(key="q", label="", texts={"": "?"}, kinds=frozenset(kinds), units=frozenset(units))
    assert {"a": question.asked_of("bolag", "a"), "b": question.asked_of("stiftelse", "b")} == asked


def test_not_applicable_counts_as_an_answer_only_with_its_reason() -> None:
    questions = a_form().asked("bolag", "hamnen")
    answers = {"etableringar": an_answer(), "mark": Answer(question="mark", not_applicable=True)}
    assert [question.key for question in missing(questions, answers)] == ["mark"]
    answers["mark"] = replace(answers["mark"], na_reason="Vi anvisar ingen mark.")
    assert missing(questions, answers) == ()


@pytest.mark.parametrize("text", ["a\x00b", "a\x0bb", "a\x1bb", "a\ud800b", "a\uffffb", "a\x85b"])
def test_text_that_no_document_can_hold_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(TextRefusedError) as refused:
        clean_text(text, where="mark")
    assert refused.value.values["position"] == 2
    assert refused.value.values["text"] == text


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"])))
def test_all_other_text_is_kept_to_the_letter(text: str) -> None:
    assert clean_text(text, where="mark") == text


def test_line_ends_become_one_kind_and_paragraphs_follow_them() -> None:
    assert clean_text("a\r\nb\rc", where="x") == "a\nb\nc"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(question="mark", text="a" * 100_001),
        Answer(question="mark", not_applicable=True, na_reason="å" * 100_001),
    ],
)
def test_a_text_has_a_limit_that_the_error_names(answer: Answer) -> None:
    with pytest.raises(TooLongError) as refused:
        clean_answer(answer, known=("mark",))
    assert refused.value.values == {"field": "mark", "count": 100_001, "limit": 100_000}


def test_a_line_end_counts_once_however_it_is_sent() -> None:
    text = "a\r\n" * 50_000
    assert clean_answer(an_answer("mark", text), known=("mark",)).text == "a\n" * 50_000
    assert an_answer(text="ett\n\n två \n").paragraphs == ("ett", "två")


def test_an_answer_to_a_question_nobody_asked_is_a_forgery() -> None:
    with pytest.raises(KeyError):
        clean_answer(an_answer("annat"), known=("mark",))


# --- people ------------------------------------------------------------------


def test_swedish_order_puts_ao_last_and_ignores_case() -> None:
    names = ["Östermalm", "Zinken", "ärla", "Årsta", "Ängby", "alvik", "Eriksdal", "Érik"]
    assert sorted(names, key=sort_key) == ["alvik", "Érik", "Eriksdal", "Zinken", "Årsta", "Ängby", "ärla", "Östermalm"]


@pytest.mark.parametrize("wanted", ["hagersten", "HÄGERSTEN", "Alvsjo", "hägersten-älv"])
def test_search_forgives_dots_and_case(wanted: str) -> None:
    assert search_key(wanted) in search_key("Hägersten-Älvsjö stadsdelsnämnd")


# --- rounds ------------------------------------------------------------------


@pytest.mark.parametrize("state", RoundState)
@pytest.mark.parametrize("move", RoundMove)
def test_a_round_moves_exactly_as_its_table_says(state: RoundState, move: RoundMove) -> None:
    round_ = a_round(state=state)
    acts: dict[RoundMove, Callable[[], Round]] = {
        RoundMove.OPEN: lambda: round_.open(NOW),
        RoundMove.CLOSE: lambda: round_.close(NOW),
        RoundMove.BUNDLE: round_.bundle,
        RoundMove.CANCEL: round_.cancel,
        RoundMove.MOVE: lambda: round_.move(round_.kinds, round_.closes_at, closes_at=None, now=NOW),
    }
    act = acts[move]
    assert round_.allows(move) == ((state, move) in ROUND_MOVES)
    if round_.allows(move):
        assert act().state is ROUND_MOVES[state, move]
    else:
        with pytest.raises(RoundMoveRefusedError):
            act()


@pytest.mark.parametrize(
    ("first", "last", "span"),
    [
        (1, 4, (date(2027, 1, 1), date(2027, 4, 30))),
        (1, 8, (date(2027, 1, 1), date(2027, 8, 31))),
        (1, 12, (date(2027, 1, 1), date(2027, 12, 31))),
        (1, 2, (date(2027, 1, 1), date(2027, 2, 28))),
    ],
)
def test_a_period_covers_whole_months(first: int, last: int, span: tuple[date, date]) -> None:
    period = Period(code="X", title={"sv": "X", "en": "X"}, first_month=first, last_month=last)
    assert period.span(2027) == span


# --- the log -----------------------------------------------------------------


def _log(length: int) -> list[Chained]:
    found: list[Chained] = []
    for number in range(1, length + 1):
        previous = found[-1].hash if found else GENESIS
        found.append(chain(an_event(data={"n": number}), number=number, previous=previous))
    return found


@given(st.integers(1, 12), st.data())
def test_any_change_removal_or_swap_is_found_at_its_place(length: int, data: st.DataObject) -> None:
    log = _log(length)
    assert first_break(log) is None
    place = data.draw(st.integers(0, length - 1))
    forged = [*log]
    forged[place] = replace(log[place], event=replace(log[place].event, actor="någon annan"))
    assert first_break(forged) == place + 1
    if place < length - 1:
        assert first_break(log[:place] + log[place + 1 :]) == place + 1


# --- overview and bundle -----------------------------------------------------


def _row(submission: Submission, **changes: object):  # type: ignore[no-untyped-def]  # noqa: ANN202
    values = {"next_mail": None, "undelivered": (), "calendar": CALENDAR, "now": NOW} | changes
    return make_row(submission, a_recipient(), **values)  # type: ignore[arg-type]


def test_the_overview_counts_and_sorts() -> None:
    rows = in_swedish_order(
        [
            _row(a_submission(unit="o", unit_name="Östra nämnden", state=State.SUBMITTED, handed_in_at=NOW)),
            _row(a_submission(unit="a", unit_name="Alviks nämnd", due_at=NOW - timedelta(days=3))),
            _row(a_submission(unit="h", unit_name="Hägerstens bolag", kind=UnitKind.BOLAG, state=State.APPROVED)),
        ]
    )
    found = Overview(rows=rows)
    assert [row.submission.unit for row in found.rows] == ["a", "h", "o"]
    assert (found.handed_in, found.counts[State.APPROVED]) == (2, 1)
    assert [row.submission.unit for row in found.overdue] == ["a"]
    assert [row.submission.unit for row in found.waiting] == ["o"]


def test_lateness_runs_while_owed_and_stands_still_once_received() -> None:
    owed = _row(a_submission(due_at=NOW - timedelta(days=7)), next_mail=NextMail(kind="overdue", at=NOW))
    assert owed.late_days == 4  # Kristi himmelsfärdsdag lies between
    came = _row(a_submission(due_at=NOW - timedelta(days=7), state=State.SUBMITTED, late_days=2))
    assert (came.late_days, came.is_overdue) == (2, False)


def test_the_bundle_says_who_is_missing_and_who_was_late_and_cannot_hold_a_draft() -> None:
    handed_in = a_submission(state=State.APPROVED, edition=1, received_at=NOW, late_days=2)
    missing_one = a_submission(unit="sodra", unit_name="Södra nämnden", state=State.DRAFT)
    excused = a_submission(unit="valn", unit_name="Valnämnden", state=State.EXCUSED)
    bundle = compose_bundle(a_round(), [missing_one, excused, handed_in], {handed_in.id: an_edition()}, edition=0)
    assert [unit.name for unit in bundle.missing] == ["Södra nämnden"]
    assert [unit.name for unit in bundle.late] == ["Norrby stadsdelsnämnd"]
    entries = bundle.areas[0].questions[0].entries
    assert [entry.status.name for entry in entries] == ["Norrby stadsdelsnämnd", "Södra nämnden", "Valnämnden"]
    assert [entry.answer is not None for entry in entries] == [True, False, False]
    assert bundle == compose_bundle(
        a_round(), [handed_in, excused, missing_one], {handed_in.id: an_edition()}, edition=0
    )
