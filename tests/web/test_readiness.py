"""Before a round opens, the page names who cannot be reached in all of its time."""

from dataclasses import replace
from datetime import date

from tests.web.houses import NOW
from tests.web.office import sign_in
from tests.web.test_coordinator import dates
from workflow.bootstrap import App


def test_addresses_that_do_not_work_and_units_that_are_left_alone_are_named(house: App) -> None:
    client = sign_in(house)
    with house.db.begin() as work:
        contacts = [
            replace(each, undeliverable_since=NOW) if each.unit == "hamn" else each for each in work.people.contacts()
        ]
        contacts = [replace(each, valid_to=date(2027, 9, 1)) if each.unit == "norrby" else each for each in contacts]
        work.people.replace(work.people.units(), contacts)
    page = client.get("/omgangar/ny?plan=2027-T2").text
    client.post("/omgangar/ny", data=dates(page, action="save"))
    shown = client.get("/omgang/2027-T2").text
    assert "1 blir utan kontaktperson under omgången" in shown
    assert "mejl har kommit tillbaka" in shown
    assert "Allt är klart" not in shown
