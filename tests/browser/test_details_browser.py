"""The yearly question in Chromium, wide and narrow: nothing for axe to find, from the link to the register."""

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.looking import a_page, faults, overflow
from tests.web.houses import COORDINATOR, LiveSite
from workflow.domain.details import DetailsPolicy
from workflow.services.details import plan_details
from workflow.services.roster import roster_of

pytestmark = pytest.mark.browser


def look(page: Page) -> None:
    assert (faults(page), overflow(page)) == ([], 0), page.url


@pytest.mark.parametrize("width", [1280, 320])
def test_from_the_link_to_the_register(chromium: Browser, live_site: LiveSite, width: int) -> None:
    house = live_site.house
    policy = DetailsPolicy(month=5, day=24)
    assert plan_details(house.db, policy, secrets=house.secrets, calendar=house.calendar, now=house.now())
    with house.db.read() as work:
        check = work.details.of_year(2027)[0]
    link = f"{live_site.url}/uppgifter/{check.id}.{house.secrets.link_secret(check.id)}"
    with a_page(chromium, width=width) as page:
        page.goto(link)
        look(page)
        page.click("text=Något ska ändras")
        look(page)
        page.click("text=Skicka till samordnarna")
        look(page)
        page.click("text=Uppgifterna ska ändras så här")
        page.fill("[id='phone.0']", "08-508 77 777")
        page.fill("[id='note.0']", "Ny växel i maj.")
        page.click("text=Skicka till samordnarna")
        page.wait_for_selector("text=Samordnarna har fått din begäran")
        look(page)
        page.goto(f"{live_site.url}/login")
        page.fill("#email", COORDINATOR[0])
        page.fill("#password", COORDINATOR[1])
        page.click("main button[type=submit]")
        page.wait_for_selector("text=Läs och avgör")
        look(page)
        for path in ("/enheter", "/omgangar", "/register/uppgifter"):
            page.goto(live_site.url + path)
            look(page)
        page.click("text=Gör ändringen")
        page.wait_for_selector("text=Ingen begäran väntar.")
        look(page)
    assert any(each.phone == "08-508 77 777" for each in roster_of(house.db).contacts)
