"""The contact person's pages in a real browser: accessible in both themes, narrow and wide, with and without script."""

from collections.abc import Callable
from pathlib import Path

import pytest
from docx_plus.core.ns import qn
from lxml import etree
from playwright.sync_api import Browser, FilePayload, Page

from tests.adapters.documents.office import control, edited, filled, paragraph
from tests.adapters.documents.test_form import PICTURE
from tests.browser.looking import a_page, faults, overflow
from tests.web.houses import ANSWERS, HAMN, NORRBY, LiveSite, fill_in, hand_in, link_of, open_form
from tests.web.test_contact import give_back
from workflow.domain.submissions import State

pytestmark = pytest.mark.browser

Steps = Callable[[Page, LiveSite], None]


def enter(page: Page, site: LiveSite, submission: str = NORRBY) -> None:
    page.goto(site.url + link_of(site.house, submission))
    page.locator("main button").click()
    page.wait_for_url("**/svara")


def landing(page: Page, site: LiveSite) -> None:
    page.goto(site.url + link_of(site.house, NORRBY))


def form(page: Page, site: LiveSite) -> None:
    fill_in(site.house, NORRBY, ANSWERS[:2])
    enter(page, site)


def english(page: Page, site: LiveSite) -> None:
    fill_in(site.house, HAMN, ANSWERS[:2])
    enter(page, site, HAMN)


def returned(page: Page, site: LiveSite) -> None:
    hand_in(site.house, NORRBY)
    give_back(site.house, {"tillstand": "Hur många ärenden gäller det?"}, reason="Nästan klart.")
    enter(page, site)


def refused(page: Page, site: LiveSite) -> None:
    enter(page, site)
    page.locator("#svar1-1").evaluate("field => { field.value = 'Rad\\u000bbruten' }")
    page.get_by_role("button", name="Spara", exact=True).click()
    page.locator("#fel").wait_for()


def clash(page: Page, site: LiveSite) -> None:
    enter(page, site)
    fill_in(site.house, NORRBY, ANSWERS[:1])
    page.locator("#svar1-1").fill("Min egen text.")
    page.get_by_role("button", name="Spara", exact=True).click()
    page.locator(".theirs").wait_for()


def lost(page: Page, site: LiveSite) -> None:
    enter(page, site)
    page.locator("#svar1-1").fill("En text som inte får försvinna.")
    page.context.clear_cookies()
    page.get_by_role("button", name="Spara", exact=True).click()
    page.get_by_role("heading", name="Du har varit borta länge").wait_for()


def missing(page: Page, site: LiveSite) -> None:
    form(page, site)
    page.get_by_role("button", name="Kontrollera och lämna in").click()
    page.wait_for_url("**/svara/kontrollera")


def check(page: Page, site: LiveSite) -> None:
    fill_in(site.house, NORRBY)
    enter(page, site)
    page.get_by_role("button", name="Kontrollera och lämna in").click()
    page.wait_for_url("**/svara/kontrollera")


def received(page: Page, site: LiveSite) -> None:
    check(page, site)
    page.get_by_role("button", name="Lämna in", exact=True).click()
    page.wait_for_url("**/svara/kvitto")


def submitted(page: Page, site: LiveSite) -> None:
    hand_in(site.house, NORRBY)
    enter(page, site)


def nothing(page: Page, site: LiveSite) -> None:
    enter(page, site)
    page.goto(site.url + "/svara/inget-att-rapportera")


def upload(page: Page, site: LiveSite) -> None:
    enter(page, site)
    page.goto(site.url + "/svara/word/ladda-upp")


def reading(page: Page, site: LiveSite) -> None:
    blank = open_form(site.house, HAMN).get("/svara/word/formular").content
    fill_in(site.house, NORRBY)
    texts = {"etableringar": "Tre företag.", "mark": "Tolv markanvisningar.\nTre till är på gång."}

    def write_beside(root: etree._Element) -> None:
        root[0].insert(0, paragraph("Se även vår bilaga."))
        answer = control(root, "mark")[-1]
        answer.append(etree.fromstring(PICTURE))
        answer.append(answer.makeelement(qn("w:del")))

    data = edited(filled(blank, texts), write_beside)
    upload(page, site)
    page.locator("#fil").set_input_files(
        FilePayload(name="svar.docx", mimeType="application/octet-stream", buffer=data)
    )
    page.get_by_role("button", name="Läs in filen").click()
    page.get_by_role("heading", name="Så här läste vi filen").wait_for()


def wrong_link(page: Page, site: LiveSite) -> None:
    page.goto(site.url + "/l/fel.fel")


def plain(path: str) -> Steps:
    def go(page: Page, site: LiveSite) -> None:
        page.goto(site.url + path)

    go.__name__ = path
    return go


SCENES: tuple[Steps, ...] = (
    landing, form, english, returned, refused, clash, lost, missing, check, received, submitted, nothing, upload,
    reading, wrong_link, plain("/hjalp"), plain("/tillganglighet"), plain("/personuppgifter"),
)  # fmt: skip


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__.strip("/"))
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_the_page_is_accessible_and_fits(
    chromium: Browser, live_site: LiveSite, scene: Steps, width: int, scheme: str
) -> None:
    with a_page(chromium, width=width, scheme=scheme) as page:
        scene(page, live_site)
        assert faults(page) == []
        assert page.locator(".btn.primary").count() <= 1
        page.set_viewport_size({"width": 320, "height": 640})
        assert overflow(page) <= 0


@pytest.mark.parametrize("script", [True, False])
def test_a_person_answers_checks_and_hands_in(chromium: Browser, live_site: LiveSite, script: bool) -> None:
    with a_page(chromium, script=script) as page:
        enter(page, live_site)
        assert page.url == live_site.url + "/svara"
        page.get_by_label("Ert svar på fråga 1.1").fill("Två nya företag.\n\nEtt är på väg.")
        page.get_by_label("Ej aktuellt för oss den här omgången, fråga 1.2").check()
        page.get_by_role("button", name="Kontrollera och lämna in").click()
        page.wait_for_url("**/svara/kontrollera")  # the form has links of the same name
        page.get_by_role("link", name="1.2 Mark").click()
        page.locator("#skal1-2").fill("Vi anvisar ingen mark.")
        page.get_by_label("Ert svar på fråga 2.1").fill("Åtta veckor.")
        page.get_by_role("button", name="Kontrollera och lämna in").click()
        page.get_by_role("button", name="Lämna in", exact=True).click()
        page.get_by_role("heading", name="Tack, svaren har kommit in").wait_for()
    with live_site.house.db.read() as work:
        assert work.submissions.get(NORRBY).state is State.SUBMITTED
        assert work.editions.of(NORRBY)[0].answers["etableringar"].text == "Två nya företag.\n\nEtt är på väg."


def test_the_keyboard_is_enough(chromium: Browser, live_site: LiveSite) -> None:
    with a_page(chromium) as page:
        landing(page, live_site)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url(live_site.url + "/svara**")


def test_fifty_megabytes_get_our_page_and_not_the_browsers(
    chromium: Browser, live_site: LiveSite, tmp_path: Path
) -> None:
    film = tmp_path / "film.docx"
    film.write_bytes(bytes(50_000_000))
    with a_page(chromium) as page:
        upload(page, live_site)
        page.locator("#fil").set_input_files(film)
        page.get_by_role("button", name="Läs in filen").click()
        page.get_by_role("heading", name="Filen är för stor").wait_for()
