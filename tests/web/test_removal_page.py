"""Somebody entered by mistake is removed on a page; whoever anything tells of is given a last day there instead."""

import re
from datetime import date

import pytest
from starlette.testclient import TestClient

from tests.builders import a_contact
from tests.web.houses import csrf_of
from tests.web.office import sign_in
from workflow.bootstrap import App
from workflow.domain.people import Contact, Role

TYPO = a_contact(role=Role.DEPUTY, name="Bo Påhittad", email="bo.pahitad@norrby.example")
URL = "/enheter/norrby/person/3/ta-bort"


@pytest.fixture
def mistyped(house: App) -> App:
    with house.db.begin() as work:
        work.people.replace(work.people.units(), [*work.people.contacts(), TYPO])
    return house


def people(house: App) -> list[Contact]:
    with house.db.read() as work:
        return [each for each in work.people.contacts() if each.unit == "norrby"]


def press(client: TestClient, page: str, url: str = URL) -> tuple[int, str]:
    hidden = dict(
        re.findall(r'name="([a-z]+)"(?: autocomplete="off")? value="([^"]*)"', page.split(f'action="{url}"')[1])
    )
    answer = client.post(url, data=hidden | {"csrf": csrf_of(page)}, follow_redirects=False)
    return answer.status_code, answer.text


def test_a_mistyped_person_is_asked_about_once_more_and_gone(mistyped: App) -> None:
    client = sign_in(mistyped)
    assert URL in client.get("/enheter/norrby/person/3").text
    page = client.get(URL).text
    assert "Ta bort Bo Påhittad?" in page
    assert TYPO in people(mistyped)
    assert press(client, page)[0] == 303
    assert TYPO not in people(mistyped)
    assert len(people(mistyped)) == 2
    assert client.get(URL).status_code == 404


def test_who_is_in_a_round_is_offered_a_last_day(house: App) -> None:
    client = sign_in(house)
    page = client.get("/enheter/norrby/person/1/ta-bort").text
    assert "finns med i en omgång" in page
    assert "Ta bort ur registret" not in page
    assert press(client, page, "/enheter/norrby/person/1")[0] == 303
    assert next((each.name, each.valid_to) for each in people(house)) == ("Åsa Påhittad", date(2027, 5, 24))
    assert "is in a round and cannot be removed" in sign_in(house, "en").get("/enheter/norrby/person/1/ta-bort").text


def test_who_is_in_a_round_stays_however_it_is_pressed(house: App) -> None:
    client = sign_in(house)
    page = client.get("/enheter/norrby/person/1/ta-bort").text
    seal = dict(re.findall(r'name="(seal)" value="([^"]*)"', page))
    answer = client.post("/enheter/norrby/person/1/ta-bort", data=seal | {"csrf": csrf_of(page)})
    assert (answer.status_code, "finns med i en omgång" in answer.text) == (422, True)
    assert len(people(house)) == 2


def test_an_old_page_removes_nobody(mistyped: App) -> None:
    """Somebody else stands in that place now."""
    client = sign_in(mistyped)
    page = client.get(URL).text
    other = a_contact(role=Role.REGISTRAR, name="Rut Ny", email="rut.ny@norrby.example")
    with mistyped.db.begin() as work:
        work.people.replace(work.people.units(), [other, *work.people.contacts()])
    status, text = press(client, page)
    assert (status, "Någon annan har ändrat" in text) == (409, True)
    assert len(people(mistyped)) == 4
    assert press(client, text, "/enheter/norrby/person/4/ta-bort")[0] == 303
    assert TYPO not in people(mistyped)


def test_a_press_from_elsewhere_removes_nobody(mistyped: App) -> None:
    client = sign_in(mistyped)
    seal = dict(re.findall(r'name="(seal)" value="([^"]*)"', client.get(URL).text))
    assert client.post(URL, data=seal).status_code in {403, 422}
    assert client.post(URL, data=seal | {"csrf": "fel"}).status_code in {403, 422}
    assert TYPO in people(mistyped)
