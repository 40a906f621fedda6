"""A mail scanner that has pressed the landing page's button goes on: every link, every button's address, looked at."""

import re
from collections.abc import Mapping
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest
from starlette.testclient import TestClient

from tests.web.houses import NORRBY, content, fill_in, hand_in, open_form
from tests.web.mailed import ASA, mail_form
from tests.web.test_links import stored
from workflow.bootstrap import App

ADDRESS = re.compile(r'\s(?:href|src|action|formaction|data-[a-z-]+)="(/[^"#]*)')
FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
ACTION = re.compile(r'\saction="([^"]*)"')
FIELD = re.compile(r'<(?:input|button|textarea|select)\b[^>]*\sname="([^"]+)"(?:[^>]*\svalue="([^"]*)")?')
ENTRANCES = ("/svara", "/svara/kontrollera")  # the second is behind a button, for whoever guesses


def crawled(client: TestClient) -> dict[str, list[Mapping[str, str]]]:
    """Every address of the site that is reached from the form, with the fields of the forms that lead there."""
    found: dict[str, list[Mapping[str, str]]] = {each: [] for each in ENTRANCES}
    waiting = list(ENTRANCES)
    while waiting:
        here = waiting.pop()
        page = client.get(here)
        if page.status_code in {301, 302, 303, 307}:
            led = [page.headers["location"]]
        elif "html" in page.headers.get("content-type", ""):
            led = [unescape(each) for each in ADDRESS.findall(page.text)]
            for form, inside in FORM.findall(page.text):
                action = ACTION.search(form)
                to = urljoin(here, unescape(action[1]) if action else here)
                found.setdefault(to, []).append({name: unescape(value) for name, value in FIELD.findall(inside)})
        else:
            led = []
        for each in (urljoin(here, one) for one in led):
            if not urlsplit(each).netloc and each not in found:
                found[each] = []
                waiting.append(each)
    return found


def press_everything_by_looking(client: TestClient, found: Mapping[str, list[Mapping[str, str]]]) -> None:
    for path, forms in found.items():
        for method in ("HEAD", "GET"):
            client.request(method, path)
            for fields in forms:
                client.request(method, path, params=fields)


@pytest.mark.parametrize("state", ["fresh", "draft", "mailed", "handed in"])
def test_a_scanner_that_goes_on_into_the_form_changes_nothing(house: App, state: str) -> None:
    if state != "fresh":
        fill_in(house, NORRBY)
    if state == "mailed":
        mail_form(house, {"mark": "Tolv markanvisningar."})
    if state == "handed in":
        hand_in(house, NORRBY)
    client = open_form(house, NORRBY)
    client.get(ENTRANCES[0])
    before, bytes_before = content(house), stored(house)
    with house.db.read() as work:
        mails = work.incoming.list()
    found = crawled(client)
    press_everything_by_looking(client, found)
    assert content(house) == before
    assert stored(house) == bytes_before, "not a byte, whatever the tables"
    with house.db.read() as work:
        assert work.incoming.list() == mails
    pages = {urlsplit(each).path for each in found}
    assert len(pages) > 10, pages
    assert sum(map(len, found.values())) >= (2 if state != "handed in" else 1), "there were buttons to press"


def test_the_crawl_finds_what_matters(house: App) -> None:
    """So that the test above can fail: handing in and saving are among what was looked at, and do something by POST."""
    fill_in(house, NORRBY)
    client = open_form(house, NORRBY)
    found = crawled(client)
    assert "/svara/lamna-in" in found
    before = content(house)
    assert client.post("/svara/lamna-in", data=dict(found["/svara/lamna-in"][0])).status_code == 303
    assert content(house) != before
    assert ASA not in str(sorted(found)), "no address of a person in an address of a page"
