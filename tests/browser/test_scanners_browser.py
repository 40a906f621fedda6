"""Mail scanners that follow a link, run its script and press every button: the report is as it was."""

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page

from tests.web.houses import NORRBY, ROUND, LiveSite, link_of
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
