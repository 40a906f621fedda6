"""More time in a real browser: the contact asks, the coordinator gives another day, the contact sees it."""

import pytest
from playwright.sync_api import Browser

from tests.browser.looking import a_page, faults, overflow
from tests.web.houses import COORDINATOR, NORRBY, LiveSite, link_of
from tests.web.office import ROUND_PAGE, submission

pytestmark = pytest.mark.browser


def test_asked_for_answered_with_another_day_and_seen(chromium: Browser, live_site: LiveSite) -> None:
    """Without script, on a telephone for the contact: every step accessible, nothing wider than the window."""
    with (
        a_page(chromium, width=360, script=False) as contact,
        a_page(chromium, script=True) as office,
    ):
        contact.goto(f"{live_site.url}{link_of(live_site.house, NORRBY)}")
        contact.locator("main button").click()
        contact.get_by_role("link", name="Be om anstånd").click()
        assert overflow(contact) == 0
        contact.fill("#dag", "2027-06-12")
        contact.fill("#skal", "Nämnden möts först i juni.")
        contact.get_by_role("button", name="Be om anstånd").click()
        assert "Lördag 12 juni 2027 är ingen arbetsdag" in contact.inner_text("main")
        assert contact.input_value("#skal") == "Nämnden möts först i juni."
        contact.fill("#dag", "2027-06-11")
        contact.get_by_role("button", name="Be om anstånd").click()
        assert "Er begäran väntar på svar" in contact.inner_text("main")

        office.goto(f"{live_site.url}/login?next={ROUND_PAGE}")
        office.fill("#email", COORDINATOR[0])
        office.fill("#password", COORDINATOR[1])
        office.locator("main button").click()
        assert faults(office) == []
        office.locator(".todo a", has_text="Svara").click()
        assert faults(office) == []
        office.fill("#extend-day", "2027-06-08")
        office.get_by_role("button", name="Ge anstånd och meddela kontaktpersonen").click()
        assert "Tisdag 8 juni 2027 kl. 24.00" in office.inner_text(".due")

        contact.goto(f"{live_site.url}/svara")
        assert "svaret blev tisdag 8 juni 2027 kl. 24.00" in contact.inner_text("main")
        contact.get_by_role("link", name="Se beskedet").click()
        assert "Tisdag 8 juni 2027 kl. 24.00" in contact.inner_text(".due")
        assert overflow(contact) == 0
    assert submission(live_site.house, NORRBY).extended


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("page", ["anstand?enhet=norrby&enhet=odeby", "flytta"])
def test_the_pages_that_show_what_a_new_day_does(chromium: Browser, live_site: LiveSite, page: str, width: int) -> None:
    with a_page(chromium, width=width) as office:
        office.goto(f"{live_site.url}/login?next={ROUND_PAGE}")
        office.fill("#email", COORDINATOR[0])
        office.fill("#password", COORDINATOR[1])
        office.locator("main button").click()
        assert overflow(office) == 0
        office.goto(f"{live_site.url}{ROUND_PAGE}/{page}")
        day = "#move-day" if page == "flytta" else "#extend-day"
        office.fill(day, "2027-06-08")
        if page != "flytta":
            office.fill("#extend-reason", "Snöstorm")
        office.get_by_role("button", name="Visa vad som händer").click()
        assert "får en ny sista dag" in office.inner_text("main")
        assert faults(office) == []
        assert overflow(office) == 0
