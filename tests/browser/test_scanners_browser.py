"""Mail scanners that follow a link, run its script and press every button: the report is as it was."""

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page

from tests.web.houses import NORRBY, ROUND, LiveSite, content, fill_in, link_of
from workflow.domain.codes import LinkMode
from workflow.domain.messages import MessageKind
from workflow.domain.submissions import State

pytestmark = pytest.mark.browser

PRESSED = "main button, main a, main input[type=submit]"
ROUNDS = 4  # a mail is looked at again and again: by the gateway, by the mailbox, by the program


def scan(page: Page, url: str) -> int:
    """Press each button and link of the page in turn, from a fresh look each time. Gives how many there were."""
    page.goto(url)
    count = page.locator(PRESSED).count()
    for number in range(count):
        page.goto(url)
        target = page.locator(PRESSED).nth(number)
        if not (target.get_attribute("href") or "").startswith("mailto:"):
            target.click()
            page.wait_for_load_state("load")
    return count


@pytest.mark.parametrize("mode", LinkMode)
def test_a_scanner_that_presses_everything_changes_nothing_of_the_report(
    live_site: LiveSite, chromium: Browser, mode: LinkMode
) -> None:
    house, path = live_site.house, link_of(live_site.house, NORRBY)
    with house.db.begin() as work:
        work.rounds.save(replace(work.rounds.get(ROUND), links=mode))
        before = work.submissions.get(NORRBY), work.drafts.of(NORRBY), work.editions.of(NORRBY)
        links = work.recipients.links_of(NORRBY)
    if mode is LinkMode.VERIFIED:
        path = path.partition(".")[0]
    for _ in range(ROUNDS):
        page = chromium.new_context().new_page()  # no cookies of before
        assert scan(page, live_site.url + path) >= 1
        page.context.close()
    with house.db.read() as work:
        assert (work.submissions.get(NORRBY), work.drafts.of(NORRBY), work.editions.of(NORRBY)) == before
        assert work.recipients.links_of(NORRBY) == links
        mails = [each.link for each in work.outbox.of_submission(NORRBY) if each.kind is MessageKind.CODE]
    assert before[0].state is State.NOT_STARTED
    if mode is LinkMode.VERIFIED:
        assert len(mails) > 0
        assert all(mails.count(link) <= 3 for link in set(mails))
    else:
        assert mails == []


def test_a_scanner_that_goes_on_into_the_form_and_runs_its_script_changes_nothing(
    live_site: LiveSite, chromium: Browser
) -> None:
    """It opens every page that the form leads to, puts the pointer and the focus everywhere, and presses no button."""
    house = live_site.house
    fill_in(house, NORRBY)
    page = chromium.new_context().new_page()
    page.goto(live_site.url + link_of(house, NORRBY))
    page.locator("main button").first.click()
    page.wait_for_url("**/svara")
    before, sent = content(house), []
    page.on("request", lambda request: sent.append(request.url) if request.method not in {"GET", "HEAD"} else None)
    seen, waiting = set(), [page.url]
    while waiting:
        url = waiting.pop()
        seen.add(url)
        if "html" not in page.request.get(url).headers.get("content-type", ""):
            continue
        page.goto(url)
        page.mouse.wheel(0, 10_000)
        for each in page.locator("input:not([type=hidden]), textarea, select, summary").all():
            if each.is_visible():
                each.focus()
        page.evaluate("document.activeElement && document.activeElement.blur()")
        page.evaluate("window.dispatchEvent(new Event('pagehide'))")
        links = page.eval_on_selector_all("a[href]", "all => all.map(each => each.href.split('#')[0])")
        new = {each for each in links if each.startswith(live_site.url)} - seen - set(waiting)
        waiting += sorted(new)
    page.context.close()
    assert len(seen) > 5
    assert sent == []
    assert content(house) == before
