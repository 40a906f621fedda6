"""More time on the pages: the contact asks, the coordinator answers; several at once; the common day moved."""

import re

import pytest

from tests.web.houses import HAMN, NORRBY, ROUND, VATTEN, csrf_of, fill_in, hand_in, open_form
from tests.web.office import ROUND_PAGE, asked, show, sign_in, submission
from workflow.bootstrap import App
from workflow.domain.extensions import ExtensionState
from workflow.ports import Job
from workflow.services import extensions

PAGE = "/svara/anstand"
WISH = {"day": "2027-06-08", "reason.time": "Nämnden möts i juni."}


def ask(house: App, submission_id: str = NORRBY, **changes: str) -> None:
    client = open_form(house, submission_id)
    sent = client.post(PAGE, data={"csrf": csrf_of(client.get(PAGE).text), **WISH, **changes})
    assert sent.status_code == 303, sent.text


def states(house: App, submission_id: str = NORRBY) -> list[ExtensionState]:
    return [each.state for each in extensions.of_unit(house.db, submission_id)]


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return found[1]


# --- the contact person ----------------------------------------------------------------------------------------------


def test_the_contact_asks_and_sees_that_it_waits(house: App) -> None:
    ask(house)
    client = open_form(house, NORRBY)
    page = client.get(PAGE).text
    assert "Er begäran väntar på svar" in page
    assert "tisdag 8 juni 2027 kl. 24.00" in page
    assert "väntar på svar" in client.get("/svara").text
    assert submission(house, NORRBY).deadline_revision == 0


