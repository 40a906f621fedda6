"""The mails to come: listed by day, each with its words, sent to a test box."""

from dataclasses import replace

import pytest

from tests.fakes.mail import NO_USER, FakePostman
from tests.web.houses import HAMN, NORRBY, ROUND, content, csrf_of, fill_in, hand_in
from tests.web.office import ROUND_PAGE, sign_in
from tests.web.test_coordinator import plan
from workflow.bootstrap import App

PAGE = f"{ROUND_PAGE}/forhandsvisning"
BOX = "testlada@stadsledningskontoret.example"


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/norrby.T+3", f"{PAGE}/norrby.T+3/html", f"{PAGE}/odeby.T+3"])
def test_every_page_opens_in_both_languages_and_writes_nothing(house: App, path: str, language: str) -> None:
    fill_in(house, NORRBY)
    client = sign_in(house, language)
    before = content(house)
    page = client.get(path)
    assert page.status_code == 200
    assert "%(" not in page.text
    assert content(house) == before


def test_the_days_say_weekday_and_date(house: App) -> None:
    page = sign_in(house).get(PAGE).text
    assert ">Fredag 28 maj</h2>" in page
    assert "Sista dagen, ej påbörjad" in page
    assert "3 arbetsdagar efter sista dagen" in page


def test_what_does_not_go_says_why(house: App) -> None:
    hand_in(house, HAMN)
    client = sign_in(house)
    assert "se varför" in client.get(PAGE).text
    page = client.get(f"{PAGE}?lage=stoppas").text
    assert "Det finns ingen kontaktperson att skriva till." in page
    assert "Underlaget har kommit in." in page


def test_filters_and_empty_states(house: App) -> None:
    client = sign_in(house)
    assert "Vattenbolaget" not in client.get(f"{PAGE}?q=norrby+stads").text.partition("</form>")[2]
    assert "Hamnnämnden" not in client.get(f"{PAGE}?q=NORRBY").text.partition("h-test")[0]
    day = client.get(f"{PAGE}?dag=2027-05-28").text
    assert day.count("<h2") == 2  # the day and the test box
    assert "Inget mejl passar in" in client.get(f"{PAGE}?q=finns+inte").text
    assert "Inget mejl passar in" in client.get(f"{PAGE}?mejl=nonsens&dag=nonsens&sida=99").text
    assert "påminnelse om försenat underlag" in client.get(f"{PAGE}?mejl=overdue").text


def test_a_mail_is_shown_with_its_words_and_no_link_that_opens_anything(house: App) -> None:
    client = sign_in(house)
    page = client.get(f"{PAGE}/norrby.T+3").text
    assert "Åsa Påhittad" in page
    assert "Kopia:" in page
    frame = client.get(f"{PAGE}/norrby.T+3/html")
    assert "default-src &#39;none&#39;" in frame.headers["content-security-policy"].replace("'", "&#39;")
    with house.db.read() as work:
        links = [link.id for link in work.recipients.links_of(NORRBY)]
    for link in links:
        assert link not in page + frame.text
        assert house.secrets.link_secret(link) not in page + frame.text


def test_one_that_is_not_there(house: App) -> None:
    client = sign_in(house)
    assert client.get(f"{PAGE}/norrby.T-99").status_code == 404
    assert client.get("/omgang/2031-T9/forhandsvisning").status_code == 404


def test_a_planned_round_is_previewed_from_its_page(house: App) -> None:
    plan(house)
    client = sign_in(house)
    assert "/omgang/2027-T2/forhandsvisning" in client.get("/omgang/2027-T2").text
    assert "Omgången öppnar" in client.get("/omgang/2027-T2/forhandsvisning").text
    assert client.get("/omgang/2027-T2/forhandsvisning/norrby.open").status_code == 200


# --- the test box --------------------------------------------------------------


@pytest.fixture
def postman() -> FakePostman:
    return FakePostman()


@pytest.fixture
def boxed(house: App, postman: FakePostman) -> App:
    return replace(house, mailroom=replace(house.mailroom, postman=postman))


def test_one_of_each_kind_is_sent(boxed: App, postman: FakePostman) -> None:
    client = sign_in(boxed)
    token = csrf_of(client.get(PAGE).text)
    sent = client.post(f"{PAGE}/testlada", data={"csrf": token, "address": BOX, "which": "first"})
    assert sent.status_code == 303
    assert f"{len(postman.taken)} testmejl skickades." in client.get(sent.headers["location"]).text
    assert {each.recipients for each in postman.taken} == {(BOX,)}


def test_all_that_the_filter_shows_are_sent(boxed: App, postman: FakePostman) -> None:
    client = sign_in(boxed)
    token = csrf_of(client.get(PAGE).text)
    chosen = {"csrf": token, "address": BOX, "which": "all", "mejl": "last_day"}
    assert client.post(f"{PAGE}/testlada", data=chosen).status_code == 303
    assert len(postman.taken) == 3


@pytest.mark.parametrize("address", ["", "ingen adress", "cleo.invented@hamn.example"])
def test_a_wrong_address_is_told_and_kept(boxed: App, postman: FakePostman, address: str) -> None:
    client = sign_in(boxed)
    token = csrf_of(client.get(PAGE).text)
    page = client.post(f"{PAGE}/testlada", data={"csrf": token, "address": address, "which": "first"})
    assert page.status_code == 422
    assert "Inget skickades till testlådan" in page.text
    assert f'value="{address}"' in page.text
    assert postman.taken == []


def test_what_the_server_says_no_to_is_told(boxed: App, postman: FakePostman) -> None:
    postman.always = NO_USER
    client = sign_in(boxed)
    token = csrf_of(client.get(PAGE).text)
    page = client.post(f"{PAGE}/testlada", data={"csrf": token, "address": BOX, "which": "first"})
    assert page.status_code == 502
    assert "5.1.1 no such user" in page.text


def test_without_the_token_nothing_is_sent(boxed: App, postman: FakePostman) -> None:
    assert sign_in(boxed).post(f"{PAGE}/testlada", data={"address": BOX}).status_code == 422
    assert postman.taken == []


def test_a_closed_round_has_nothing_to_come(house: App) -> None:
    client = sign_in(house)
    token = csrf_of(client.get(f"{ROUND_PAGE}/stang").text)
    client.post(f"{ROUND_PAGE}/stang", data={"csrf": token})
    page = client.get(f"/omgang/{ROUND}/forhandsvisning?mejl=overdue").text
    assert "Inga fler mejl ska gå" in page or "Inget mejl passar in" in page
