"""Logging in as a coordinator, and out."""

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from tests.web.houses import COORDINATOR, NORRBY, NOW, browser, content, csrf_of, link_of, set_clock
from workflow.bootstrap import App
from workflow.services import access
from workflow.web.application import create_site
from workflow.web.login import local
from workflow.web.login_throttle import AT_ONCE, FAILURES, MOST_KEYS, WITHIN, Throttle

EMAIL, PASSWORD = COORDINATOR


def log_in(client: TestClient, *, email: str = EMAIL, password: str = PASSWORD, next_page: str = "") -> tuple[int, str]:
    answer = client.post("/login", data={"email": email, "password": password, "next": next_page})
    return answer.status_code, answer.headers.get("location", "")


def test_the_right_password_leads_on(house: App) -> None:
    client = browser(house)
    assert log_in(client, next_page="/omgangar") == (303, "/omgangar")
    assert client.get("/omgangar").status_code == 200


def test_without_a_session_every_page_leads_to_the_login_and_back(house: App) -> None:
    answer = browser(house).get("/omgang/2027-T1/utskick")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/omgang/2027-T1/utskick"


@pytest.mark.parametrize("language", ["sv", "en"])
def test_one_answer_for_a_wrong_address_and_a_wrong_password(house: App, language: str) -> None:
    client = browser(house, language)
    pages = [
        client.post("/login", data={"email": email, "password": password})
        for email, password in ((EMAIL, "fel"), ("ingen@stad.example", PASSWORD))
    ]
    assert [page.status_code for page in pages] == [401, 401]
    said = {"sv": "E-postadressen eller lösenordet stämmer inte.", "en": "password"}[language]
    assert all(said in page.text for page in pages)
    assert pages[0].text.replace(EMAIL, "X") == pages[1].text.replace("ingen@stad.example", "X")


def test_guessing_is_slowed_down_for_that_address_and_then_forgotten(house: App) -> None:
    client = browser(house)
    for _ in range(FAILURES):
        assert log_in(client, password="fel")[0] == 401
    refused = client.post("/login", data={"email": EMAIL, "password": PASSWORD})
    assert refused.status_code == 429
    assert "Vänta en kvart" in refused.text
    assert log_in(client, email="annan@stad.example", password="fel")[0] == 401
    set_clock(house, NOW + WITHIN)
    assert log_in(client)[0] == 303


def test_a_success_forgets_the_failures_before_it(house: App) -> None:
    client = browser(house)
    for _ in range(2):
        for _ in range(FAILURES - 1):
            log_in(client, password="fel")
        assert log_in(client)[0] == 303


@pytest.mark.parametrize(
    ("path", "led_to"),
    [
        ("/omgang/2027-T1", "/omgang/2027-T1"),
        ("https://ond.example/", ""),
        ("//ond.example/", ""),
        ("/\\ond.example/", ""),
        ("/\t/ond.example", ""),
        ("/login", ""),
        ("", ""),
    ],
)
def test_only_a_path_of_this_site_is_gone_to(path: str, led_to: str) -> None:
    assert local(path) == led_to


def test_logging_out_ends_the_session_itself(house: App) -> None:
    client = browser(house)
    log_in(client)
    page = client.get("/omgangar").text
    cookie = client.cookies.get("tertial-kontor")
    assert client.post("/logout", data={"csrf": csrf_of(page)}).headers["location"] == "/login"
    client.cookies.set("tertial-kontor", cookie or "")
    assert client.get("/omgangar").status_code == 303


def test_logging_out_needs_the_token(house: App) -> None:
    client = browser(house)
    log_in(client)
    assert client.post("/logout", data={"csrf": "fel"}).status_code == 422
    assert client.get("/omgangar").status_code == 200


def test_an_idle_session_is_over(house: App) -> None:
    client = browser(house)
    log_in(client)
    set_clock(house, NOW + access.COORDINATOR_IDLE + timedelta(minutes=1))
    assert client.get("/omgangar").status_code == 303


def test_a_password_for_one_login_is_spent(house: App) -> None:
    access.add_account(
        house.db, email="en@stad.example", name="En", password="en gång", secrets=house.secrets, now=NOW, once=True
    )
    assert log_in(browser(house), email="en@stad.example", password="en gång")[0] == 303
    assert log_in(browser(house), email="en@stad.example", password="en gång")[0] == 401


def test_showing_the_login_writes_nothing(house: App) -> None:
    before = content(house)
    assert browser(house).get("/login?next=/omgangar").status_code == 200
    assert content(house) == before


@pytest.mark.parametrize("odd", ["a\0b@stad.example", "\x1b@stad.example"])
def test_an_address_that_no_database_holds_is_only_wrong(house: App, odd: str) -> None:
    assert log_in(browser(house), email=odd)[0] == 401


def test_half_letters_are_only_wrong(house: App) -> None:
    body = b"email=%ed%a0%80&password=%ff"
    answer = browser(house).post("/login", content=body, headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code in {401, 422}


def test_a_knock_at_the_door_has_a_smaller_limit_than_an_upload(house: App) -> None:
    assert house.settings.max_upload_mb > 1
    for path in ("/login", link_of(house, NORRBY).partition(".")[0] + "/kod"):
        assert browser(house).post(path, data={"password": "a" * 1_100_000}).status_code == 413, path


def test_an_endless_address_is_refused_and_kept_nowhere(house: App) -> None:
    client = browser(house)
    answer = client.post("/login", data={"email": "a" * 300_000, "password": PASSWORD})
    assert answer.status_code == 401
    assert "E-postadressen eller lösenordet stämmer inte." in answer.text
    assert "aaaa" not in answer.text
    assert not hasattr(client.app.state, "throttle")  # type: ignore[attr-defined]  # the client types it as any ASGI app


def test_a_rush_of_logins_is_turned_away_at_once(house: App) -> None:
    site = create_site(house)
    client = TestClient(site, follow_redirects=False)
    assert log_in(client, password="fel")[0] == 401
    places = site.state.throttle.places
    for _ in range(AT_ONCE):
        assert places.acquire(blocking=False)
    answer = client.post("/login", data={"email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 503
    assert "Många försöker logga in just nu." in answer.text
    places.release()
    assert [log_in(client)[0] for _ in range(2)] == [303, 303]


def test_the_throttle_never_holds_more_than_it_may() -> None:
    throttle = Throttle()
    for number in range(MOST_KEYS + 50):
        throttle.note(f"key {number}", NOW)
        throttle.note("mine", NOW)
    assert len(throttle._failures) == MOST_KEYS
    assert len(throttle._failures["mine"]) == FAILURES
    assert throttle.is_full("mine", NOW)
    assert not throttle.is_full("key 0", NOW)
