"""Inviting a colleague in a real browser, on a telephone, with and without script."""

import pytest
from playwright.sync_api import Browser

from tests.browser.looking import a_page, faults, overflow
from tests.web.houses import NORRBY, LiveSite, link_of

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("script", [True, False])
def test_invited_refused_and_withdrawn(chromium: Browser, live_site: LiveSite, *, script: bool) -> None:
    with a_page(chromium, width=320, script=script) as page:
        page.goto(f"{live_site.url}{link_of(live_site.house, NORRBY)}")
        page.locator("main button").click()
        page.get_by_role("link", name="Bjuda in en kollega").click()
        page.fill("#namn", "Nils Ny")
        page.fill("#epost", "bo.pahittad@norrby.example")
        page.get_by_role("button", name="Skicka inbjudan").click()
        assert "kan redan svara" in page.inner_text("[role=alert]")
        assert page.input_value("#namn") == "Nils Ny"
        page.fill("#epost", "nils.ny@norrby.example")
        page.get_by_role("button", name="Skicka inbjudan").click()
        assert "Inbjuden av Åsa Påhittad." in page.inner_text("main")
        assert overflow(page) == 0
        if script:
            assert faults(page) == []
        page.get_by_role("button", name="Ta tillbaka inbjudan till Nils Ny").click()
        assert "Nils Ny" not in page.inner_text("main")
