"""A question saved as it is typed: versions, both texts of a clash, and what the script is told when it may not."""

import re
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.web.houses import (
    ANSWERS,
    HAMN,
    NORRBY,
    VATTEN,
    browser,
    content,
    csrf_of,
    fill_in,
    hand_in,
    open_form,
    set_clock,
)
from tests.web.test_contact import TEXT, draft, fields, give_back, submission
from workflow.bootstrap import App
from workflow.domain.forms import LONGEST_TEXT, Answer
from workflow.domain.submissions import State
from workflow.services.freezing import LINK_LIFE


def save(client: TestClient, key: str, version: int = 0, **typed: str) -> Response:
    """What the script sends; `typed` are the fields' kinds: text, na, reason."""
    page = client.get("/svara").text
    sent = {"csrf": csrf_of(page) if 'name="csrf"' in page else "", f"version.{key}": str(version)}
    return client.post(f"/svara/fraga/{key}", data=sent | {f"{kind}.{key}": text for kind, text in typed.items()})


def told(response: Response, status: int = 200) -> dict[str, Any]:
    assert response.status_code == status, response.text
    found: dict[str, Any] = response.json()
    return found


def test_a_question_is_saved_by_itself_and_told_in_words(house: App) -> None:
    found = told(save(open_form(house, NORRBY), "mark", text=TEXT))
    assert draft(house) == {"mark": Answer(question="mark", text=TEXT)}
    assert (found["version"], found["done"]) == (1, 1)
    assert (found["progress"], found["short"]) == ("1 av 3 frågor besvarade", "1 av 3 frågor")
    assert "Sparat i dag kl. 09.12" in found["said"]
    assert "Besvarad" in found["state"]
    assert "besvarad" in found["mark"]
    assert submission(house).state is State.DRAFT


def test_the_words_are_english_for_who_reads_english(house: App) -> None:
    found = told(save(open_form(house, HAMN, language="en"), "mark", text=TEXT))
    assert found["progress"] == "1 of 3 questions answered"
    assert "Saved" in found["said"]


def test_every_letter_is_kept(house: App) -> None:
    text = "\n\nRad ett  \r\nRad två – ”citat” \u00a0 \u0061\u030a 🙂 ]]> שלום"
    told(save(open_form(house, NORRBY), "mark", text=text))
    assert draft(house)["mark"].text == text.replace("\r\n", "\n")


def test_the_button_goes_on_where_the_script_left_off(house: App) -> None:
    client = open_form(house, NORRBY)
    page = fields(client.get("/svara").text)
    found = told(save(client, "mark", text="Först."))
    page |= {"version.mark": str(found["version"]), "seen.mark": found["seen"], "text.mark": "Först."}
    assert client.post("/svara", data=page).status_code == 303
    assert draft(house)["mark"].version == 1
    assert client.post("/svara", data=page | {"text.mark": "Sedan."}).status_code == 303
    assert (draft(house)["mark"].text, draft(house)["mark"].version) == ("Sedan.", 2)


def test_sent_twice_is_stored_once(house: App) -> None:
    client = open_form(house, NORRBY)
    assert told(save(client, "mark", text=TEXT)) == told(save(client, "mark", text=TEXT))
    assert draft(house)["mark"].version == 1


def test_two_at_once_are_told_both_texts_and_nothing_is_overwritten(house: App) -> None:
    told(save(open_form(house, NORRBY, name="Bo Påhittad"), "mark", text="Bos <b>text</b>."))
    before = content(house)
    found = told(save(open_form(house, NORRBY), "mark", text="Åsas text."), 409)
    assert found["error"] == "clash"
    assert found["theirs"] == {"text": "Bos <b>text</b>.", "not_applicable": False, "reason": ""}
    assert "Det Bo Påhittad sparade" in found["text"]
    assert "Bos &lt;b&gt;text&lt;/b&gt;." in found["text"]
    assert 'name="choice.mark" value="theirs"' in found["choice"]
    assert draft(house)["mark"].text == "Bos <b>text</b>."
    assert len(content(house)) == len(before)
    chosen = told(save(open_form(house, NORRBY), "mark", version=found["version"], text="Bådas text."))
    assert (chosen["version"], draft(house)["mark"].text) == (2, "Bådas text.")


