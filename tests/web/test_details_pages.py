"""The page behind the yearly mail's link, and the coordinators' page of answers: a GET never changes anything."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.fakes.mail import FakePostman
from tests.web.houses import NOW, ROUND, browser, content, csrf_of, make_house, set_clock
from tests.web.office import sign_in
from workflow.bootstrap import App
from workflow.domain.details import Check
from workflow.resources import Resources
from workflow.services import outbox
from workflow.services.corrections import waiting_corrections
from workflow.services.details import plan_details
from workflow.web.correction_pages import PAGE

ASA = "asa.pahittad@norrby.example"


@pytest.fixture
def asked(tmp_path: Path, sqlite_url: str) -> App:
    """A site whose day is 24 May: everybody has been asked this morning."""
    config = tmp_path / "config"
    config.mkdir()
    shipped = Resources().config("rounds.toml").read_text(encoding="utf-8")
    (config / "rounds.toml").write_text(shipped.replace('date = "12-01"', 'date = "05-24"'), encoding="utf-8")
    house = make_house(tmp_path, sqlite_url, config_dir=config)
    policy = house.plans().details
    assert plan_details(house.db, policy, secrets=house.secrets, calendar=house.calendar, now=house.now()) == 4
    outbox.deliver(replace(house.mailroom, postman=FakePostman()))
    return house


def path(house: App, address: str = ASA) -> str:
    check = check_of(house, address)
    return f"/uppgifter/{check.id}.{house.secrets.link_secret(check.id)}"


def check_of(house: App, address: str = ASA) -> Check:
    with house.db.read() as work:
        return next(each for each in work.details.of_year(2027) if each.address == address)


def held(house: App) -> list[object]:
    with house.db.read() as work:
        return [*content(house), work.details.of_year(2027), work.details.corrections(), work.people.contacts()]


def seal_of(page: str) -> str:
    found = re.search(r'name="seal" value="([^"]+)"', page)
    assert found, page
    return found[1]


def wish(client: TestClient, url: str, **typed: str) -> tuple[int, str]:
    page = client.get(f"{url}?svar=andra").text
    fields = {f"{name}.0": value for name, value in typed.items()}
    sent = client.post(url, data={"svar": "andra", "seal": seal_of(page)} | fields)
    return sent.status_code, sent.text


NEW_PHONE = {"wish": "change", "who": "Åsa Påhittad", "email": ASA, "phone": "08-508 77 777", "role": "primary"}


def test_the_link_shows_what_the_register_says_without_a_login(asked: App) -> None:
    page = browser(asked).get(path(asked)).text
    for shown in ("Norrby stadsdelsnämnd", "Åsa Påhittad", ASA, "08-508 00 001", "Kontaktperson", "svenska"):
        assert shown in page
    assert asked.secrets.link_secret(check_of(asked).id) not in page
    assert "Are the details right?" in browser(asked, "en").get(path(asked, "cleo.invented@hamn.example")).text


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("more", ["", "?svar=andra", "?svar=stammer&sprak=en"])
def test_looking_changes_nothing(asked: App, method: str, more: str) -> None:
    before = held(asked)
    browser(asked).request(method, path(asked) + more)
    assert held(asked) == before


def test_one_press_says_that_all_is_right(asked: App) -> None:
    client, url = browser(asked), path(asked)
    sent = client.post(url, data={"svar": "stammer", "seal": seal_of(client.get(url).text)})
    assert (sent.status_code, sent.headers["location"]) == (303, url)
    assert "Vi har ditt svar" in client.get(url).text
    assert check_of(asked).said == "right"


def test_a_wrong_old_or_foreign_link_is_no_page(asked: App) -> None:
    client, url = browser(asked), path(asked)
    assert client.get(url[:-3] + "xxx").status_code == 404
    assert client.get("/uppgifter/fel").status_code == 404
    assert client.get(url.replace("/uppgifter/", "/l/")).status_code == 404
    set_clock(asked, NOW + timedelta(days=70))
    assert client.get(url).status_code == 404
    assert client.post(url, data={"svar": "stammer"}).status_code == 404


def test_another_site_cannot_answer_for_anybody(asked: App) -> None:
    before = held(asked)
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert browser(asked).post(path(asked), data={"svar": "stammer"}, headers=headers).status_code == 403
    assert held(asked) == before


def test_what_is_asked_for_waits_for_a_coordinator_and_one_press_makes_it(asked: App) -> None:
    client, url, before = browser(asked), path(asked), held(asked)[-1]
    status, _ = wish(client, url, **NEW_PHONE, note="Ny växel <i>i maj</i>.")
    assert status == 303
    assert "Samordnarna har fått din begäran" in client.get(url).text
    assert held(asked)[-1] == before
    office = sign_in(asked)
    for shown in ("/enheter", f"/omgang/{ROUND}", "/omgangar"):
        assert "/register/uppgifter" in office.get(shown).text, shown
    page = office.get(PAGE).text
    assert "08-508 77 777" in page
    assert "Ny växel &lt;i&gt;i maj&lt;/i&gt;." in page
    (request,) = waiting_corrections(asked.db)
    done = office.post(f"{PAGE}/{request.id}", data={"csrf": csrf_of(page), "deed": "apply"})
    assert (done.status_code, done.headers["location"]) == (303, PAGE)
    assert "08-508 77 777" in client.get(url).text
    assert "Din begäran är behandlad" in client.get(url).text
    again = office.post(f"{PAGE}/{request.id}", data={"csrf": csrf_of(page), "deed": "apply"})
    assert again.status_code == 409
    assert "redan avgjord" in again.text


def test_what_the_register_says_now_is_not_written_over(asked: App) -> None:
    wish(browser(asked), path(asked), **NEW_PHONE)
    with asked.db.begin() as work:
        work.people.replace(work.people.units(), [replace(each, phone="") for each in work.people.contacts()])
    (request,) = waiting_corrections(asked.db)
    office = sign_in(asked)
    page = office.get(PAGE).text
    assert "Registret har ändrats sedan personen svarade" in page
    assert "Gör ändringen" not in page
    refused = office.post(f"{PAGE}/{request.id}", data={"csrf": csrf_of(page), "deed": "apply"})
    assert refused.status_code == 409
    assert office.post(f"{PAGE}/{request.id}", data={"csrf": csrf_of(page), "deed": "handled"}).status_code == 303
    assert waiting_corrections(asked.db) == ()


def test_a_refusal_needs_its_reason_which_goes_by_mail(asked: App) -> None:
    wish(browser(asked), path(asked), **NEW_PHONE)
    (request,) = waiting_corrections(asked.db)
    office = sign_in(asked)
    page = office.get(PAGE).text
    assert "Skäl, om du avslår" in page
    no = {"csrf": csrf_of(page), "deed": "refused"}
    assert office.post(f"{PAGE}/{request.id}", data=no).status_code == 422
    assert waiting_corrections(asked.db) == (request,)
    assert office.post(f"{PAGE}/{request.id}", data=no | {"reason": "Växeln är kvar."}).status_code == 303
    assert waiting_corrections(asked.db) == ()
    with asked.db.read() as work:
        told = [each for each in work.outbox.list() if each.kind == "details_refused"]
    assert [(each.to_email, each.detail["reason"]) for each in told] == [(request.was.contact.email, "Växeln är kvar.")]


def test_a_change_in_between_is_shown_and_the_words_are_kept(asked: App) -> None:
    client, url = browser(asked), path(asked)
    shown = seal_of(client.get(url).text)
    with asked.db.begin() as work:
        work.people.replace(work.people.units(), [replace(each, phone="08-5") for each in work.people.contacts()])
    clash = client.post(url, data={"svar": "stammer", "seal": shown})
    assert (clash.status_code, "08-5" in clash.text, check_of(asked).said) == (409, True, "")
    data = {"svar": "andra", "seal": shown, **{f"{key}.0": value for key, value in NEW_PHONE.items()}}
    clash = client.post(url, data=data | {"note.0": "Mina ord", "wish.1": "other", "note.1": "Fler ord"})
    assert (clash.status_code, waiting_corrections(asked.db)) == (409, ())
    for kept in ("Mina ord", "08-508 77 777", "Fler ord"):
        assert kept in clash.text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"wish": "keep", "phone": "08-508 00 001"}, "Välj vad som ska ändras, eller gå tillbaka"),
        ({"wish": "keep"}, "Du har skrivit något nytt"),
        ({"wish": "other", "note": " "}, "Skriv vad som ska ändras"),
        ({"wish": "change", "who": "", "email": ASA}, "Skriv ett namn"),
        ({"wish": "successor", "who": "Nils", "email": "nils"}, "är ingen e-postadress"),
        ({"wish": "successor", "who": "Nils", "email": ASA}, "är din egen adress"),
        ({"wish": "change", "who": "Åsa\nBcc: alla", "email": ASA, "phone": "\x00"}, ""),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_stays(asked: App, typed: dict[str, str], said: str) -> None:
    status, page = wish(browser(asked), path(asked), **{"phone": "08-4711", "role": "primary"} | typed)
    assert status == 422
    assert said in page
    assert "08-4711" in page or "phone" in typed
    assert waiting_corrections(asked.db) == ()


def test_who_has_left_sees_that_and_no_more(asked: App) -> None:
    url = path(asked)
    with asked.db.begin() as work:
        work.people.replace(work.people.units(), [])
    page = browser(asked).get(url).text
    assert "Adressen står inte i registret" in page
    assert "Åsa" not in page
    assert browser(asked).post(url, data={"svar": "stammer", "seal": ""}).status_code == 409


def test_the_register_shows_who_has_answered(asked: App) -> None:
    client, url = browser(asked), path(asked)
    client.post(url, data={"svar": "stammer", "seal": seal_of(client.get(url).text)})
    office = sign_in(asked)
    for shown in ("/enheter", PAGE):
        page = office.get(shown).text
        assert "1 av 4 har svarat" in page
        assert "onsdag 24 maj 2028 kl. 09.00, till 4 personer" in page
    rows = re.findall(r'scope="row">([^<]*)<.*?data-l="Svar">([^<]*)<', page, re.DOTALL)
    assert dict(rows)["Åsa Påhittad"] == "Uppgifterna stämmer"
    assert dict(rows)["Dan Diktad"] == "Har inte svarat"
    assert browser(asked).get(PAGE).status_code in {303, 403}
