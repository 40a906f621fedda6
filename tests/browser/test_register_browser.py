"""The register's pages in Chromium: nothing for axe to find, wide and narrow, and an import from file to done."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.looking import a_page, faults, overflow
from tests.web.houses import COORDINATOR, LiveSite
from workflow.adapters.roster import write_roster
from workflow.services.roster import roster_of

pytestmark = pytest.mark.browser


def look(page: Page) -> None:
    assert (faults(page), overflow(page)) == ([], 0), page.url


@pytest.mark.parametrize("width", [1280, 320])
def test_a_person_is_changed_and_a_file_read_in(
    chromium: Browser, live_site: LiveSite, tmp_path: Path, width: int
) -> None:
    roster = roster_of(live_site.house.db)
    sheet = tmp_path / "units.csv"
    sheet.write_text(write_roster(roster.units[:-1], roster.contacts).replace("Åsa Påhittad", "Åsa Gift-Namn"))
    with a_page(chromium, width=width) as page:
        page.goto(f"{live_site.url}/login")
        page.fill("#email", COORDINATOR[0])
        page.fill("#password", COORDINATOR[1])
        page.click("main button[type=submit]")
        for path in ("/enheter", "/enheter/norrby", "/enheter/norrby/person/1", "/register/las-in"):
            page.goto(live_site.url + path)
            look(page)
        page.goto(f"{live_site.url}/enheter/norrby/person/1")
        page.fill("#email", "fel")
        page.click("main form button")
        look(page)
        page.goto(f"{live_site.url}/register/las-in")
        page.set_input_files("#fil", str(sheet))
        page.click("main form button")
        look(page)
        page.click("main form button")
        page.wait_for_url("**/enheter")
    assert any(each.name == "Åsa Gift-Namn" for each in roster_of(live_site.house.db).contacts)