def test_another_question_never_clashes(house: App) -> None:
    told(save(open_form(house, NORRBY, name="Bo Påhittad"), "mark", text="Bos text."))
    told(save(open_form(house, NORRBY), "tillstand", text="Åsas text."))
    assert {key: each.text for key, each in draft(house).items()} == {"mark": "Bos text.", "tillstand": "Åsas text."}


@pytest.mark.parametrize("text", ["Rad\x0bbruten", "x" * (LONGEST_TEXT + 1)], ids=["character", "length"])
def test_what_cannot_be_kept_is_named(house: App, text: str) -> None:
    found = told(save(open_form(house, NORRBY), "mark", text=text), 422)
    assert found["error"] == "refused"
    assert "fråga 1.2" in found["message"]
    assert draft(house) == {}


def test_a_session_that_is_over_says_so(house: App) -> None:
    client = open_form(house, NORRBY)
    csrf = csrf_of(client.get("/svara").text)
    set_clock(house, house.now() + LINK_LIFE)
    found = told(client.post("/svara/fraga/mark", data={"csrf": csrf, "text.mark": TEXT}), 403)
    assert found["error"] == "session"
    assert draft(house) == {}


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_wrong_token_asks_for_the_link_again(house: App, token: str) -> None:
    client = open_form(house, NORRBY)
    found = told(client.post("/svara/fraga/mark", data={"csrf": token, "text.mark": TEXT}), 422)
    assert found["error"] == "session"
    assert draft(house) == {}


def test_without_an_opened_link_nothing_is_saved(house: App) -> None:
    assert told(browser(house).post("/svara/fraga/mark", data={"text.mark": TEXT}), 403)["error"] == "session"


def test_another_units_session_saves_only_its_own(house: App) -> None:
    csrf = csrf_of(open_form(house, NORRBY).get("/svara").text)
    refused = open_form(house, VATTEN).post("/svara/fraga/mark", data={"csrf": csrf, "text.mark": TEXT})
    assert told(refused, 422)["error"] == "session"
    assert draft(house) == draft(house, VATTEN) == {}


def test_a_question_that_is_not_asked_is_refused(house: App) -> None:
    found = told(save(open_form(house, VATTEN), "tillstand", text=TEXT), 404)
    assert found["error"] == "closed"
    assert draft(house, VATTEN) == {}


def test_after_handing_in_nothing_is_saved_and_the_script_is_told(house: App) -> None:
    client = open_form(house, NORRBY)
    csrf = csrf_of(client.get("/svara").text)
    hand_in(house, NORRBY)
    found = told(client.post("/svara/fraga/mark", data={"csrf": csrf, "text.mark": TEXT}), 422)
    assert found["error"] == "closed"
    assert found["message"]
    assert draft(house)["mark"] == ANSWERS[1]


def test_after_a_return_only_the_open_questions_are_saved(house: App) -> None:
    hand_in(house, NORRBY)
    give_back(house, {"tillstand": "Hur många?"})
    client = open_form(house, NORRBY)
    locked = told(save(client, "mark", version=1, text=TEXT), 422)
    assert (locked["error"], "1.2" in locked["message"]) == ("closed", True)
    found = told(save(client, "tillstand", version=1, text="Sju."))
    assert "Kompletterad" in found["state"]


def test_the_page_carries_what_the_script_needs(house: App) -> None:
    fill_in(house, NORRBY, ANSWERS[:1])
    page = open_form(house, NORRBY).get("/svara")
    assert '<script type="module" src="/static/answer.js">' in page.text
    assert f'data-submission="{NORRBY}"' in page.text
    assert re.findall(r'data-key="([^"]+)"', page.text) == ["etableringar", "mark", "tillstand"]
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "<script>" not in page.text
