"""Verified links on the pages: a button, a mail, a field; and what scanners and strangers get."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from tests.fakes.mail import FakePostman
from tests.web.houses import HAMN, NORRBY, ROUND, browser, content, link_of, set_clock
from workflow.bootstrap import App
from workflow.domain.codes import CODE_LIFE, LinkMode, written
from workflow.domain.messages import MessageKind
from workflow.ports import Job
from workflow.services import outbox
from workflow.web.links import BROWSER_COOKIE


@pytest.fixture
def verified(house: App) -> App:
    with house.db.begin() as work:
        work.rounds.save(replace(work.rounds.get(ROUND), links=LinkMode.VERIFIED))
    return house


def path_of(house: App, submission: str = NORRBY) -> str:
    """The mailed path: without a secret."""
    return link_of(house, submission).partition(".")[0]


def ask(client: TestClient, path: str) -> None:
    answer = client.post(path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}/kod")


def codes(house: App) -> list[str]:
    """Every code that was asked for, as its mail has it."""
    with house.db.read() as work:
        rows = [each for each in work.outbox.list(round_id=ROUND) if each.kind is MessageKind.CODE]
    return [written(house.secrets.code(each.slot)) for each in sorted(rows, key=lambda each: each.created_at)]


def test_the_landing_page_offers_a_code_and_tells_nothing_more(verified: App) -> None:
    page = browser(verified).get(path_of(verified)).text
    assert "Skicka en kod till a…@norrby.example" in page
    assert "Norrby stadsdelsnämnd" in page
    assert "asa.pahittad" not in page
    assert "Åsa" not in page


def test_a_deputy_with_the_contact_persons_link_has_the_code_sent_to_themselves(verified: App) -> None:
    client = browser(verified)
    page = client.get(path_of(verified)).text
    assert "skicka till b…@norrby.example" in page
    theirs = link_of(verified, NORRBY, name="Bo Påhittad").partition(".")[0]
    assert f'action="{theirs}"' in page
    ask(client, theirs)
    postman = FakePostman()
    outbox.deliver(replace(verified.mailroom, postman=postman))
    assert ("bo.pahittad@norrby.example",) in [each.recipients for each in postman.taken]
    assert client.post(f"{theirs}/kod", data={"kod": codes(verified)[0]}).status_code == 303
    assert client.get("/svara").status_code == 200


def test_a_code_by_mail_opens_the_form(verified: App) -> None:
    client, path = browser(verified), path_of(verified)
    ask(client, path)
    assert verified.queue.asked == [Job.DELIVER]  # type: ignore[attr-defined]
    field_page = client.get(f"{path}/kod").text
    assert 'autocomplete="one-time-code"' in field_page
    opened = client.post(f"{path}/kod", data={"kod": codes(verified)[0].lower()})
    assert (opened.status_code, opened.headers["location"]) == (303, "/svara")
    assert client.get("/svara").status_code == 200
    again = client.get(path).text
    assert "Fortsätt till formuläret" in again
    assert "Skicka en kod" not in again


def test_the_cookie_is_for_this_browser_and_unreadable_for_script(verified: App) -> None:
    client, path = browser(verified), path_of(verified)
    cookie = client.post(path).headers["set-cookie"].lower()
    assert cookie.startswith(BROWSER_COOKIE)
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_looking_writes_nothing(verified: App) -> None:
    before, path = content(verified), path_of(verified)
    for method in ("GET", "HEAD", "OPTIONS"):
        for each in (path, f"{path}/kod"):
            browser(verified).request(method, each)
    assert content(verified) == before


@pytest.mark.parametrize(("typed", "said"), [("CDFG-HJKM", "Koden stämmer inte"), ("hej", "åtta tecken"), ("", "åtta")])
def test_what_was_typed_is_kept_with_a_word_about_it(verified: App, typed: str, said: str) -> None:
    client, path = browser(verified), path_of(verified)
    ask(client, path)
    answer = client.post(f"{path}/kod", data={"kod": typed})
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{typed}"' in answer.text
    assert "Skicka en ny kod" in answer.text
    assert "08-" in answer.text or "mailto:" in answer.text


def test_another_browser_an_old_code_and_a_used_one_are_told_apart(verified: App) -> None:
    client, stranger, path = browser(verified), browser(verified), path_of(verified)
    ask(client, path)
    code = codes(verified)[0]
    assert "Ingen kod väntar i den här webbläsaren" in stranger.post(f"{path}/kod", data={"kod": code}).text
    assert client.post(f"{path}/kod", data={"kod": code}).status_code == 303
    assert "redan använd" in client.post(f"{path}/kod", data={"kod": code}).text
    ask(client, path)
    set_clock(verified, verified.now() + CODE_LIFE)
    (old,) = set(codes(verified)) - {code}
    assert "gäller inte längre: den gick ut" in client.post(f"{path}/kod", data={"kod": old}).text


def test_a_scanner_that_presses_every_button_sends_three_codes_at_most(verified: App) -> None:
    path = path_of(verified)
    answers = [browser(verified).post(path) for _ in range(20)]
    assert [answer.status_code for answer in answers].count(303) == 3
    assert {answer.status_code for answer in answers[3:]} == {429}
    assert "Nästa kan skickas" in answers[-1].text
    assert "måndag 24 maj 2027 kl. 09.22" in answers[-1].text
    assert len(codes(verified)) == 3
    with verified.db.read() as work:
        assert work.submissions.get(NORRBY).version == 0


def test_who_waits_for_a_code_can_still_type_the_one_they_have(verified: App) -> None:
    client, path = browser(verified), path_of(verified)
    for _ in range(3):
        ask(client, path)
    refused = client.post(path)
    assert 'id="kod"' in refused.text
    assert client.post(f"{path}/kod", data={"kod": codes(verified)[0]}).status_code == 303


@pytest.mark.parametrize("path", ["/l/nobody/kod", "/l/å/kod", "/l/%00/kod"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_wrong_link_has_no_field(verified: App, path: str, method: str) -> None:
    assert browser(verified).request(method, path, data={"kod": "CDFG-HJKM"}).status_code == 404


def test_a_direct_link_has_no_field(house: App) -> None:
    for path in (link_of(house, NORRBY), link_of(house, NORRBY).partition(".")[0]):
        assert browser(house).get(f"{path}/kod").status_code == 404


def test_the_link_with_its_secret_opens_nothing_in_a_verified_round(verified: App) -> None:
    for method in ("GET", "POST"):
        assert browser(verified).request(method, link_of(verified, NORRBY)).status_code == 404


def test_it_speaks_the_readers_language(verified: App) -> None:
    client, path = browser(verified), path_of(verified, HAMN)
    assert "Send a code to c…@hamn.example" in client.get(path).text
    ask(client, path)
    assert "Type the code" in client.get(f"{path}/kod").text
    assert "Skriv in koden" in client.get(f"{path}/kod?sprak=sv").text
    assert "Skriv in koden" in client.get(f"{path}/kod").text


def test_the_mailed_code_is_in_the_mail_alone(verified: App) -> None:
    client, path = browser(verified), path_of(verified)
    ask(client, path)
    postman = FakePostman()
    outbox.deliver(replace(verified.mailroom, postman=postman))
    (code,) = codes(verified)
    mails = [each for each in postman.taken if code.encode() in each.data]
    assert [each.recipients for each in mails] == [("asa.pahittad@norrby.example",)]
    assert not re.search(rb"^Subject:.*" + code.encode(), mails[0].data, re.MULTILINE)
    with verified.db.read() as work:
        assert code not in repr([work.outbox.list(), work.log.all()])


def test_a_session_of_before_does_not_outlive_the_day(verified: App) -> None:
    client, path = browser(verified), path_of(verified)
    ask(client, path)
    client.post(f"{path}/kod", data={"kod": codes(verified)[0]})
    set_clock(verified, verified.now() + timedelta(hours=12))
    assert client.get("/svara").status_code == 403
