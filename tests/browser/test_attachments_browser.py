"""Attachments in a real browser: with and without script, on a telephone, by keyboard, accessible."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.adapters.documents.files import WHOLE, on_disk
from tests.browser.looking import a_page, faults, overflow
from tests.web.houses import NORRBY, LiveSite, link_of
from workflow.services import submissions

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("script", [True, False])
def test_added_taken_home_and_taken_away(
    chromium: Browser, live_site: LiveSite, tmp_path: Path, *, script: bool
) -> None:
    chosen = [on_disk(tmp_path, "Årsrapport.pdf", WHOLE["pdf"]), on_disk(tmp_path, "bild.png", b"ingen bild")]
    with a_page(chromium, width=320, script=script) as page:
        page.goto(f"{live_site.url}{link_of(live_site.house, NORRBY)}")
        page.locator("main button").click()
        page.locator("#svar1-1").fill("Inte sparat med knappen.")
        page.get_by_role("button", name="Spara och lägg till bilagor").click()
        page.wait_for_url("**/svara/bilagor")
        assert overflow(page) == 0
        page.locator("#fil").set_input_files(chosen)
        page.get_by_role("button", name="Lägg till").click()
        assert "Filen bild.png går inte att bifoga" in page.inner_text("[role=alert]")
        if script:
            assert faults(page) == []
        assert overflow(page) == 0
        with page.expect_download() as coming:
            page.get_by_role("link", name="Årsrapport.pdf").click()
        assert coming.value.suggested_filename == "Årsrapport.pdf"
        assert Path(coming.value.path()).read_bytes() == WHOLE["pdf"]
        page.get_by_role("link", name="Tillbaka till formuläret").click()
        assert page.input_value("#svar1-1") == "Inte sparat med knappen."
        assert "Årsrapport.pdf" in page.inner_text("main")
        if script:
            assert faults(page) == []
        page.get_by_role("button", name="Spara och ändra bilagorna").click()
        page.get_by_role("button", name="Ta bort Årsrapport.pdf").click()
        assert "Inga bilagor än" in page.inner_text("main")
    assert submissions.sheet(live_site.house.db, NORRBY).files == ()
