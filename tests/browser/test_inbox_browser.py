"""Mail that came in, in a real browser: time given with one press, a form confirmed, every page accessible."""

import pytest
from playwright.sync_api import Browser, Page

from tests.adapters.mail.mailbag import answer
from tests.browser.looking import a_page, faults, overflow
from tests.web.houses import COORDINATOR, NORRBY, LiveSite, link_of
from tests.web.mailed import arrive, bounce, mail_form
from tests.web.office import ROUND_PAGE, submission
from workflow.adapters.mail.incoming import read_mail

pytestmark = pytest.mark.browser

ASKING = "Hej!\n\nVi hinner inte till fredag, nämnden möts först i juni. Kan vi få till torsdag 3 juni?\n\nÅsa"


@pytest.fixture
def mailed(live_site: LiveSite) -> LiveSite:
    arrive(live_site.house, ASKING, subject="SV: Dags att svara om näringsliv")
    bounce(live_site.house, "2027-T1.vatten")
    arrive(live_site.house, "Köp nu!", sender="spam@annan.example", delivered_to=("svar@tertial.example",))
    mail_form(live_site.house, {"mark": "Tolv markanvisningar."})
    live_site.house.give_up(read_mail(answer("Hej", subject="Vårt underlag").as_bytes()), "Tertial-problem")
    return live_site


def log_in(page: Page, site: LiveSite, then: str) -> None:
    page.goto(f"{site.url}/login?next={then}")
    page.fill("#email", COORDINATOR[0])
    page.fill("#password", COORDINATOR[1])
    page.locator("main button").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits_a_telephone(chromium: Browser, mailed: LiveSite, scheme: str) -> None:
    with a_page(chromium, width=360, scheme=scheme) as page:
        log_in(page, mailed, "/inkommet?lage=alla")
        paths = [page.url.removeprefix(mailed.url), ROUND_PAGE, f"{ROUND_PAGE}/underlag/norrby"]
        paths.append("/inkommet")
        paths += [each.get_attribute("href") or "" for each in page.locator(".arrivals li a:first-child").all()]
        for path in dict.fromkeys(paths):
            page.goto(f"{mailed.url}{path}")
            assert faults(page) == [], path
            assert overflow(page) == 0, path


def test_the_time_asked_for_is_given_with_one_press(chromium: Browser, mailed: LiveSite) -> None:
    with a_page(chromium, script=False) as page:
        log_in(page, mailed, ROUND_PAGE)
        page.locator(".todo a", has_text="Norrby stadsdelsnämnd").first.click()
        assert "Kan vi få till torsdag 3 juni?" in page.inner_text("main")
        page.get_by_role("button", name="Ge anstånd till torsdag 3 juni").click()
        assert "Ge anstånd till torsdag" not in page.inner_text("main")
    assert submission(mailed.house, NORRBY).extended


def test_the_mailed_form_is_confirmed_on_a_telephone(chromium: Browser, mailed: LiveSite) -> None:
    with a_page(chromium, width=360) as page:
        page.goto(f"{mailed.url}{link_of(mailed.house, NORRBY)}")
        page.locator("main button").click()
        assert faults(page) == []
        page.get_by_role("link", name="Kontrollera svaren i filen").click()
        assert faults(page) == []
        assert overflow(page) == 0
        page.get_by_role("button", name="Spara 1 svar").click()
        assert "Tolv markanvisningar." in page.content()
        assert "mejlat in formuläret" not in page.inner_text("main")
