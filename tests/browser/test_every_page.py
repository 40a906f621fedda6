"""Every page in both languages and themes, wide and narrow: nothing for axe to find, nothing beside the window."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Page

from tests.adapters.documents.files import png
from tests.adapters.documents.test_pictures import with_pictures
from tests.browser.looking import a_page, faults, overflow
from tests.web.houses import COORDINATOR, HAMN, NORRBY, VATTEN, LiveSite, fill_in, hand_in, link_of
from tests.web.mailed import arrive, bounce, mail_form
from tests.web.office import ROUND_PAGE

pytestmark = pytest.mark.browser

UNIT = f"{ROUND_PAGE}/underlag/norrby"
OFFICE = (
    "/omgangar",
    "/omgangar/ny",
    "/omgangar/ar",
    ROUND_PAGE,
    f"{ROUND_PAGE}/rapport",
    f"{ROUND_PAGE}/utskick",
    f"{ROUND_PAGE}/forhandsvisning",
    f"{ROUND_PAGE}/anstand?enhet=norrby",
    f"{ROUND_PAGE}/flytta",
    f"{ROUND_PAGE}/stang",
    f"{ROUND_PAGE}/stall-in",
    UNIT,
    f"{UNIT}/lankar",
    f"{ROUND_PAGE}/underlag/hamn",
    "/inkommet",
    "/inkommet?lage=alla",
    "/enheter",
    "/enheter/norrby",
    "/register/las-in",
    "/register/uppgifter",
    "/enheter/norrby/person/1",
    "/enheter/norrby/person/1/ta-bort",
    "/konto",
)
OPENED = (
    ("/inkommet?lage=alla", "a[href^='/inkommet/']"),
    (f"{ROUND_PAGE}/utskick", f"a[href^='{ROUND_PAGE}/utskick/']"),
    (f"{ROUND_PAGE}/forhandsvisning", f"a[href^='{ROUND_PAGE}/forhandsvisning/']"),
)
"""Pages with an address of their own, and what on them leads to one of many."""
OWN = ("/svara/kollegor", "/svara/anstand", "/svara/word/ladda-upp", "/svara/inget-att-rapportera", "/svara")
LOOKS = [(language, scheme) for language in ("sv", "en") for scheme in ("light", "dark")]


@pytest.fixture
def busy(live_site: LiveSite) -> LiveSite:
    """A round in which much has happened."""
    house = live_site.house
    fill_in(house, NORRBY)
    hand_in(house, HAMN)
    arrive(house, "Vi hinner inte till fredag. Kan vi få till torsdag 3 juni?", subject="SV: Dags att svara")
    bounce(house, VATTEN)
    parts = {"rId71": png(), "rId72": b"GIF89a"}
    mail_form(
        house,
        {"mark": "Tolv markanvisningar, men inte de som vi hade väntat oss."},
        also=lambda form: with_pictures(form, dict.fromkeys(parts, "mark"), parts),
    )
    return live_site


def looked_at(page: Page, name: str) -> Iterator[str]:
    """What is wrong with the page as it stands, at both widths."""
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        yield from (f"{name} {width}: {each}" for each in faults(page))
        if wider := overflow(page):
            yield f"{name} {width}: {wider} pixels too wide"


@pytest.mark.parametrize(("language", "scheme"), LOOKS)
def test_the_coordinators_pages(chromium: Browser, busy: LiveSite, language: str, scheme: str) -> None:
    wrong: list[str] = []
    with a_page(chromium, scheme=scheme) as page:
        page.goto(f"{busy.url}/login?next=/omgangar")
        page.fill("#email", COORDINATOR[0])
        page.fill("#password", COORDINATOR[1])
        page.locator("main button").click()
        page.goto(f"{busy.url}/sprak/{language}")
        for path in OFFICE:
            answer = page.goto(busy.url + path)
            assert answer is not None
            assert answer.status == 200, path
            assert page.get_attribute("html", "lang") == language
            wrong += looked_at(page, path)
        for path, link in OPENED:
            page.goto(busy.url + path)
            page.locator(link).first.click()
            page.wait_for_url(f"**{path.partition('?')[0]}/*")
            wrong += looked_at(page, f"one of {path}")
        page.goto(f"{busy.url}{UNIT}/overlamna")
        page.fill("[name=name]", "Nils Ny")
        page.fill("[name=email]", "nils@norrby.example")
        page.locator("[name=action][value=look]").click()
        wrong += looked_at(page, "overlamna")
    assert wrong == []


@pytest.mark.parametrize(("language", "scheme"), LOOKS)
def test_the_contacts_pages(chromium: Browser, busy: LiveSite, language: str, scheme: str) -> None:
    wrong: list[str] = []
    with a_page(chromium, scheme=scheme) as page:
        page.goto(busy.url + link_of(busy.house, NORRBY))
        page.locator("main button").click()
        page.goto(f"{busy.url}/sprak/{language}")
        page.goto(f"{busy.url}/svara/bilagor")
        wrong += looked_at(page, "no attachments")
        files = {"Karta över hamnen och en väldigt lång förklaring av den.png": png(), "fel.exe": b"MZ"}
        page.locator("#fil").set_input_files(
            [FilePayload(name=name, mimeType="x/x", buffer=data) for name, data in files.items()]
        )
        page.locator("main form button.primary").click()
        wrong += looked_at(page, "attachments, one refused")
        for path in OWN:
            page.goto(busy.url + path)
            assert page.get_attribute("html", "lang") == language
            wrong += looked_at(page, path)
        page.locator("a[href^='/svara/mejlat/']").click()
        wrong += looked_at(page, "mailed form")
        page.locator("#las button.primary").click()
        page.goto(f"{busy.url}/svara/kontrollera")
        wrong += looked_at(page, "check")
        page.locator("main form button.primary").click()
        page.wait_for_url("**/svara/kvitto")
        wrong += looked_at(page, "receipt with attachments")
    assert wrong == []


@pytest.mark.parametrize(("language", "scheme"), LOOKS)
def test_what_was_handed_in(chromium: Browser, busy: LiveSite, language: str, scheme: str) -> None:
    wrong: list[str] = []
    with a_page(chromium, scheme=scheme) as page:
        page.goto(busy.url + link_of(busy.house, HAMN))
        page.locator("main button").click()
        page.goto(f"{busy.url}/sprak/{language}")
        for path in ("/svara", "/svara/kvitto", "/svara/version/1", "/svara/kopia"):
            page.goto(busy.url + path)
            wrong += looked_at(page, path)
    assert wrong == []
