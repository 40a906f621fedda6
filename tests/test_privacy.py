"""A draft belongs to the unit: a word is seeded into one, and looked for through every door there is."""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from io import BytesIO
from itertools import product
from pathlib import Path
from zipfile import ZipFile

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from tests.fakes.files import files_of
from tests.fakes.mail import FakePostman
from tests.web.houses import COORDINATOR, NORRBY, ROUND, VATTEN, browser, csrf_of, fill_in, hand_in, house, open_form
from tests.web.mailed import arrive, mail_form
from workflow.bootstrap import App
from workflow.domain.attachments import Limits
from workflow.domain.forms import Answer
from workflow.domain.submissions import Move
from workflow.services import attachments, bundles, inbox, outbox, submissions
from workflow.services.submissions import sheet

__all__ = ["house"]

CANARY = "Kanariefågelordet"
DRAFT = (Answer(question="etableringar", text=f"Vi funderar på {CANARY} ännu."),)
NAMES = ["norrby.T+3", "vatten.T+3"]  # reminders to come
VALUES = {
    "deed": ["pausa", "hoppa", "slapp", "tillagg"],
    "round_id": [ROUND],
    "unit": ["norrby", "vatten", "hamn", "odeby"],
    "token": ["fel.fel"],
    "language": ["sv", "en"],
    "name": ["utkast.docx", "utkast.json", "utkast.zip", f"{ROUND}-utkast.json"],
    "number": ["1", "2"],
    "place": ["0", "1"],
    "kind": [".docx", ".json", ".zip"],
}


@pytest.fixture
def seeded(house: App) -> App:
    """Norrby has a draft with the word; Vattenbolaget's was handed in, came back, and has it in the reworked text."""
    fill_in(house, NORRBY, DRAFT)
    attach(house, NORRBY)
    hand_in(house, VATTEN)
    with house.db.read() as work:
        version = work.submissions.get(VATTEN).version
    submissions.give_back(
        house.db,
        VATTEN,
        version=version,
        reason="Mer, tack",
        comments={},
        due_at=house.calendar.end_of_day(house.calendar.local(house.now()).date().replace(day=31)),
        by="k",
        secrets=house.secrets,
        now=house.now(),
        move=Move.RETURN,
    )
    fill_in(house, VATTEN, DRAFT)
    mail_form(house, {"mark": f"Också {CANARY} i filen."})
    arrive(house, "Vi hör av oss.")
    attach(house, VATTEN)
    outbox.deliver(replace(house.mailroom, postman=FakePostman()))
    assert CANARY in repr(sheet(house.db, NORRBY))
    assert CANARY in repr(sheet(house.db, VATTEN))
    return house


def attach(house: App, submission: str) -> None:
    """A file beside the draft, with the word in its name and in it."""
    attachments.add_file(
        house.db,
        submission,
        f"{CANARY}.txt",
        CANARY.encode(),
        limits=Limits(),
        documents=house.documents,
        secrets=house.secrets,
        by="r",
        now=house.now(),
    )


def files_of_drafts(house: App) -> list[str]:
    return [each.id for unit in (NORRBY, VATTEN) for each in sheet(house.db, unit).attachments]


def office(house: App) -> TestClient:
    client = browser(house)
    email, password = COORDINATOR
    assert client.post("/login", data={"email": email, "password": password}).status_code == 303
    return client


def addresses(client: TestClient, message: str) -> list[str]:
    """Every GET address of the site, with every value its parameters can sensibly take."""
    arrivals = arrived(client.app.state.house)  # type: ignore[attr-defined]
    found = []
    files = files_of_drafts(client.app.state.house) or ["ingen"]  # type: ignore[attr-defined]
    for route in routes(client.app.routes):  # type: ignore[attr-defined]
        if "GET" in (route.methods or ()):
            names = list(route.param_convertors)
            known = {
                **VALUES,
                "arrival_id": arrivals,
                "attachment_id": files,
                "message_id": [message],
                "mail_id": [message],
                "mail_name": [message, *NAMES],
            }
            unknown = [name for name in names if name not in known]
            assert not unknown, f"{route.path}: say in VALUES what {unknown} can be"
            filled = (dict(zip(names, values, strict=True)) for values in product(*(known[name] for name in names)))
            found += [route.path_format.format(**values) for values in filled]
    return found


def routes(among: Iterable[object]) -> Iterator[APIRoute]:
    for each in among:
        included = getattr(each, "original_router", None)
        if included is not None:
            yield from routes(included.routes)
        elif isinstance(each, APIRoute):
            yield each


def unpacked(data: bytes) -> bytes:
    """What a reader of the file can see: .docx and .zip taken apart, to any depth."""
    if not data.startswith(b"PK"):
        return data
    with ZipFile(BytesIO(data)) as archive:
        return b"".join(unpacked(archive.read(name)) for name in archive.namelist())


def arrived(house: App) -> list[str]:
    """Mails that came in; one that nobody knows where none did."""
    with house.db.read() as work:
        return [each.id for each in work.incoming.list()] or ["a1"]


def messages(house: App) -> list[str]:
    with house.db.read() as work:
        return [each.id for each in work.outbox.list(round_id=ROUND)]


