"""Typing is enough: what is written is saved by itself, and survives whatever happens between browser and server."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Dialog, Page, Route, expect

from tests.browser.looking import a_page, faults, overflow
from tests.browser.test_contact_browser import enter
from tests.web.houses import ANSWERS, HAMN, NORRBY, LiveSite, fill_in, hand_in, link_of
from tests.web.test_last_time import NOW_IN as NEXT_NORRBY
from tests.web.test_last_time import open_next
from workflow.bootstrap import App
from workflow.domain.submissions import State
from workflow.services import access
from workflow.web.application import create_site

pytestmark = pytest.mark.browser

LOST = "Inte sparat: ingen kontakt. Texten finns kvar i webbläsaren."
GONE = "Inte sparat: du har varit borta länge. Texten finns kvar i webbläsaren."


def drafted(house: App, key: str, submission: str = NORRBY) -> str:
    with house.db.read() as work:
        found = work.drafts.of(submission).get(key)
    return found.text if found else ""


def kept(page: Page) -> list[str]:
    """What this browser keeps of what was typed."""
    found: list[str] = page.evaluate("Object.keys(localStorage).filter(name => name.startsWith('tertial:'))")
    return found


def saved(page: Page) -> None:
    expect(page.locator("#sparat")).to_have_text("Allt är sparat")


class Pages:
    """The pages on one port, to be ended and begun again."""

    def __init__(self, house: App) -> None:
        self.house, self.port = house, 0
        self.begin()

    def begin(self) -> None:
        config = uvicorn.Config(create_site(self.house), host="127.0.0.1", port=self.port, log_level="warning")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        limit = monotonic() + 10
        while not self.server.started:
            assert monotonic() < limit, "the pages did not start"
            sleep(0.01)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]

    def end(self) -> None:
        self.server.should_exit = self.server.force_exit = True
        self.thread.join(timeout=10)
        assert not self.thread.is_alive()

    @property
    def site(self) -> LiveSite:
        return LiveSite(self.house, f"http://127.0.0.1:{self.port}")


@pytest.fixture
def pages(house: App) -> Iterator[Pages]:
    served = Pages(house)
    yield served
    if served.thread.is_alive():
        served.end()


@contextmanager
def a_quiet_page(chromium: Browser, **how: Any) -> Iterator[Page]:
    """A page whose browser may complain that nobody answers: that is what is tried."""
    context = chromium.new_context(locale="sv-SE", **how)
    try:
        yield context.new_page()
    finally:
        context.close()


def test_what_is_typed_is_saved_without_a_button_and_the_progress_follows(
    chromium: Browser, live_site: LiveSite
) -> None:
    with a_page(chromium) as page:
        enter(page, live_site)
        page.locator("#svar1-1").press_sequentially("Tre nya företag.")
        saved(page)
        assert drafted(live_site.house, "etableringar") == "Tre nya företag."
        expect(page.locator("#framsteg")).to_have_text("1 av 3 frågor besvarade")
        expect(page.locator("#sa-langt")).to_have_text("1 av 3 frågor")
        expect(page.locator("#besked")).to_have_text("1 av 3 frågor besvarade")
        expect(page.locator("#spar1-1")).to_contain_text("Sparat i dag kl. 09.12")
        expect(page.locator('[data-mark="etableringar"]')).to_contain_text("besvarad")
        assert page.locator('[data-key="etableringar"] [data-piece="state"]').inner_text() == "Besvarad"
        assert kept(page) == []


def test_typed_on_while_it_is_saved_nothing_falls_between(chromium: Browser, live_site: LiveSite) -> None:
    with a_page(chromium) as page:
        enter(page, live_site)
        for word in range(8):
            page.locator("#svar1-1").press_sequentially(f"ord{word} ", delay=40)
            page.locator("#svar1-2").press_sequentially(f"mark{word} ", delay=40)
        saved(page)
        assert drafted(live_site.house, "etableringar") == page.locator("#svar1-1").input_value()
        assert drafted(live_site.house, "mark") == page.locator("#svar1-2").input_value()
        assert len(drafted(live_site.house, "mark").split()) == 8


def test_what_is_typed_before_the_script_has_come_is_saved_too(chromium: Browser, live_site: LiveSite) -> None:
    with a_page(chromium) as page:
        waiting: list[Route] = []

        def hold(route: Route) -> None:
            waiting.append(route)

        page.route("**/static/answer.js", hold)
        page.goto(live_site.url + link_of(live_site.house, NORRBY))
        with page.expect_request("**/static/answer.js"):
            page.locator("main button").click(no_wait_after=True)
        page.locator("#svar1-1").fill("Snabba fingrar.")
        waiting[0].continue_()
        saved(page)
        expect(page.locator("#svar1-1")).to_have_value("Snabba fingrar.")
    assert drafted(live_site.house, "etableringar") == "Snabba fingrar."


def test_pressing_at_once_after_typing_clashes_with_nobody(chromium: Browser, live_site: LiveSite) -> None:
    with a_page(chromium) as page:
        enter(page, live_site)
        page.locator("#svar1-1").press_sequentially("Klart.")
        page.get_by_role("button", name="Kontrollera och lämna in").click()
        page.wait_for_url("**/svara/kontrollera")
    assert drafted(live_site.house, "etableringar") == "Klart."


def test_the_server_dies_and_comes_back_and_the_report_is_handed_in(chromium: Browser, pages: Pages) -> None:
    with a_quiet_page(chromium) as page:
        enter(page, pages.site)
        page.locator("#svar1-1").fill("Före avbrottet.")
        saved(page)
        pages.end()
        page.locator("#svar1-2").fill("Under avbrottet.")
        expect(page.locator("#sparat")).to_have_text(LOST)
        expect(page.locator("#besked")).to_have_text(LOST)
        page.locator("#besked").evaluate("told => { told.textContent = ''; }")
        page.get_by_role("button", name="Kontrollera och lämna in").click()
        expect(page.locator("#besked")).to_have_text(LOST)  # the press has given up, and does not go on later
        expect(page.locator("#svar1-2")).to_have_value("Under avbrottet.")
        assert kept(page) == [f"tertial:{NORRBY}:mark:0"]
        pages.begin()
        expect(page.locator("#besked")).to_have_text("Kontakten är tillbaka. Allt är sparat.", timeout=20_000)
        expect(page.locator("#framsteg")).to_have_text("2 av 3 frågor besvarade")
        saved(page)
        page.locator("#svar2-1").fill("Efter avbrottet.")
        page.get_by_role("button", name="Kontrollera och lämna in").click()
        page.get_by_role("button", name="Lämna in", exact=True).click()
        page.get_by_role("heading", name="Tack, svaren har kommit in").wait_for()
        assert kept(page) == []
    with pages.house.db.read() as work:
        (edition,) = work.editions.of(NORRBY)
    assert [each.text for each in edition.answers.values()] == [
        "Före avbrottet.", "Under avbrottet.", "Efter avbrottet."
    ]  # fmt: skip


def test_a_page_closed_without_contact_has_its_text_again(chromium: Browser, pages: Pages) -> None:
    with a_quiet_page(chromium) as page:
        enter(page, pages.site)
        page.locator("#svar1-1").fill("Sparat.")
        saved(page)
        pages.end()
        page.locator("#svar1-1").fill("Sparat. Och mer.")
        expect(page.locator("#sparat")).to_have_text(LOST)
        page.close()
        pages.begin()
        again = page.context.new_page()
        again.goto(pages.site.url + "/svara")
        expect(again.locator("#svar1-1")).to_have_value("Sparat. Och mer.")
        saved(again)
        assert kept(again) == []
    assert drafted(pages.house, "etableringar") == "Sparat. Och mer."


def test_an_answer_that_never_came_is_no_clash(chromium: Browser, live_site: LiveSite) -> None:
    """The server stored the text, the connection broke before it said so, and the person wrote on."""
    with a_quiet_page(chromium) as page:
        enter(page, live_site)
        swallowed: list[int] = []

        def swallow(route: Route) -> None:
            if swallowed:
                route.continue_()
            else:
                swallowed.append(route.fetch().status)
                route.abort()

        page.route("**/svara/fraga/*", swallow)
        page.locator("#svar1-1").fill("Först.")
        expect(page.locator("#sparat")).to_have_text(LOST)
        page.locator("#svar1-1").fill("Först. Sedan.")
        saved(page)
        assert page.locator(".clash").count() == 0
    assert swallowed == [200]
    assert drafted(live_site.house, "etableringar") == "Först. Sedan."


def test_an_expired_session_goes_on_when_the_link_is_opened_again(chromium: Browser, live_site: LiveSite) -> None:
    with a_page(chromium) as page:
        enter(page, live_site)
        _end_sessions(live_site.house, page)
        page.locator("#svar1-1").fill("Skrivet efter en lång lunch.")
        expect(page.locator("#sparat")).to_contain_text(GONE)
        other = page.context.new_page()
        other.goto(live_site.url + link_of(live_site.house, NORRBY))
        other.locator("main button").click()
        expect(other.locator("#svar1-1")).to_have_value("Skrivet efter en lång lunch.")
        saved(other)
        saved(page)
        assert kept(page) == []
    assert drafted(live_site.house, "etableringar") == "Skrivet efter en lång lunch."


def _end_sessions(house: App, page: Page) -> None:
    cookie = next(each for each in page.context.cookies() if each["name"] == "tertial-svar")
    found = access.visitor(house.db, cookie["value"], secrets=house.secrets, now=house.now())
    assert found
    access.log_out(house.db, found.session)


def test_what_one_tab_has_saved_the_other_goes_on_with(chromium: Browser, live_site: LiveSite) -> None:
    with a_page(chromium) as page:
        enter(page, live_site)
        other = page.context.new_page()
        other.goto(live_site.url + "/svara")
        page.locator("#svar1-1").fill("I den ena fliken.")
        expect(other.locator("#svar1-1")).to_have_value("I den ena fliken.")
        saved(other)
        expect(other.locator("#framsteg")).to_have_text(page.locator("#framsteg").inner_text())
        other.locator("#svar1-1").fill("I den ena fliken. Och i den andra.")
        expect(page.locator("#svar1-1")).to_have_value("I den ena fliken. Och i den andra.")
        saved(page)
        assert page.locator(".clash").count() == other.locator(".clash").count() == 0
        assert kept(page) == []
    assert drafted(live_site.house, "etableringar") == "I den ena fliken. Och i den andra."


def test_a_tab_that_came_to_life_late_shows_what_was_saved_meanwhile(chromium: Browser, live_site: LiveSite) -> None:
    with a_page(chromium) as page:
        enter(page, live_site)
        other = page.context.new_page()
        held: list[Route] = []
        other.route("**/static/answer.js", lambda route: held.append(route))  # noqa: PLW0108 - the library marks it
        with other.expect_request("**/static/answer.js"):
            other.goto(live_site.url + "/svara", wait_until="commit")
        page.locator("#svar1-1").fill("Sparat medan den andra laddades.")
        saved(page)
        expect(other.locator("#svar1-1")).to_have_value("")
        held.pop().continue_()
        expect(other.locator("#svar1-1")).to_have_value("Sparat medan den andra laddades.")


def test_what_is_being_written_in_a_tab_is_never_replaced_by_another(chromium: Browser, live_site: LiveSite) -> None:
    with a_quiet_page(chromium) as page:
        enter(page, live_site)
        other = page.context.new_page()
        other.goto(live_site.url + "/svara")
        other.route("**/svara/fraga/*", lambda route: route.abort())
        other.locator("#svar1-1").fill("Skrivet här.")
        expect(other.locator("#sparat")).to_have_text(LOST)
        page.locator("#svar1-1").fill("Sparat där.")
        saved(page)
        other.unroute("**/svara/fraga/*")
        expect(other.locator(".clash")).to_have_count(1)
        expect(other.locator("#svar1-1")).to_have_value("Skrivet här.")
    assert drafted(live_site.house, "etableringar") == "Sparat där."


def test_the_back_button_brings_every_word_back(chromium: Browser, live_site: LiveSite) -> None:
    with a_page(chromium) as page:
        enter(page, live_site)
        page.locator("#svar1-1").press_sequentially("Hej")
        page.goto(live_site.url + "/hjalp")
        page.go_back()
        expect(page.locator("#svar1-1")).to_have_value("Hej")
        expect(page.locator("#spar1-1")).to_contain_text("Sparat")
    assert drafted(live_site.house, "etableringar") == "Hej"


def test_two_browsers_on_one_question_keep_both_texts(chromium: Browser, live_site: LiveSite) -> None:
    with a_page(chromium) as one, a_page(chromium, width=360, scheme="dark") as two:
        enter(one, live_site)
        two.goto(live_site.url + link_of(live_site.house, NORRBY, name="Bo Påhittad"))
        two.locator("main button").click()
        two.locator("#svar1-2").fill("Bos text.")
        saved(two)
        one.locator("#svar1-2").fill("Åsas text.")
        question = one.locator('[data-key="mark"]')
        expect(question.locator(".theirs")).to_contain_text("Det Bo Påhittad sparade")
        expect(question.locator(".theirs")).to_contain_text("Bos text.")
        expect(one.locator("#svar1-2")).to_have_value("Åsas text.")
        assert drafted(live_site.house, "mark") == "Bos text."
        assert faults(one) == []
        one.set_viewport_size({"width": 320, "height": 640})
        assert overflow(one) <= 0
        one.reload()
        expect(question.locator(".theirs")).to_contain_text("Bos text.")
        expect(one.locator("#svar1-2")).to_have_value("Åsas text.")
        one.get_by_role("button", name="Spara", exact=True).click()
        expect(one.locator(".theirs")).to_have_count(0)
        expect(one.locator("#svar1-2")).to_have_value("Åsas text.")
        assert drafted(live_site.house, "mark") == "Åsas text."
        assert kept(one) == []


def test_the_other_text_may_be_chosen_too(chromium: Browser, live_site: LiveSite) -> None:
    with a_page(chromium) as page:
        enter(page, live_site)
        fill_in(live_site.house, NORRBY, ANSWERS[:1])
        page.locator("#svar1-1").fill("Min egen text.")
        page.get_by_label("Den som redan är sparad").check()
        page.get_by_role("button", name="Spara", exact=True).click()
        expect(page.locator("#svar1-1")).to_have_value(ANSWERS[0].text)
        assert kept(page) == []


def test_handed_in_by_a_colleague_meanwhile_the_text_is_shown_to_be_copied(
    chromium: Browser, live_site: LiveSite
) -> None:
    with a_page(chromium) as page:
        enter(page, live_site)
        hand_in(live_site.house, NORRBY)
        page.locator("#svar1-1").fill("Det här hann inte med.")
        expect(page.locator("#spar1-1")).not_to_contain_text("Sparas")
        page.goto(live_site.url + "/svara")
        left = page.locator("#kvar")
        expect(left).to_contain_text("1.1 Etableringar")
        expect(left).to_contain_text("Det här hann inte med.")
        assert faults(page) == []
        left.get_by_role("button").click()
        expect(left).to_be_hidden()
        assert kept(page) == []
    with live_site.house.db.read() as work:
        assert work.submissions.get(NORRBY).state is State.SUBMITTED


def test_logging_out_leaves_nothing_in_the_browser(chromium: Browser, live_site: LiveSite) -> None:
    asked: list[str] = []

    def agree(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    with a_page(chromium) as page:
        page.on("dialog", agree)
        enter(page, live_site)
        page.locator("#svar1-1").press_sequentially("Hinner sparas.")
        page.get_by_role("button", name="Logga ut").click()
        page.get_by_role("heading", name="Du är utloggad").wait_for()
        assert (asked, kept(page)) == ([], [])
        assert drafted(live_site.house, "etableringar") == "Hinner sparas."
        enter(page, live_site)
        fill_in(live_site.house, NORRBY, ANSWERS[1:2])
        page.locator("#svar1-2").press_sequentially("En annan text.")
        expect(page.locator(".theirs")).to_have_count(1)
        page.get_by_role("button", name="Logga ut").click()
        page.get_by_role("heading", name="Du är utloggad").wait_for()
        assert (asked, kept(page)) == (["beforeunload"], [])


def test_who_listens_is_told_of_what_changes_and_no_more(chromium: Browser, live_site: LiveSite) -> None:
    with a_page(chromium, language="en-GB") as page:
        enter(page, live_site, HAMN)
        page.evaluate(
            "window.heard = []; new MutationObserver(all => all.forEach(each => each.addedNodes.forEach("
            "node => heard.push(node.textContent)))).observe(document.getElementById('besked'), {childList: true})"
        )
        for text in ("One", "One two", "One two three"):
            page.locator("#svar1-1").fill(text)
            expect(page.locator("#sparat")).to_have_text("Everything is saved")
        assert page.evaluate("heard") == ["1 of 3 questions answered"]


def test_the_three_choices_against_last_time_with_script(chromium: Browser, live_site: LiveSite) -> None:
    hand_in(live_site.house, NORRBY)
    open_next(live_site.house)
    with a_page(chromium) as page:
        enter(page, live_site, NEXT_NORRBY)
        question = page.locator('[data-key="etableringar"]')
        field = page.locator("#svar1-1")
        question.get_by_label("Oförändrat").check()
        expect(field).to_have_value(ANSWERS[0].text)
        saved(page)
        field.press_sequentially(" Nytt.")
        expect(question.get_by_label("Uppdaterat")).to_be_checked()
        question.get_by_label("Inte längre aktuellt").check()
        expect(page.locator("#skal1-1")).to_be_focused()
        question.get_by_label("Oförändrat").check()
        expect(field).to_have_value(ANSWERS[0].text)
        question.get_by_label("Uppdaterat").check()
        expect(field).to_have_value(ANSWERS[0].text + " Nytt.")
        saved(page)
        assert drafted(live_site.house, "etableringar", NEXT_NORRBY) == ANSWERS[0].text + " Nytt."
        assert faults(page) == []
        page.set_viewport_size({"width": 320, "height": 640})
        assert overflow(page) <= 0


def test_answering_by_keyboard_alone(chromium: Browser, live_site: LiveSite) -> None:
    with a_page(chromium) as page:
        enter(page, live_site)
        page.locator("#svar1-1").focus()
        page.keyboard.type("Skrivet utan mus.")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        expect(page.locator("#skal1-1")).to_be_visible()
        page.keyboard.press("Space")
        saved(page)
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.value") == "check":
                break
        page.keyboard.press("Enter")
        page.wait_for_url("**/svara/kontrollera")
    assert drafted(live_site.house, "etableringar") == "Skrivet utan mus."
