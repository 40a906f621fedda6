"""Inviting a colleague on the page: who sees what, and what the coordinator is shown."""

import re

import pytest
from starlette.testclient import TestClient

from tests.fakes.queue import FakeQueue
from tests.web.houses import NORRBY, ROUND, VATTEN, browser, csrf_of, hand_in, house, link_of, open_form
from tests.web.office import sign_in
from workflow.bootstrap import App
from workflow.ports import Job

__all__ = ["house"]

PAGE = "/svara/kollegor"
NILS = {"name": "Nils <b>Ny</b>", "email": "nils.ny@norrby.example"}


def invite(client: TestClient, **typed: str) -> tuple[int, str]:
    sent = client.post(PAGE, data={"csrf": csrf_of(client.get(PAGE).text)} | NILS | typed)
    return sent.status_code, sent.text


def test_a_colleague_is_invited_comes_in_and_sees_the_same_form(house: App) -> None:
    asa = open_form(house, NORRBY)
    assert '<a href="/svara/kollegor">' in asa.get("/svara").text
    assert invite(asa)[0] == 303
    assert isinstance(house.queue, FakeQueue)
    assert Job.DELIVER in house.queue.asked
    nils = browser(house)
    nils.post(link_of(house, NORRBY, name=NILS["name"]))
    assert "Norrby stadsdelsnämnd" in nils.get("/svara").text
    page = nils.get(PAGE).text
    assert "Du är själv inbjuden." in page
    assert "Skicka inbjudan" not in page
    assert invite(nils, email="nina@norrby.example")[0] == 422


def test_the_page_lists_who_is_invited_and_takes_it_back(house: App) -> None:
    asa = open_form(house, NORRBY)
    invite(asa)
    page = asa.get(PAGE).text
    assert "Nils &lt;b&gt;Ny&lt;/b&gt;, nils.ny@norrby.example" in page
    assert "Inbjuden av Åsa Påhittad." in page
    action = re.search(r'action="([^"]+/ta-tillbaka)"', page)
    assert action is not None
    for _ in range(2):
        assert asa.post(action[1], data={"csrf": csrf_of(page)}).headers["location"] == PAGE
    assert "nils.ny" not in asa.get(PAGE).text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "Skriv namnet på den du bjuder in."),
        ({"email": "nils"}, "är ingen e-postadress"),
        ({"email": "bo.pahittad@norrby.example"}, "kan redan svara"),
        ({"name": "N" * 101}, "Texten i namn är för lång"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(house: App, typed: dict[str, str], said: str) -> None:
    status, page = invite(open_form(house, NORRBY), **typed)
    assert status == 422
    assert said in page
    for name, value in (NILS | typed).items():
        assert f'name="{name}"' in page
        assert value.replace("<", "&lt;").replace(">", "&gt;") in page


def test_handed_in_there_is_nothing_to_invite_to(house: App) -> None:
    client = open_form(house, NORRBY)
    csrf = csrf_of(client.get(PAGE).text)
    hand_in(house, NORRBY)
    assert client.get(PAGE).headers["location"] == "/svara"
    assert client.post(PAGE, data={"csrf": csrf} | NILS).headers["location"] == "/svara"


def test_another_unit_cannot_withdraw_it_and_a_forged_form_does_nothing(house: App) -> None:
    asa = open_form(house, NORRBY)
    invite(asa)
    guest = f"{NORRBY}.invited"
    other = open_form(house, VATTEN)
    csrf = csrf_of(other.get(PAGE).text)
    assert other.post(f"{PAGE}/{guest}/ta-tillbaka", data={"csrf": csrf}).status_code == 404
    assert asa.post(f"{PAGE}/{guest}/ta-tillbaka", data={"csrf": "x"}).status_code == 422
    assert asa.post(PAGE, data={"csrf": "x"} | NILS | {"email": "x@norrby.example"}).status_code == 422
    assert "nils.ny" in asa.get(PAGE).text


def test_the_coordinator_sees_who_and_by_whom(house: App) -> None:
    invite(open_form(house, NORRBY))
    client = sign_in(house)
    page = client.get(f"/omgang/{ROUND}/underlag/norrby").text
    assert "kan också svara, inbjuden av Åsa Påhittad." in page
    assert "Åsa Påhittad bjöd in en kollega att svara." in page
    assert "nils.ny@norrby.example" in client.get(f"/omgang/{ROUND}/underlag/norrby/lankar").text


def test_the_page_speaks_english(house: App) -> None:
    client = open_form(house, NORRBY)
    client.cookies.set("tertial-sprak", "en")
    assert "Send the invitation" in client.get(PAGE).text
    assert "can already answer for" in invite(client, email="bo.pahittad@norrby.example")[1]
