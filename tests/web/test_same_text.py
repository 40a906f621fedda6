"""One text that is hard to carry, through every way in and out: everywhere the same, letter for letter."""

from collections.abc import Callable
from html import unescape
from io import BytesIO
from json import loads

import pytest
from docx import Document
from starlette.testclient import TestClient

from tests.adapters.documents.office import filled
from tests.fakes.files import files_of
from tests.web.houses import ANSWERS, NORRBY, ROUND, fill_in, open_form
from tests.web.mailed import mail_form
from tests.web.test_contact import draft, fields, send
from tests.web.test_saving import save
from tests.web.test_word import CONFIRM, taken, upload
from workflow.bootstrap import App
from workflow.services import bundles

NASTY = "\n".join(
    (
        "NFD: A\u030angstro\u0308m. NFC: Ångström.",
        "Fast\u00a0blanksteg, två  blanksteg, mjukt\u00adbindestreck,\ttabb",
        "– punkt",
        "• punkt till",
        "",
        "🚲 👩🏽\u200d🔧 ﷽",
        "שלום עולם, مرحبا 123",
        "a < b & c > d ]]> {{ 7*7 }} <script>alert(1)</script>",
        "Nämnden har fortsatt samverkan. " * 600 + "Slut.",
    )
)


def by_itself(house: App, client: TestClient) -> None:
    assert save(client, "mark", text=NASTY).status_code == 200


def by_button(house: App, client: TestClient) -> None:
    send(client, text__mark=NASTY.replace("\n", "\r\n"))


def by_word(house: App, client: TestClient) -> None:
    client.post(CONFIRM, data=fields(upload(client, filled(taken(client), {"mark": NASTY})).text))


def by_mail(house: App, client: TestClient) -> None:
    came = mail_form(house, {"mark": NASTY})
    client.post(CONFIRM, data=fields(client.get(f"/svara/mejlat/{came.id}").text))


@pytest.mark.parametrize("way", [by_itself, by_button, by_word, by_mail], ids=lambda way: way.__name__)
def test_the_same_text_comes_in_by_every_way(house: App, way: Callable[[App, TestClient], None]) -> None:
    way(house, open_form(house, NORRBY))
    assert draft(house)["mark"].text == NASTY


def test_it_leaves_by_every_way(house: App) -> None:
    client = open_form(house, NORRBY)
    fill_in(house, NORRBY, tuple(each for each in ANSWERS if each.question != "mark"))
    assert save(client, "mark", text=NASTY).status_code == 200
    assert NASTY in unescape(client.get("/svara").text)
    assert NASTY in draft(house)["mark"].text
    page = client.get("/svara/kontrollera").text
    assert client.post("/svara/lamna-in", data=fields(page)).status_code == 303
    files = files_of(bundles.draft_bundle(house.db, house.documents, ROUND))
    told = loads(files[f"{ROUND}-utkast.json"])
    assert NASTY in _texts(told)
    printed = Document(BytesIO(files[f"{ROUND}-utkast.docx"])).element
    words = "".join("\t" if each.tag.endswith("}tab") else each.text or "" for each in printed.iter("{*}t", "{*}tab"))
    for line in NASTY.split("\n"):
        assert line.strip("–• ") in words


def _texts(told: object) -> list[str]:
    """Every text in a document, however deep."""
    if isinstance(told, str):
        return [told]
    inside = told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    return [text for each in inside for text in _texts(each)]
