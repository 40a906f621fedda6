"""The register's pages: found by name, person or address; who answers for whom; what does not work."""

from dataclasses import replace
from datetime import date

from tests.builders import a_contact, a_unit
from tests.web.houses import NOW, browser
from tests.web.office import sign_in
from workflow.bootstrap import App


def test_units_are_listed_and_found_without_dots_by_name_or_person(house: App) -> None:
    client = sign_in(house)
    everything = client.get("/enheter").text
    assert "Norrby stadsdelsnämnd" in everything
    assert "Ödeby stadsdelsnämnd" in client.get("/enheter?sok=odeby").text
    assert "Norrby stadsdelsnämnd" not in client.get("/enheter?sok=odeby").text
    assert "Norrby stadsdelsnämnd" in client.get("/enheter?sok=asa pahittad").text
    assert "passar sökningen" in client.get("/enheter?sok=finnsinte").text


def test_an_empty_register_says_what_to_do(house: App) -> None:
    with house.db.begin() as work:
        work.people.replace([], [])
    assert "Registret är tomt" in sign_in(house).get("/enheter").text


def test_one_unit_shows_its_people_their_days_and_its_line(house: App) -> None:
    with house.db.begin() as work:
        ended = a_unit(id="gamla", name="Gamla nämnden", valid_to=date(2027, 6, 30), replaced_by="nya")
        old = a_contact(unit="gamla", name="Gun Gammal", undeliverable_since=NOW)
        new = replace(old, unit="nya", name="Nils Ny", email="nils@nya.example", undeliverable_since=None)
        work.people.replace([ended, a_unit(id="nya", name="Nya nämnden")], [old, new])
    client = sign_in(house)
    page = client.get("/enheter/gamla").text
    assert "till och med 2027-06-30" in page
    assert "från och med 2027-07-01" in page
    assert "Nils Ny" in page
    assert "adressen fungerar inte" in page
    assert "Gamla nämnden" in client.get("/enheter/nya").text
    assert client.get("/enheter/finns-inte").status_code == 404


def test_the_register_is_the_coordinators(house: App) -> None:
    assert browser(house).get("/enheter", follow_redirects=False).status_code in {303, 401}
