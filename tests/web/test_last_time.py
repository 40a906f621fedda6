"""Last round's answer beside this one's, and what its three choices make of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import a_round
from tests.web.houses import ANSWERS, NORRBY, ROUND, fill_in, open_form, set_clock
from tests.web.test_contact import draft, fields, send
from workflow.bootstrap import App
from workflow.domain.forms import Answer
from workflow.domain.rounds import RoundState
from workflow.services import rounds, submissions

NEXT = "2027-T2"
TITLE = f'<span class="muted">{a_round().title("sv")}</span>'
NOW_IN = f"{NEXT}.norrby"
MARK = Answer(question="mark", text="Tre markanvisningar.\n\n  Två till.")


@pytest.fixture
def later(house: App) -> App:
    """The next round: Norrby answered two questions last time, one of them as not applicable."""
    fill_in(house, NORRBY, (ANSWERS[0], MARK, replace(ANSWERS[1], question="tillstand")))
    submissions.submit(house.db, NORRBY, by="r", secrets=house.secrets, calendar=house.calendar, now=house.now())
    return open_next(house)


def open_next(house: App) -> App:
    opens = house.now() + timedelta(days=90)
    with house.db.read() as work:
        first = work.rounds.get(ROUND)
    planned = a_round(
        id=NEXT,
        state=RoundState.PLANNED,
        opened_at=None,
        opens_at=opens,
        due_at={kind: opens + timedelta(days=30) for kind in first.due_at},
        closes_at=opens + timedelta(days=60),
    )
    set_clock(house, opens)
    rounds.plan_round(house.db, planned, by="test", now=opens)
    rounds.open_round(house.db, NEXT, secrets=house.secrets, calendar=house.calendar, now=opens)
    return house


def test_last_rounds_answer_stands_beside_the_question(later: App) -> None:
    page = open_form(later, NOW_IN).get("/svara").text
    assert page.count("Ert förra svar") == 3
    assert TITLE in page
    assert "<p>Tre markanvisningar.</p>" in page
    assert page.count("Jämfört med förra svaret") == 3


def test_in_the_first_round_nothing_is_said_of_last_time(house: App) -> None:
    assert "förra svar" not in open_form(house, NORRBY).get("/svara").text


@pytest.mark.parametrize(
    ("choice", "kept"),
    [
        ("same", MARK),
        ("updated", MARK),
        ("gone", Answer(question="mark", not_applicable=True)),
    ],
)
def test_without_script_the_choice_fills_in_an_empty_answer(later: App, choice: str, kept: Answer) -> None:
    client = open_form(later, NOW_IN)
    assert send(client, against__mark=choice).status_code == 303
    assert draft(later, NOW_IN) == {"mark": kept}
    assert (
        f'name="against.mark" value="{choice if choice != "updated" else "same"}" checked' in client.get("/svara").text
    )


def test_what_was_typed_stands_whatever_is_chosen(later: App) -> None:
    client = open_form(later, NOW_IN)
    send(client, against__mark="same", text__mark="Nytt i år.")
    assert draft(later, NOW_IN)["mark"].text == "Nytt i år."
    assert 'name="against.mark" value="updated" checked' in client.get("/svara").text


def test_unchanged_chosen_later_takes_last_times_text(later: App) -> None:
    client = open_form(later, NOW_IN)
    send(client, text__mark="Nytt i år.")
    page = fields(client.get("/svara").text) | {"against.mark": "same"}
    assert client.post("/svara", data=page).status_code == 303
    assert draft(later, NOW_IN)["mark"] == MARK


def test_last_time_not_applicable_is_copied_with_its_reason(later: App) -> None:
    send(open_form(later, NOW_IN), against__tillstand="same")
    assert draft(later, NOW_IN)["tillstand"] == replace(ANSWERS[1], question="tillstand")


def test_the_choice_left_as_it_stood_changes_nothing(later: App) -> None:
    client = open_form(later, NOW_IN)
    send(client, text__mark="Nytt i år.")
    page = fields(client.get("/svara").text) | {"against.mark": "updated"}
    assert client.post("/svara", data=page).status_code == 303
    assert (draft(later, NOW_IN)["mark"].text, draft(later, NOW_IN)["mark"].version) == ("Nytt i år.", 1)