def test_pressing_twice_asks_once(house: App) -> None:
    ask(house)
    client = open_form(house, NORRBY)
    csrf = csrf_of(client.get(PAGE).text)
    assert client.post(PAGE, data={"csrf": csrf, **WISH}).status_code == 303
    assert states(house) == [ExtensionState.ASKED]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"day": "8 juni"}, "är inget datum"),
        ({"day": "2027-05-20"}, "måste ligga efter"),
        ({"day": "2027-05-28"}, "måste ge mer tid"),
        ({"day": "2028-09-08"}, "Kontrollera årtalet"),
        ({"day": "2027-06-06"}, "Söndag 6 juni"),
        ({"reason.time": "  "}, "Skriv en motivering"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(house: App, changes: dict[str, str], said: str) -> None:
    client = open_form(house, NORRBY)
    answer = client.post(PAGE, data={"csrf": csrf_of(client.get(PAGE).text), **WISH, **changes})
    assert answer.status_code == 422
    assert re.search(said, answer.text)
    assert f'value="{(WISH | changes)["day"]}"' in answer.text
    assert states(house) == []


def test_a_doubtful_day_is_asked_about_and_may_be_kept(house: App) -> None:
    ask(house, day="2027-06-06", confirmed="2027-06-06")
    assert states(house) == [ExtensionState.ASKED]


def test_the_contact_takes_the_request_back(house: App) -> None:
    ask(house)
    client = open_form(house, NORRBY)
    page = client.get(PAGE).text
    data = {"csrf": csrf_of(page), "request": hidden(page, "request")}
    for _ in range(2):  # pressed twice
        assert client.post(f"{PAGE}/ta-tillbaka", data=data).status_code == 303
    assert states(house) == [ExtensionState.WITHDRAWN]
    assert "togs tillbaka" in client.get(PAGE).text


def test_whoever_has_handed_in_has_nothing_to_ask_for(house: App) -> None:
    client = open_form(house, VATTEN)
    csrf = csrf_of(client.get(PAGE).text)
    hand_in(house, VATTEN)
    assert client.get(PAGE).headers["location"] == "/svara"
    assert client.post(PAGE, data={"csrf": csrf, **WISH}).headers["location"] == "/svara"
    assert states(house, VATTEN) == []


def test_it_reads_well_in_english(house: App) -> None:
    ask(house, HAMN)
    client = open_form(house, HAMN, language="en")
    assert "Your request is waiting for an answer" in client.get(PAGE).text


# --- the coordinator's answer ----------------------------------------------------------------------------------------


def test_requests_stand_on_top_and_are_granted_with_another_day(house: App) -> None:
    ask(house)
    client = sign_in(house)
    assert "ber om anstånd" in client.get(ROUND_PAGE).text
    shown = show(client, "norrby")
    page = client.get(shown.url).text
    assert "Nämnden möts i juni." in page
    assert 'value="2027-06-08"' in page
    answer = shown.post(
        "anstand", request=hidden(page, "request"), extend__day="2027-06-03", extend__clock="16.00", reason__extend=""
    )
    assert answer.status == 303, answer.text
    assert states(house) == [ExtensionState.CHANGED]
    assert "svaret blev torsdag 3 juni 2027 kl. 16.00" in open_form(house, NORRBY).get(PAGE).text
    assert "ber om anstånd" not in client.get(ROUND_PAGE).text
    assert asked(house) == [Job.DELIVER]


def test_a_no_needs_a_reason_and_is_shown_to_the_contact(house: App) -> None:
    ask(house)
    shown = show(sign_in(house), "norrby")
    request = hidden(shown.client.get(shown.url).text, "request")
    assert shown.post("anstand/neka", request=request, reason__refuse=" ").status == 422
    assert shown.post("anstand/neka", request=request, reason__refuse="Vi samlar svaren då.").status == 303
    page = open_form(house, NORRBY).get(PAGE).text
    assert "fick nej" in page
    assert "Vi samlar svaren då." in page
    again = shown.post("anstand/neka", request=request, reason__refuse="En gång till")
    assert again.status == 409
    assert "En gång till" in again.text


def test_what_the_contact_took_back_is_not_granted(house: App) -> None:
    ask(house)
    shown = show(sign_in(house), "norrby")
    request = hidden(shown.client.get(shown.url).text, "request")
    extensions.take_back_request(house.db, NORRBY, request, by="r", secrets=house.secrets, now=house.now())
    answer = shown.post("anstand", request=request, extend__day="2027-06-08", extend__clock="24.00")
    assert answer.status == 409
    assert not submission(house, NORRBY).extended


def test_a_draft_saved_meanwhile_makes_no_page_stale(house: App) -> None:
    shown = show(sign_in(house), "norrby")
    fill_in(house, NORRBY)
    typed = {"extend__day": "2027-06-08", "extend__clock": "16.00", "reason__extend": "Sjukdom"}
    assert shown.post("anstand", **typed).status == 303
    assert shown.post("anstand", **typed).status == 409


def test_a_look_shows_the_mails_and_changes_nothing(house: App) -> None:
    shown = show(sign_in(house), "norrby")
    typed = {"extend__day": "2027-06-08", "extend__clock": "16.00", "reason__extend": "Sjukdom"}
    looked = shown.post("anstand", action="look", **typed)
    assert looked.status == 200
    assert "Så påverkas mejlen" in looked.text
    assert 'value="2027-06-08"' in looked.text
    assert "Sjukdom" in looked.text
    assert not submission(house, NORRBY).extended
    assert shown.post("anstand", action="look", **(typed | {"extend__day": "2027-05-25"})).status == 422


def test_handing_in_meanwhile_does_make_an_excuse_stale(house: App) -> None:
    shown = show(sign_in(house), "norrby")
    hand_in(house, NORRBY)
    answer = shown.post("undanta", reason__excuse="Läggs ned", confirmed="yes")
    assert answer.status == 409
    assert "Läggs ned" in answer.text


def test_given_time_is_taken_back_with_a_reason(house: App) -> None:
    shown = show(sign_in(house), "norrby")
    shown.post("anstand", extend__day="2027-06-08", extend__clock="16.00", reason__extend="Sjukdom")
    shown = show(shown.client, "norrby")
    assert "Sista dagen blir åter fredag 28 maj 2027 kl. 24.00" in shown.client.get(shown.url).text
    assert shown.post("anstand/ta-tillbaka", reason__withdraw="").status == 422
    assert shown.post("anstand/ta-tillbaka", reason__withdraw="Fel nämnd").status == 303
    assert not submission(house, NORRBY).extended


# --- several, and the common day -------------------------------------------------------------------------------------


def test_several_are_shown_before_they_move_and_only_what_was_shown_is_done(house: App) -> None:
    client = sign_in(house)
    url = f"{ROUND_PAGE}/anstand"
    page = client.get(f"{url}?enhet=norrby&enhet=hamn").text
    assert "Vattenbolaget" not in page
    typed = {
        "csrf": csrf_of(page),
        "enhet": ["norrby", "hamn"],
        "extend.day": "2027-06-08",
        "extend.clock": "16.00",
        "reason.extend": "Snö",
    }
    looked = client.post(url, data=typed)
    assert looked.status_code == 200
    assert "2 får en ny sista dag" in looked.text
    assert not submission(house, NORRBY).extended
    seen = {name: hidden(looked.text, name) for name in ("seal", "seen")}
    hand_in(house, HAMN)
    changed = client.post(url, data={**typed, **seen})
    assert "Något har ändrats sedan du tittade" in changed.text
    assert not submission(house, NORRBY).extended
    seen = {name: hidden(changed.text, name) for name in ("seal", "seen")}
    assert client.post(url, data={**typed, **seen}).status_code == 303
    assert submission(house, NORRBY).extended
    assert not submission(house, VATTEN).extended


def test_time_for_all_needs_a_reason_and_a_readable_day(house: App) -> None:
    client = sign_in(house)
    url = f"{ROUND_PAGE}/anstand"
    csrf = csrf_of(client.get(url).text)
    typed = {"csrf": csrf, "extend.day": "2027-06-08", "extend.clock": "16.00", "reason.extend": ""}
    assert "Skriv en motivering" in client.post(url, data=typed).text
    refused = client.post(url, data=typed | {"extend.day": "snart", "reason.extend": "Snö"})
    assert refused.status_code == 422
    assert "Snö" in refused.text


def test_the_common_day_of_a_kind_is_moved_after_a_look(house: App) -> None:
    client = sign_in(house)
    shown = show(client, "hamn")
    shown.post("anstand", extend__day="2027-06-15", extend__clock="16.00", reason__extend="Sjukdom")
    url = f"{ROUND_PAGE}/flytta"
    page = client.get(url).text
    typed = {
        "csrf": csrf_of(page),
        "version": hidden(page, "version"),
        "move.day": "2027-06-08",
        "move.clock": "16.00",
        "closes.day": "2027-06-24",
        "closes.clock": "24.00",
    }
    looked = client.post(url, data=typed).text
    assert "1 har redan så lång tid och behåller sin dag" in looked
    seen = {name: hidden(looked, name) for name in ("seal", "seen")}
    assert client.post(url, data={**typed, **seen}).status_code == 303
    assert house.calendar.local(submission(house, NORRBY).due_at).isoformat() == "2027-06-08T16:00:00+02:00"
    assert house.calendar.local(submission(house, HAMN).due_at).isoformat() == "2027-06-15T16:00:00+02:00"
    again = client.post(url, data={**typed, **seen})
    assert again.status_code in {200, 409}  # what was seen is no more
    assert client.get(f"{ROUND_PAGE}").status_code == 200


def test_no_day_after_the_closing_unless_that_moves_too(house: App) -> None:
    client = sign_in(house)
    url = f"{ROUND_PAGE}/flytta"
    page = client.get(url).text
    typed = {
        "csrf": csrf_of(page),
        "version": hidden(page, "version"),
        "move.day": "2027-07-08",
        "move.clock": "16.00",
        "closes.day": "2027-06-24",
        "closes.clock": "24.00",
    }
    assert "Flytta stängningen också" in client.post(url, data=typed).text
    looked = client.post(url, data=typed | {"closes.day": "2027-08-24"})
    assert looked.status_code == 200
    assert ROUND in looked.text
