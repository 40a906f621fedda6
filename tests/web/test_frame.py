"""The frame of every page: languages, safety headers, limits, errors, health."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from tests.web.houses import COORDINATOR, NORRBY, browser, csrf_of, link_of, make_house, open_form
from workflow.bootstrap import App
from workflow.domain.clockguard import Reason, Suspicion
from workflow.domain.forms import LONGEST_TEXT
from workflow.ports import Job
from workflow.web.about import local_path
from workflow.web.application import create_site
from workflow.web.forms_in import visible
from workflow.web.headers import HEADERS

PLAIN = ("/hjalp", "/tillganglighet", "/personuppgifter")


@pytest.mark.parametrize("path", [*PLAIN, "/svara", "/l/wrong", "/nowhere"])
def test_every_page_has_the_safety_headers_and_the_footer(house: App, path: str) -> None:
    page = browser(house).get(path)
    assert {name: page.headers[name] for name in HEADERS} == HEADERS
    for link in PLAIN:
        assert f'href="{link}"' in page.text


@pytest.mark.parametrize("path", [*PLAIN, "/l/wrong", "/svara"])
@pytest.mark.parametrize(("language", "word"), [("sv", "Hoppa till innehållet"), ("en", "Skip to the content")])
def test_pages_speak_the_browsers_language(house: App, path: str, language: str, word: str) -> None:
    page = browser(house, language).get(path).text
    assert f'<html lang="{language}">' in page
    assert word in page


def test_no_page_has_inline_style_or_script(house: App) -> None:
    page = browser(house).get("/hjalp").text
    assert " style=" not in page
    assert "<script>" not in page
    assert " onclick" not in page


# --- language -----------------------------------------------------------------


def test_the_chosen_language_stays_and_leads_back(house: App) -> None:
    client = browser(house)
    chosen = client.get("/sprak/en?next=/hjalp")
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/hjalp")
    assert "Help and contact" in client.get("/hjalp").text


@pytest.mark.parametrize(
    "wish",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/a\nb",
        "",
    ],
)
def test_the_language_link_leads_nowhere_else(wish: str) -> None:
    assert local_path(wish) == "/"


def test_a_local_path_is_kept() -> None:
    assert local_path("/omgang/2027-T1?q=a") == "/omgang/2027-T1?q=a"


def test_an_unknown_language_is_not_found(house: App) -> None:
    assert browser(house).get("/sprak/fi").status_code == 404


# --- errors -------------------------------------------------------------------


def test_an_unknown_page_is_said_in_words(house: App) -> None:
    page = browser(house).get("/nowhere")
    assert page.status_code == 404
    assert "Sidan finns inte." in page.text


def test_the_wrong_method_is_said_in_words(house: App) -> None:
    assert browser(house).get("/svara/lamna-in").status_code == 405


def test_our_own_fault_shows_what_was_typed(house: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    client = open_form(house, NORRBY)
    csrf = csrf_of(client.get("/svara").text)
    monkeypatch.setattr("workflow.services.submissions.save_answers", fail)
    bystander = TestClient(create_site(house), raise_server_exceptions=False, cookies=dict(client.cookies))
    page = bystander.post("/svara", data={"csrf": csrf, "text.mark": "En lång text om mark."})
    assert page.status_code == 500
    assert "En lång text om mark." in page.text
    assert "RuntimeError" not in page.text
    assert page.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


def test_a_database_that_is_away_is_told_apart_and_what_was_typed_is_kept(
    house: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = open_form(house, NORRBY)
    csrf = csrf_of(client.get("/svara").text)
    visitor = TestClient(create_site(house), raise_server_exceptions=False, cookies=dict(client.cookies))

    def fail(*_: object, **__: object) -> None:
        raise OperationalError("UPDATE answers", {}, Exception("server closed the connection"))

    monkeypatch.setattr("workflow.services.submissions.save_answers", fail)
    page = visitor.post("/svara", data={"csrf": csrf, "text.mark": "En lång text om mark."})
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "5"
    assert page.headers["Connection"] == "close"
    assert "Databasen svarar inte just nu." in page.text
    assert "En lång text om mark." in page.text
    assert "UPDATE" not in page.text


# --- forms --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"csrf=x&text.mark=%ff%fe", "application/x-www-form-urlencoded"),
        (b"csrf=x&text.mark=\xe5\xe4", "application/x-www-form-urlencoded"),
        (b'{"csrf": "x"}', "application/json"),
        (b"csrf=x", "text/plain"),
    ],
)
def test_a_form_that_cannot_be_read_is_refused_in_words(house: App, body: bytes, kind: str) -> None:
    client = open_form(house, NORRBY)
    page = client.post("/svara", content=body, headers={"Content-Type": kind})
    assert page.status_code == 422
    assert "UTF-8" in page.text


@pytest.mark.parametrize("typed", [b"text.mark=M%C3%A5nga+ord%ff", b"text.mark=M%C3%A5nga+ord" + b"&a=1" * 1_000])
def test_what_was_typed_in_a_form_that_is_refused_is_shown(house: App, typed: bytes) -> None:
    client = open_form(house, NORRBY)
    body = b"name.mark=2.+Mark&" + typed
    page = client.post("/svara", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert page.status_code == 422
    assert "Många ord" in page.text
    assert "2. Mark" in page.text


def test_too_many_fields_are_refused_as_such(house: App) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    page = open_form(house, NORRBY).post("/svara", content=b"a=1" + b"&a=1" * 1_000, headers=kind)
    assert page.status_code == 422
    assert "Formuläret har fler än 1000 fält" in page.text


def test_a_file_sent_where_a_form_belongs_is_refused(house: App) -> None:
    client = open_form(house, NORRBY)
    assert client.post("/svara", files={"file": b"x"}).status_code == 422
    assert client.post("/svara/word", data={"csrf": "x"}).status_code == 422


def test_unseen_characters_become_visible() -> None:
    assert visible("a\x00b\x0bc\r\nd\te\x85") == "a\ufffdb\ufffdc\nd\te\ufffd"


# --- size ---------------------------------------------------------------------


def test_fifty_megabytes_are_answered_with_what_to_do(house: App) -> None:
    client = open_form(house, NORRBY)
    csrf = csrf_of(client.get("/svara/word/ladda-upp").text)
    page = client.post("/svara/word", data={"csrf": csrf}, files={"file": ("film.docx", b"x" * 50_000_000)})
    assert page.status_code == 413
    assert "Filen är för stor (51 MB). Den får vara högst 20 MB." in page.text
    assert "Ta bort bilder ur filen" in page.text
    assert 'href="/svara/word/ladda-upp"' in page.text


def test_an_unannounced_body_is_counted_too(house: App) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"csrf=x&text.mark="
        for _ in range(25):
            yield b"x" * 1_000_000

    client = open_form(house, NORRBY, language="en")
    client.cookies.set("tertial-sprak", "en")
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    page = client.post("/svara", content=chunks(), headers=kind)
    assert page.status_code == 413
    assert "The file is too large" in page.text


def test_a_false_length_does_not_deceive(house: App) -> None:
    client = open_form(house, NORRBY)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "999999999"}
    assert client.post("/svara", content=b"csrf=x", headers=headers).status_code == 413


def test_a_long_answer_is_no_large_body(house: App) -> None:
    client = open_form(house, NORRBY)
    csrf = csrf_of(client.get("/svara").text)
    text = "å" * LONGEST_TEXT  # three times 600 kB as a browser sends it, above what form parsers allow by themselves
    keys = ("etableringar", "mark", "tillstand")
    texts = {f"text.{key}": text for key in keys} | {f"version.{key}": "0" for key in keys}
    saved = client.post("/svara", data={"csrf": csrf} | texts)
    assert saved.status_code == 303
    with house.db.read() as work:
        assert [each.text for each in work.drafts.of(NORRBY).values()] == [text] * 3


# --- health -------------------------------------------------------------------


def test_the_process_says_that_it_lives(house: App) -> None:
    assert browser(house).get("/healthz").json() == {"status": "ok"}


def suspect_clock(house: App) -> None:
    found = Suspicion(Reason.AHEAD, timedelta(days=1), house.now(), vouched=False)
    with house.db.begin() as work:
        work.guards.keep_clock(work.guards.clock(lock=True).raised(found))


def beat(house: App, *, ago: timedelta = timedelta()) -> None:
    with house.db.begin() as work:
        for job in Job:
            work.beats.note(job, house.now() - ago)


def test_ready_when_database_schema_and_jobs_are(house: App) -> None:
    beat(house)
    page = browser(house).get("/readyz")
    assert (page.status_code, page.json()) == (200, {"status": "ready", "reasons": []})


def test_not_ready_while_the_jobs_are_silent(house: App) -> None:
    page = browser(house).get("/readyz")
    assert page.status_code == 503
    assert f"job {Job.DELIVER} has never run" in page.json()["reasons"]
    beat(house, ago=timedelta(hours=1))
    assert len(browser(house).get("/readyz").json()["reasons"]) == len(Job)


def test_not_ready_while_the_clock_is_suspect(house: App) -> None:
    beat(house)
    suspect_clock(house)
    page = browser(house).get("/readyz")
    assert page.status_code == 503
    (reason,) = page.json()["reasons"]
    assert reason.startswith("the clock is suspect: it jumped ahead by 1 day")


def test_not_ready_without_a_database(house: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ConnectionError("postgres://tertial:hemligt@db")

    monkeypatch.setattr(type(house.db), "read", lambda _: fail())
    page = browser(house).get("/readyz")
    assert page.status_code == 503
    assert page.json()["reasons"] == ["database does not answer: ConnectionError"]


# --- odd requests -------------------------------------------------------------


@pytest.mark.parametrize("path", ["/%00", "/l/a%00b.c", "/omgang/%00", "/omgang/2027-T1/utskick/%1f", "/svara%0d%0a"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_address_with_control_characters_is_no_page(house: App, path: str, method: str) -> None:
    page = browser(house).request(method, path)
    assert page.status_code == 404
    assert "Sidan finns inte." in page.text
    assert page.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/omgangar/", "/svara/", "/hjalp/"])
def test_no_address_is_made_of_the_host_that_was_asked_for(house: App, path: str) -> None:
    page = browser(house).get(path, headers={"Host": "evil.example"})
    assert page.status_code == 404
    assert "evil.example" not in page.headers.get("location", "")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/svara", "application/x-www-form-urlencoded"),
        ("/svara/word", "multipart/form-data; boundary=b"),
        ("/login", "application/x-www-form-urlencoded"),
    ],
)
def test_a_browser_that_goes_away_while_sending_is_no_error(house: App, path: str, kind: str) -> None:
    received: Iterator[dict[str, object]] = iter(
        [
            {"type": "http.request", "body": b"--b\r\nContent-Disposition: form-data; name=", "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    sent: list[object] = []

    async def receive() -> dict[str, object]:
        return next(received)

    async def send(message: object) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"testserver"), (b"content-type", kind.encode()), (b"content-length", b"5000")],
    }
    asyncio.run(create_site(house)(scope, receive, send))  # what it raised would be a traceback in the log
    assert sent


def test_on_https_cookies_can_only_be_set_by_this_host(tmp_path: Path, sqlite_url: str) -> None:
    house = make_house(tmp_path, sqlite_url, base_url="https://tertial.example")
    site = create_site(house)
    person = TestClient(site, base_url="https://tertial.example", follow_redirects=False)
    email, password = COORDINATOR
    set_by = [
        person.post(link_of(house, NORRBY)),
        person.post("/login", data={"email": email, "password": password}),
        person.get("/sprak/sv"),
    ]
    names = ["tertial-svar", "tertial-kontor", "tertial-sprak"]
    for answer, name in zip(set_by, names, strict=True):
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"__Host-{name}=")
        assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
    assert person.get("/omgangar").status_code == 200
    page = person.get("/svara")
    assert page.status_code == 200
    left = person.post("/svara/avsluta", data={"csrf": csrf_of(page.text)}).headers["set-cookie"]
    assert left.startswith('__Host-tertial-svar=""; ')
    assert {"Max-Age=0", "Secure"} <= set(left.split("; "))
    assert person.get("/svara").status_code == 403
