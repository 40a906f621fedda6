"""The personal link: looked at by scanners, opened by people."""

from hashlib import sha256
from pathlib import Path

import pytest

from tests.web.houses import HAMN, NORRBY, browser, content, fill_in, link_of, make_house, open_form, set_clock
from workflow.bootstrap import App
from workflow.services.freezing import LINK_LIFE


def stored(house: App) -> str:
    """A fingerprint of every byte the database has written."""
    files = sorted(house.settings.data_dir.glob("tertial.sqlite*"))
    return sha256(b"".join(file.read_bytes() for file in files if not file.name.endswith("-shm"))).hexdigest()


def test_the_landing_page_says_what_it_is_for_and_nothing_more(house: App) -> None:
    fill_in(house, NORRBY)
    page = browser(house).get(link_of(house, NORRBY))
    assert page.status_code == 200
    assert "Norrby stadsdelsnämnd" in page.text
    assert "Tertial 1 2027" in page.text
    for secret in ("Åsa", "asa.pahittad", "Två företag", "3 av 3"):
        assert secret not in page.text


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_at_a_link_writes_nothing(house: App, method: str) -> None:
    before, bytes_before = content(house), stored(house)
    for _ in range(3):
        browser(house).request(method, link_of(house, NORRBY))
    assert content(house) == before
    assert stored(house) == bytes_before


def test_opening_gives_a_session_and_leaves_the_address_behind(house: App) -> None:
    client = browser(house)
    opened = client.post(link_of(house, NORRBY))
    assert (opened.status_code, opened.headers["location"]) == (303, "/svara")
    cookie = opened.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.get("/svara").status_code == 200


def test_the_cookie_is_secure_where_the_site_is(tmp_path: Path, sqlite_url: str) -> None:
    house = make_house(tmp_path, sqlite_url, base_url="https://tertial.example")
    opened = browser(house).post(link_of(house, NORRBY))
    assert "; secure" in opened.headers["set-cookie"].lower()


def test_a_link_opens_any_number_of_times(house: App) -> None:
    assert [open_form(house, NORRBY).get("/svara").status_code for _ in range(2)] == [200, 200]


def test_the_secret_stands_nowhere_but_in_the_address(house: App) -> None:
    path = link_of(house, NORRBY)
    token = path.removeprefix("/l/")
    client = browser(house)
    pages = [client.get(path).text, client.get(path + "?sprak=en").text, client.post(path).text]
    pages += [
        client.get(each).text for each in ("/svara", "/svara/kontrollera", "/svara/kopia", "/svara/word/ladda-upp")
    ]
    pages.append(client.get(path[:-2]).text)
    for page in pages:
        assert token not in page
        assert token.partition(".")[2][:10] not in page


@pytest.mark.parametrize("token", ["x", "x.y", ".", "%00", "å.ä", "a" * 3_000])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_wrong_link_is_answered_in_words(house: App, token: str, method: str) -> None:
    page = browser(house).request(method, f"/l/{token}")
    assert page.status_code == 404
    assert "set-cookie" not in page.headers


def test_wrong_expired_and_cut_links_get_the_same_answer(house: App) -> None:
    path = link_of(house, NORRBY)
    client = browser(house)
    cut, unknown = client.get(path[:-1]), client.get("/l/nobody.nothing")
    set_clock(house, house.now() + LINK_LIFE)
    expired = client.get(path)
    assert "Länken gäller inte längre." in expired.text
    assert expired.status_code == cut.status_code == unknown.status_code == 404
    assert expired.text == cut.text == unknown.text


def test_a_session_ends_with_its_link(house: App) -> None:
    client = open_form(house, NORRBY)
    set_clock(house, house.now() + LINK_LIFE)
    page = client.get("/svara")
    assert page.status_code == 403
    assert "Du har varit borta länge." in page.text


def test_a_session_shows_its_own_submission_only(house: App) -> None:
    fill_in(house, NORRBY)
    other = open_form(house, HAMN)
    for path in ("/svara", "/svara/kontrollera", "/svara/kopia"):
        assert "Två företag har etablerat sig." not in other.get(path).text


def test_a_person_is_met_in_their_own_language(house: App) -> None:
    client = browser(house, "sv")
    assert "Open the form" in client.get(link_of(house, HAMN)).text
    client.post(link_of(house, HAMN))
    assert "How far you have come" in client.get("/svara").text


def test_the_language_can_be_changed_on_the_landing_page(house: App) -> None:
    client, path = browser(house), link_of(house, NORRBY)
    assert 'href="?sprak=en"' in client.get(path).text
    assert "Open the form" in client.get(path + "?sprak=en").text
    assert "Open the form" in client.get(path).text
