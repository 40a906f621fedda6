"""After a run in both link modes, no secret stands in a log, the database, a page, a file, or a mail but its own."""

import logging
import re
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

import pytest
import structlog
from starlette.testclient import TestClient

from tests.fakes.mail import FakePostman
from tests.web.houses import HAMN, NORRBY, ROUND, VATTEN, browser, csrf_of, fill_in, link_of
from tests.web.office import ROUND_PAGE, sign_in
from workflow.adapters.logs import configure_logging
from workflow.bootstrap import App
from workflow.domain.codes import LinkMode, written
from workflow.domain.messages import MessageKind
from workflow.ports import Meanwhile, Work, nothing_else
from workflow.services import outbox
from workflow.web.application import create_site
from workflow.web.site import CONTACT_COOKIE


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """Every record there is, through the filter that production has."""
    root = logging.getLogger()
    handlers, level, hooks = root.handlers[:], root.level, (sys.excepthook, threading.excepthook)
    configure_logging("DEBUG")
    (handler,), log = root.handlers, StringIO()
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(log)
    yield log
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def secrets_of(house: App) -> dict[str, str]:
    """Everything that opens something, by what it is."""
    found = {}
    with house.db.read() as work:
        for link in work.recipients.links_of_round(ROUND):
            found[f"link of {link.recipient}"] = house.secrets.link_secret(link.id)
        for each in work.outbox.list(round_id=ROUND):
            if each.kind is MessageKind.CODE:
                found[f"code {each.slot}"] = written(house.secrets.code(each.slot))
    return found


@dataclass(frozen=True, slots=True)
class Broken:
    """A database that fails, and tells in its error what the reader was after."""

    path: str

    def begin(self, _meanwhile: Meanwhile = nothing_else) -> AbstractContextManager[Work]:
        raise OSError(f"nothing found for {self.path}")

    read = begin


def access_log(client: TestClient, method: str, path: str, **more: object) -> str:
    """A request, and its line as Uvicorn writes it."""
    answer = client.request(method, path, **more)  # type: ignore[arg-type]
    line = ("127.0.0.1:1", method, path, "1.1", answer.status_code)
    logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', *line)
    return answer.text


def crash(house: App, path: str) -> None:
    """A fault of ours on the way, and what Uvicorn makes of it."""
    try:
        TestClient(create_site(replace(house, db=Broken(path)))).get(path)
    except OSError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")


def run(house: App, postman: FakePostman, mode: LinkMode) -> list[str]:
    """People come in, go astray, and crash; the pages they saw."""
    client, stranger, path = browser(house), browser(house), link_of(house, NORRBY)
    crash(house, path)
    pages = [
        access_log(client, "GET", path + "x"),
        access_log(client, "GET", path),
    ]
    if mode is LinkMode.DIRECT:
        pages.append(access_log(client, "POST", path))
    else:
        path = path.partition(".")[0]
        pages += [access_log(client, "GET", path), access_log(client, "POST", path)]
        code = next(secret for name, secret in secrets_of(house).items() if name.startswith("code"))
        pages += [access_log(stranger, "POST", f"{path}/kod", data={"kod": "CDFG-HJKM"})]
        pages += [access_log(client, "POST", f"{path}/kod", data={"kod": code})]
    pages += [access_log(client, "GET", each) for each in ("/svara", "/svara/kontrollera", "/svara/kopia", "/nowhere")]
    outbox.deliver(replace(house.mailroom, postman=postman))
    office = sign_in(house)
    with house.db.read() as work:
        mails = [each.id for each in work.outbox.list(round_id=ROUND)]
    pages += [access_log(office, "GET", f"{ROUND_PAGE}/utskick/{each}") for each in mails]
    page = access_log(office, "GET", f"{ROUND_PAGE}/underlag/norrby/lankar")
    data = {"csrf": csrf_of(page), "recipient": f"{NORRBY}.primary"}
    access_log(office, "POST", f"{ROUND_PAGE}/underlag/norrby/lankar/byt", data=data)
    outbox.deliver(replace(house.mailroom, postman=postman))
    return [*pages, page, access_log(office, "GET", f"{ROUND_PAGE}/underlag/norrby")]


def dump(house: App) -> str:
    path = Path(house.settings.data_dir) / "tertial.sqlite"
    with sqlite3.connect(path) as connection:
        return "\n".join(connection.iterdump())


@pytest.mark.parametrize("mode", LinkMode)
def test_no_secret_stands_anywhere_but_in_its_own_mail(house: App, mode: LinkMode, logged: StringIO) -> None:
    fill_in(house, VATTEN)
    with house.db.begin() as work:
        work.rounds.save(replace(work.rounds.get(ROUND), links=mode))
    postman = FakePostman()
    pages = run(house, postman, mode)
    secrets, log = secrets_of(house), logged.getvalue()
    with house.db.read() as work:
        asked = [each for each in work.outbox.list(round_id=ROUND) if each.kind is MessageKind.CODE]
    held = {"log": log, "database": dump(house), "pages": "\n".join(pages)}
    for file in Path(house.settings.data_dir).rglob("*"):
        if file.is_file() and "sqlite" not in file.name:
            held[str(file)] = file.read_bytes().decode("utf-8", "replace")
    for mail in postman.taken:
        head, _, body = mail.data.decode().partition("\r\n\r\n")
        held[f"head of {mail.recipients}"] = head
        opens = [name for name, secret in secrets.items() if secret in body.replace("=\r\n", "")]
        assert len(opens) <= 1, opens
    assert "uvicorn.access" in log or "HTTP/1.1" in log
    assert "/l/[removed]" in log
    assert "OSError: nothing found for /l/[removed]" in log
    assert bool(asked) is (mode is LinkMode.VERIFIED)
    found = [(name, where) for name, secret in secrets.items() for where, text in held.items() if secret in text]
    # What a person typed is shown to that person; the right code is never shown again.
    assert found == []
    opened = [mail for mail in postman.taken if any(secret in _plain(mail.data) for secret in secrets.values())]
    assert opened


def _plain(data: bytes) -> str:
    return re.sub(r"=\r\n", "", data.decode())


def test_a_session_is_known_by_its_hash_alone(house: App) -> None:
    client = browser(house)
    client.post(link_of(house, HAMN))
    cookie = client.cookies[CONTACT_COOKIE]
    assert cookie not in dump(house)
    assert house.secrets.digest(cookie) in dump(house)


@pytest.mark.parametrize("mode", LinkMode)
def test_no_address_leaves_with_whoever_follows_a_link(house: App, mode: LinkMode) -> None:
    with house.db.begin() as work:
        work.rounds.save(replace(work.rounds.get(ROUND), links=mode))
    client, path = browser(house), link_of(house, NORRBY)
    if mode is LinkMode.VERIFIED:
        path = path.partition(".")[0]
    for answer in (client.get(path), client.post(path), client.get(f"{path}/kod"), client.get("/l/wrong")):
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers.get("cache-control", "no-store") == "no-store"
        assert "secret" not in answer.headers.get("location", "")
        assert house.secrets.link_secret(path.removeprefix("/l/").partition(".")[0]) not in str(answer.headers)
