"""The coordinators' pages in a real browser: accessible in both themes, wide and narrow, with and without script."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.looking import a_page, faults, overflow
from tests.builders import a_frozen
from tests.web.houses import COORDINATOR, HAMN, NORRBY, NOW, VATTEN, LiveSite, fill_in, hand_in
from tests.web.office import ROUND_PAGE, make_mail, submission
from workflow.domain.messages import MessageState
from workflow.domain.submissions import State
from workflow.services import submissions

pytestmark = pytest.mark.browser

Steps = Callable[[Page, LiveSite], None]
UNIT = f"{ROUND_PAGE}/underlag/norrby"


def log_in(page: Page, site: LiveSite, then: str) -> None:
    page.goto(f"{site.url}/login?next={then}")
    page.fill("#email", COORDINATOR[0])
    page.fill("#password", COORDINATOR[1])
    with page.expect_navigation(url=f"**{then}"):
        page.locator("main button").click()


def login(page: Page, site: LiveSite) -> None:
    page.goto(f"{site.url}/login")


def refused_login(page: Page, site: LiveSite) -> None:
    page.goto(f"{site.url}/login")
    page.fill("#email", COORDINATOR[0])
    page.fill("#password", "fel")
    page.locator("main button").click()


def rounds_list(page: Page, site: LiveSite) -> None:
    log_in(page, site, "/omgangar")


def planning(page: Page, site: LiveSite) -> None:
    log_in(page, site, "/omgangar/ny")
    page.goto(f"{site.url}/omgangar/ny?plan=2027-T2")
    page.fill("#bolag-day", "2027-09-18")
    page.fill("#closes-day", "i höst")
    page.get_by_role("button", name="Kontrollera datumen").click()


def overview(page: Page, site: LiveSite) -> None:
    fill_in(site.house, NORRBY)
    hand_in(site.house, VATTEN)
    make_mail(site.house, HAMN, MessageState.FAILED, reason="550 5.1.1 no such user")
    log_in(page, site, ROUND_PAGE)


def drafted(page: Page, site: LiveSite) -> None:
    fill_in(site.house, NORRBY)
    log_in(page, site, UNIT)


def reviewing(page: Page, site: LiveSite) -> None:
    hand_in(site.house, NORRBY)
    log_in(page, site, UNIT)
    page.get_by_role("button", name="Börja granska").click()


def refused_return(page: Page, site: LiveSite) -> None:
    reviewing(page, site)
    page.fill("#comment-mark", "Vilken mark?")
    page.fill("#return-day", "2027-05-29")
    page.locator("#mark-mark").check()
    page.get_by_role("button", name="Returnera underlaget").click()


def overtaken(page: Page, site: LiveSite) -> None:
    reviewing(page, site)
    page.fill("#comment-mark", "Vilken mark?")
    page.locator("#mark-mark").check()
    submissions.approve(
        site.house.db, NORRBY, version=None, by="kollega", secrets=site.house.secrets, now=site.house.now()
    )
    page.get_by_role("button", name="Returnera underlaget").click()


def approved(page: Page, site: LiveSite) -> None:
    reviewing(page, site)
    page.get_by_role("button", name="Godkänn underlaget").click()


def mails(page: Page, site: LiveSite) -> None:
    make_mail(site.house, HAMN, MessageState.UNKNOWN, reason="connection_lost")
    log_in(page, site, f"{ROUND_PAGE}/utskick")


def one_mail(page: Page, site: LiveSite) -> None:
    kept = make_mail(site.house, HAMN, MessageState.FAILED, reason="550 5.1.1 no such user", frozen=a_frozen())
    log_in(page, site, f"{ROUND_PAGE}/utskick/{kept.id}")


def report(page: Page, site: LiveSite) -> None:
    log_in(page, site, f"{ROUND_PAGE}/rapport")


def closing(page: Page, site: LiveSite) -> None:
    log_in(page, site, f"{ROUND_PAGE}/stang")


def postbox(page: Page, site: LiveSite) -> None:
    page.goto(f"{site.url}/postlada")


PAGES: tuple[Steps, ...] = (
    login,
    refused_login,
    rounds_list,
    planning,
    overview,
    drafted,
    reviewing,
    refused_return,
    overtaken,
    approved,
    mails,
    one_mail,
    report,
    closing,
    postbox,
)


@pytest.mark.parametrize("steps", PAGES, ids=lambda steps: steps.__name__)
def test_pages_are_accessible_in_both_themes_and_fit_a_phone(
    chromium: Browser, live_site: LiveSite, steps: Steps
) -> None:
    with a_page(chromium) as page:
        steps(page, live_site)
        page.wait_for_load_state()
        light = faults(page)
        page.emulate_media(color_scheme="dark")
        dark = faults(page)
        widths = []
        for width in (320, 360, 768):
            page.set_viewport_size({"width": width, "height": 800})
            widths.append(overflow(page))
        narrow = faults(page)
    assert (light, dark, narrow, widths) == ([], [], [], [0, 0, 0])


def test_a_review_is_done_without_script(chromium: Browser, live_site: LiveSite) -> None:
    with a_page(chromium, script=False) as page:
        refused_return(page, live_site)
        assert page.locator("#comment-mark").input_value() == "Vilken mark?"
        page.get_by_label("Använd dagen ändå").check()
        page.get_by_role("button", name="Returnera underlaget").click()
        assert page.get_by_text("Returnerat för komplettering").first.is_visible()
    back = submission(live_site.house, NORRBY)
    assert (back.state, dict(back.comments)) == (State.RETURNED, {"mark": "Vilken mark?"})


def test_the_enter_key_in_a_date_field_never_approves(chromium: Browser, live_site: LiveSite) -> None:
    with a_page(chromium) as page:
        reviewing(page, live_site)
        page.locator("#return-day").press("Enter")
        assert page.get_by_text("Skriv en motivering.").first.is_visible()
    assert submission(live_site.house, NORRBY).state is State.SUBMITTED


def test_a_search_is_answered_at_the_table(chromium: Browser, live_site: LiveSite) -> None:
    with a_page(chromium) as page:
        log_in(page, live_site, ROUND_PAGE)
        page.fill("#q", "odeby")
        page.locator("#q").press("Enter")
        assert page.get_by_role("status").first.inner_text().startswith("Visar 1 av 4")
        assert page.get_by_role("row").count() == len(["heading", "Ödeby"])


def test_the_frozen_now_is_shown(chromium: Browser, live_site: LiveSite) -> None:
    assert live_site.house.now() == NOW
    with a_page(chromium) as page:
        log_in(page, live_site, ROUND_PAGE)
        assert page.get_by_text("Måndag 24 maj 2027 kl. 09.12.").is_visible()
