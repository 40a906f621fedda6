"""One person of the register on a page: added, changed, ended, marked; all faults at once; nothing typed is lost."""

import re
from collections.abc import Mapping
from datetime import date

import pytest
from starlette.testclient import TestClient

from tests.builders import a_contact, a_unit
from tests.web.houses import NOW, csrf_of
from tests.web.office import sign_in
from workflow.bootstrap import App
from workflow.domain.audit import Event
from workflow.domain.people import Contact, Role

PERSON = {"role": "primary", "name": "Åsa Påhittad", "email": "asa.pahittad@norrby.example", "language": "sv"}


def contacts(house: App, unit: str = "norrby") -> list[Contact]:
    with house.db.read() as work:
        return [each for each in work.people.contacts() if each.unit == unit]


def last_event(house: App) -> Event:
    with house.db.read() as work:
        return work.log.all()[-1].event


def save(client: TestClient, number: int, page: str = "", **typed: str) -> tuple[int, str]:
    url = f"/enheter/norrby/person/{number}"
    page = page or client.get(url).text
    hidden = dict(re.findall(r'name="(seal|shown)" value="([^"]*)"', page))
    fields: Mapping[str, str] = {"csrf": csrf_of(page)} | hidden | PERSON | typed
    answer = client.post(url, data=fields, follow_redirects=False)
    return answer.status_code, answer.text


def test_a_contact_is_changed_where_they_stand_and_the_log_says_which_fields_by_name_only(house: App) -> None:
    before = contacts(house)
    status, _ = save(sign_in(house), 1, phone="08-465 004 01", until="2027-6-30", language="en")
    assert status == 303
    now = contacts(house)
    assert (now[0].phone, now[0].valid_to, now[0].language) == ("08-465 004 01", date(2027, 6, 30), "en")
    assert now[1:] == before[1:]
    event = last_event(house)
    assert event.kind == "register.contact_changed"
    assert event.data["unit"] == "norrby"
    assert event.data["fields"] == "phone,language,valid_to"
    assert "465" not in repr(event)


def test_saving_what_stands_writes_nothing(house: App) -> None:
    client = sign_in(house)
    before, event = contacts(house), last_event(house)
    page = client.get("/enheter/norrby/person/1").text
    typed = dict(re.findall(r'<input id="(name|email|phone|since|until)"[^>]* value="([^"]*)"', page))
    assert save(client, 1, page, **typed)[0] == 303
    assert (contacts(house), last_event(house)) == (before, event)


def test_somebody_new_comes_last(house: App) -> None:
    status, _ = save(sign_in(house), 0, role="registrar", name="Rut Ny", email="rut.ny@norrby.example")
    assert status == 303
    assert (contacts(house)[-1].name, contacts(house)[-1].role) == ("Rut Ny", Role.REGISTRAR)
    assert last_event(house).kind == "register.contact_added"
    assert "Rut Ny" in sign_in(house).get("/enheter/norrby").text


def test_all_faults_are_told_at_once_and_what_was_typed_stays(house: App) -> None:
    before = contacts(house)
    status, text = save(sign_in(house), 1, name=" ", email="asa@norrby", since="i fjol", phone="08-1")
    assert status == 422
    problems = text.split('id="fel"')[1].split("</ul>")[0]
    assert problems.count("<li>") == 3
    assert 'href="#email"' in problems
    assert 'value="asa@norrby"' in text
    assert 'value="i fjol"' in text
    assert contacts(house) == before


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"since": "2027-07-01", "until": "2027-06-30"}, "ligger före"),
        ({"name": "Åsa\u202eP"}, "U+202E"),
        ({"name": "Ny Person", "email": "ny@norrby.example"}, "Åsa Påhittad har samma roll under samma tid"),
    ],
)
def test_what_cannot_be_right_is_refused(house: App, typed: dict[str, str], said: str) -> None:
    status, text = save(sign_in(house), 0, **typed)
    assert (status, said in text) == (422, True)
    assert len(contacts(house)) == 2


def test_one_may_follow_another(house: App) -> None:
    client = sign_in(house)
    assert save(client, 1, until="2027-12-31")[0] == 303
    assert save(client, 0, name="Nils Ny", email="nils@norrby.example", since="2028-01-01")[0] == 303
    assert [each.valid_from for each in contacts(house)] == [None, None, date(2028, 1, 1)]


def test_the_second_of_two_is_told_and_keeps_their_text(house: App) -> None:
    client = sign_in(house)
    page = client.get("/enheter/norrby/person/1").text
    assert save(client, 1, phone="08-1")[0] == 303
    status, text = save(client, 1, page, phone="08-2")
    assert status == 409
    assert 'value="08-2"' in text
    assert "08-1" in text
    assert contacts(house)[0].phone == "08-1"
    assert save(client, 1, text, phone="08-2")[0] == 303
    assert contacts(house)[0].phone == "08-2"


def test_a_stale_page_never_writes_over_another_person(house: App) -> None:
    """The one shown is gone; saving again adds them, and leaves whoever stands in that place now."""
    client = sign_in(house)
    page = client.get("/enheter/norrby/person/2").text
    with house.db.begin() as work:
        other = a_contact(role=Role.DEPUTY, name="Dora Annan", email="dora@norrby.example")
        work.people.replace([a_unit()], [a_contact(), other])
    typed = {"role": "deputy", "name": "Bo Påhittad", "email": "bo.pahittad@norrby.example"}
    status, text = save(client, 2, page, **typed)
    assert status == 409
    assert 'action="/enheter/norrby/person/0"' in text
    assert "Dora Annan" in text


def test_an_address_is_marked_and_cleared_wherever_it_stands(house: App) -> None:
    with house.db.begin() as work:
        both = [a_contact(), a_contact(unit="hamn")]
        work.people.replace([a_unit(), a_unit(id="hamn")], both)
    client = sign_in(house)
    assert save(client, 1, fails="yes")[0] == 303
    assert [contacts(house, unit)[0].undeliverable_since for unit in ("norrby", "hamn")] == [NOW, NOW]
    assert "adressen fungerar inte" in client.get("/enheter/hamn").text
    assert save(client, 1)[0] == 303
    assert [contacts(house, unit)[0].undeliverable_since for unit in ("norrby", "hamn")] == [None, None]


def test_a_new_address_is_not_marked_by_what_was_learnt_of_the_old(house: App) -> None:
    client = sign_in(house)
    save(client, 1, fails="yes")
    assert save(client, 1, fails="yes", email="ny@norrby.example")[0] == 303
    assert contacts(house)[0].undeliverable_since is None


def test_nobody_else_gets_in_and_what_is_not_there_is_not_found(house: App) -> None:
    client = sign_in(house, "en")
    assert client.get("/enheter/norrby/person/9").status_code == 404
    assert client.get("/enheter/ingen/person/0").status_code == 404
    assert "Add a person" in client.get("/enheter/norrby/person/0").text
    assert client.post("/enheter/norrby/person/1", data=PERSON).status_code == 422