def test_no_address_shows_a_word_of_a_draft_to_a_coordinator(seeded: App) -> None:
    client = office(seeded)
    asked = [path for message in messages(seeded)[:3] for path in addresses(client, message)]
    assert len(asked) > 20
    for path in dict.fromkeys(asked):
        shown = client.get(path)
        assert CANARY.encode() not in unpacked(shown.content), path
        assert shown.status_code != 500, path


def test_no_address_shows_it_to_another_unit_or_to_nobody(seeded: App) -> None:
    for client in (open_form(seeded, "2027-T1.hamn"), browser(seeded)):
        for path in addresses(client, messages(seeded)[0]):
            assert CANARY.encode() not in unpacked(client.get(path).content), path


def test_it_is_shown_to_the_unit_itself(seeded: App) -> None:
    """So that the tests above can fail."""
    client = open_form(seeded, NORRBY)
    assert CANARY in client.get("/svara").text
    assert any(CANARY in client.get(f"/svara/mejlat/{each}").text for each in arrived(seeded))


def test_no_mail_log_line_bundle_or_event_holds_it(seeded: App) -> None:
    with seeded.db.read() as work:
        held = [
            work.log.all(),
            work.incoming.list(),
            [work.outbox.get(each) for each in messages(seeded)],
            work.editions.latest(ROUND),
        ]
    assert CANARY not in repr(held)
    for data in files_of(bundles.draft_bundle(seeded.db, seeded.documents, ROUND)).values():
        assert CANARY.encode() not in unpacked(data)
    for path in Path(seeded.settings.data_dir).rglob("*"):
        if path.is_file() and "sqlite" not in path.name:
            assert CANARY.encode() not in unpacked(path.read_bytes()), path


COMMANDS = [
    ["round", "list", "--json"],
    ["round", "plan", "2027", "--dry-run", "--json"],
    ["calendar", "2027", "--json"],
    ["round", "show", ROUND, "--json"],
    ["round", "preview", ROUND, "--json"],
    ["round", "preview", ROUND, "--mail", "norrby.T+3", "--json"],
    ["round", "preview", ROUND, "--mail", "vatten.T+3"],
    ["round", "requests", ROUND, "--json"],
    ["round", "move", ROUND, "--to", "2027-06-08", "--dry-run"],
    ["round", "extend", ROUND, "--all-open", "--to", "2027-06-08", "--reason", "x", "--dry-run"],
    ["status", ROUND, "--json"],
    ["status", ROUND, "--csv"],
    ["submission", "show", ROUND, "norrby", "--json"],
    ["submission", "show", ROUND, "vatten"],
    ["submission", "attachments", ROUND, "norrby", "--json"],
    ["submission", "attachments", ROUND, "vatten", "--out", "{out}", "--force"],
    ["submission", "previous", ROUND, "vatten"],
    ["submission", "previous", ROUND, "norrby", "--json"],
    ["units", "handover", ROUND, "norrby", "--to", "Nils Ny", "nils@norrby.example", "--dry-run"],
    ["units", "remove", "norrby", "asa.pahittad@norrby.example", "--dry-run"],
    ["units", "details", "--json"],
    ["units", "corrections", "--json"],
    ["units", "details", "--mail", "asa.pahittad@norrby.example"],
    ["mail", "list", ROUND, "--json"],
    ["inbox", "list", "--json"],
    ["mail", "inbox", "list", "--json"],
    ["mail", "inbox", "show", "{form}", "--json"],
    ["mail", "inbox", "handle", "{form}", "--dry-run"],
    ["mail", "link", "renew", ROUND, "norrby", "--dry-run"],
    ["mail", "link", "revoke", ROUND, "vatten", "--dry-run"],
    ["bundle", ROUND, "--draft", "-o", "{out}"],
    ["form", "word", ROUND, "norrby", "-o", "{out}/form.docx"],
    ["doctor"],
    ["audit", "verify"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_says_it(seeded: App, tmp_path: Path, command: list[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    form = next(each.arrival.id for each in inbox.inbox(seeded.db) if each.arrival.form)
    said = subprocess.run(
        [
            *(sys.executable, "-m", "workflow", "--data", str(seeded.settings.data_dir)),
            *("--now", seeded.now().isoformat()),
            *(word.format(out=out, form=form) for word in command),
        ],
        env={"DATABASE_URL": seeded.settings.database_url, "PATH": ""},
        capture_output=True,
        check=False,
    )
    assert said.returncode in {0, 1}, said.stderr
    assert CANARY.encode() not in said.stdout + said.stderr
    for path in out.rglob("*"):
        assert path.is_dir() or CANARY.encode() not in unpacked(path.read_bytes()), path


def test_the_error_page_of_a_stale_form_shows_it_only_to_the_one_who_typed_it(seeded: App) -> None:
    """What is echoed after an expired session is what this browser sent, nothing stored."""
    client = open_form(seeded, NORRBY)
    page = client.get("/svara").text
    client.cookies.clear()
    echoed = client.post("/svara", data={"csrf": csrf_of(page), "text.mark": "Bara mitt eget"}).text
    assert "Bara mitt eget" in echoed
    assert CANARY not in echoed
