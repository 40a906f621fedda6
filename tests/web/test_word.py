"""Answering in Word: take the form away, fill it in, see how it was read, confirm."""

import re
from io import BytesIO

import pytest
from docx import Document
from docx_plus.core.ns import qn
from httpx2 import Response
from lxml import etree
from starlette.testclient import TestClient

from tests.adapters.documents.files import jpg, png
from tests.adapters.documents.office import edited, filled, paragraph
from tests.adapters.documents.test_pictures import with_pictures
from tests.web.houses import ANSWERS, HAMN, NORRBY, content, csrf_of, fill_in, hand_in, open_form
from tests.web.test_contact import draft, fields, give_back
from workflow.adapters.documents.form_reader import MAX_LINES_UNREAD
from workflow.adapters.documents.refusals import EMPTY, NOT_THE_FORM, NOT_WORD, PDF
from workflow.bootstrap import App
from workflow.web import word_pictures

UPLOAD = "/svara/word/ladda-upp"
CONFIRM = "/svara/word/bekrafta"
MARK = {"mark": "Tolv markanvisningar.\nTre till är på gång."}


def taken(client: TestClient) -> bytes:
    """The form as it is downloaded."""
    answer = client.get("/svara/word/formular")
    assert answer.status_code == 200
    return answer.content


def upload(client: TestClient, data: bytes, name: str = "svar.docx") -> Response:
    csrf = csrf_of(client.get(UPLOAD).text)
    return client.post("/svara/word", data={"csrf": csrf}, files={"file": (name, data)})


def test_the_form_is_taken_away_with_what_is_written_so_far(house: App) -> None:
    fill_in(house, NORRBY, ANSWERS[:1])
    answer = open_form(house, NORRBY).get("/svara/word/formular")
    assert answer.headers["content-disposition"] == 'attachment; filename="2027-T1-norrby.docx"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    with house.db.read() as work:
        questions = work.rounds.get("2027-T1").form.asked("stadsdelsnamnd", "norrby")
    read = house.documents.read_word(answer.content, name="svar.docx", questions=questions)
    assert [each.text for each in read.answers] == [ANSWERS[0].text]


def test_a_filled_in_file_is_shown_before_anything_is_stored(house: App) -> None:
    client = open_form(house, NORRBY)
    data = filled(taken(client), MARK)
    csrf_of(client.get(UPLOAD).text)
    before = content(house)
    page = upload(client, data)
    assert page.status_code == 200
    assert "Så här läste vi filen" in page.text
    assert "Tolv markanvisningar.\nTre till är på gång.</textarea>" in page.text
    assert "1 svar är nytt eller ändrat." in page.text
    assert content(house) == before
    done = client.post(CONFIRM, data=fields(page.text))
    assert (done.status_code, done.headers["location"]) == (303, "/svara")
    assert draft(house)["mark"].text == "Tolv markanvisningar.\nTre till är på gång."


def test_what_was_read_can_be_corrected_before_it_is_kept(house: App) -> None:
    client = open_form(house, NORRBY)
    page = upload(client, filled(taken(client), MARK))
    client.post(CONFIRM, data=fields(page.text) | {"text.mark": "Elva."})
    assert draft(house)["mark"].text == "Elva."


def test_both_texts_are_shown_where_one_would_replace_the_other(house: App) -> None:
    client = open_form(house, NORRBY)
    data = filled(taken(client), {"tillstand": "Sex veckor.", **MARK})
    fill_in(house, NORRBY, ANSWERS[2:])
    page = upload(client, data)
    assert "Ersätter det som är sparat" in page.text
    assert "<p>Åtta veckor i snitt.</p>" in page.text
    assert "Sex veckor.</textarea>" in page.text
    client.post(CONFIRM, data=fields(page.text) | {"choice.tillstand": "theirs"})
    assert draft(house)["tillstand"].text == "Åtta veckor i snitt."
    assert draft(house)["mark"].text == MARK["mark"]


def test_an_untouched_file_has_nothing_new(house: App) -> None:
    fill_in(house, NORRBY)
    client = open_form(house, NORRBY)
    page = upload(client, taken(client)).text
    assert "Filen har inga nya svar." in page
    assert "Spara" not in re.sub(r"<[^>]*>", "", page.partition("<main")[2].partition("</main")[0]).replace(
        "Sparat", ""
    )


def test_not_applicable_comes_back_with_its_reason(house: App) -> None:
    fill_in(house, NORRBY, ANSWERS[1:2])
    asa, cleo = open_form(house, NORRBY), open_form(house, HAMN)
    data = taken(asa)
    page = upload(cleo, data)
    assert page.status_code == 200
    assert "Vi anvisar ingen mark.</textarea>" in page.text
    assert 'name="na.mark" value="1" checked' in page.text


def test_another_units_file_is_asked_about_and_never_silently_taken(house: App) -> None:
    asa, cleo = open_form(house, NORRBY), open_form(house, HAMN)
    cleo.cookies.set("tertial-sprak", "sv")
    page = upload(cleo, filled(taken(asa), MARK))
    assert "I filen står det norrby i omgång 2027-T1. Det här formuläret är hamn i omgång 2027-T1." in page.text
    form = fields(page.text)
    refused = cleo.post(CONFIRM, data=form)
    assert refused.status_code == 422
    assert "Kryssa i rutan om det är rätt fil" in refused.text
    assert "Tolv markanvisningar." in refused.text
    assert draft(house, HAMN) == {}
    assert cleo.post(CONFIRM, data=fields(refused.text) | {"foreign": "1"}).status_code == 303
    assert draft(house, HAMN)["mark"].text == MARK["mark"]


def test_text_outside_the_fields_is_shown_word_for_word(house: App) -> None:
    client = open_form(house, NORRBY)
    stray = "Se även vår <bilaga> om hamnen."
    data = edited(filled(taken(client), MARK), lambda root: root[0].insert(0, paragraph(stray)))
    page = upload(client, data)
    assert "Det här kunde vi inte läsa in" in page.text
    assert "Se även vår &lt;bilaga&gt; om hamnen." in page.text
    assert "Före den första frågan:" in page.text


def test_more_lines_outside_the_fields_than_a_form_has_fields_lose_nothing(house: App) -> None:
    asa, cleo = open_form(house, NORRBY), open_form(house, HAMN)
    cleo.cookies.set("tertial-sprak", "sv")

    def scribble(root: etree._Element) -> None:
        for number in range(1_100):
            root[0].insert(0, paragraph(f"rad {number} & <så>"))

    page = upload(cleo, edited(filled(taken(asa), MARK), scribble))
    assert page.text.count("&lt;så&gt;</span></li>") == MAX_LINES_UNREAD
    assert "och 900 rader till." in page.text
    again = cleo.post(CONFIRM, data=fields(page.text) | {"text.mark": "Rättat svar."})
    assert again.status_code == 422  # another unit's form: asked about once more, with everything still there
    assert "Rättat svar." in again.text
    assert again.text.count("&lt;så&gt;</span></li>") == MAX_LINES_UNREAD
    assert "och 900 rader till." in again.text
    done = cleo.post(CONFIRM, data=fields(again.text) | {"foreign": "1"})
    assert done.status_code == 303
    assert draft(house, HAMN)["mark"].text == "Rättat svar."


@pytest.mark.parametrize("carried", ["[", "{}", '"x"', "[1, null]", '[["x"], ["x", 1], [null, []]]', "[" * 100_000])
def test_what_the_page_carries_along_may_be_anything(house: App, carried: str) -> None:
    client = open_form(house, NORRBY)
    form = fields(upload(client, filled(taken(client), MARK)).text) | {
        "unread": carried,
        "notes": carried,
        "absent": carried,
        "unknown": carried,
        "more": "-1",
    }
    assert client.post(CONFIRM, data=form).status_code == 303


def test_locked_questions_are_not_read_in(house: App) -> None:
    client = open_form(house, NORRBY)
    data = filled(taken(client), {"tillstand": "Sju veckor.", **MARK})
    hand_in(house, NORRBY)
    give_back(house, {"tillstand": "Stämmer det?"})
    page = upload(client, data)
    assert "Låst: läses inte in" in page.text
    assert 'name="text.mark"' not in page.text
    assert client.post(CONFIRM, data=fields(page.text)).status_code == 303
    assert draft(house)["tillstand"].text == "Sju veckor."
    assert draft(house)["mark"].na_reason == "Vi anvisar ingen mark."


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("svar.docx", b"", EMPTY),
        ("svar.pdf", b"%PDF-1.7 ...", PDF),
        ("svar.docx", b"MZ\x90\x00 a program with another name", NOT_WORD),
        ("svar.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), ""),
        ("svår<b>.docx", b"PK\x03\x04 torn", ""),
    ],
)
def test_a_file_that_is_something_else_is_refused_in_words(house: App, name: str, data: bytes, why: str) -> None:
    client = open_form(house, NORRBY)
    client.get(UPLOAD)
    before = content(house)
    page = upload(client, data, name)
    assert page.status_code == 422
    assert "Filen kunde inte läsas" in page.text
    assert why in page.text
    assert "<b>" not in page.text
    assert content(house) == before


def test_another_word_document_is_named_as_such(house: App) -> None:
    client = open_form(house, NORRBY)
    data = edited(taken(client), lambda root: root[0].clear())
    assert NOT_THE_FORM in upload(client, data).text


@pytest.mark.parametrize("path", ["/svara/word", CONFIRM])
def test_to_load_an_errors_page_again_shows_the_page_and_not_the_form_to_take_away(house: App, path: str) -> None:
    page = open_form(house, NORRBY).get(path)
    assert page.status_code == 200
    assert "Ladda upp filen" in page.text
    assert "content-disposition" not in page.headers


def test_what_an_older_form_lacks_is_named_with_its_number(house: App) -> None:
    client = open_form(house, NORRBY)

    def without_mark(root: etree._Element) -> None:
        row = next(row for row in root.iter(qn("w:tr")) if "mark" in row.itertext())
        around = row.getparent()
        assert around is not None
        around.remove(row)

    page = upload(client, edited(filled(taken(client), {"tillstand": "Sex veckor."}), without_mark))
    assert "De här frågorna finns inte i filen" in page.text
    told = page.text.partition("De här frågorna finns inte i filen")[2].partition("</ul>")[0]
    assert told.count("<li>") == 1
    assert "Sex veckor.</textarea>" in page.text


def test_the_form_is_in_the_readers_language(house: App) -> None:
    client = open_form(house, NORRBY)
    client.cookies.set("tertial-sprak", "en")
    document = Document(BytesIO(taken(client)))
    words = "".join(document.element.body.itertext())
    assert document.core_properties.language == "en-GB"
    assert "Click here to write the answer" in words
    assert "Committee or company" in words
    page = upload(client, filled(taken(client), MARK)).text
    assert "Tolv markanvisningar." in page
    assert "could not read" not in page


def test_the_button_without_a_file_says_so(house: App) -> None:
    client = open_form(house, NORRBY)
    csrf = csrf_of(client.get(UPLOAD).text)
    for files in ({"file": ("", b"")}, {"other": ("x", b"x")}):
        page = client.post("/svara/word", data={"csrf": csrf}, files=files)
        assert page.status_code == 422
        assert "Ingen fil är vald." in page.text


def test_an_upload_needs_its_token(house: App) -> None:
    client = open_form(house, NORRBY)
    data = filled(taken(client), MARK)
    assert client.post("/svara/word", data={"csrf": "wrong"}, files={"file": ("svar.docx", data)}).status_code == 422


def with_a_picture(client: TestClient) -> bytes:
    form = filled(taken(client), MARK)
    return with_pictures(form, {"rId71": "mark"}, {"rId71": png()})


def test_a_picture_in_the_file_becomes_an_attachment_if_it_is_wanted(house: App) -> None:
    client = open_form(house, NORRBY)
    before = content(house)
    page = upload(client, with_a_picture(client))
    assert "Bild, fråga 1.2.png" in page.text
    assert "den kommer inte med i texten" in page.text
    assert content(house) == before
    assert client.post(CONFIRM, data=fields(page.text)).headers["location"] == "/svara"
    with house.db.read() as work:
        (kept,) = work.attachments.of(NORRBY)
        assert (kept.file.name, work.attachments.content(kept)) == ("Bild, fråga 1.2.png", png())
    assert draft(house)["mark"].text == MARK["mark"]


def test_a_picture_is_left_out_where_the_box_is_not_ticked(house: App) -> None:
    client = open_form(house, NORRBY)
    sent = fields(upload(client, with_a_picture(client)).text)
    del sent["picture.1"]
    client.post(CONFIRM, data=sent)
    with house.db.read() as work:
        assert work.attachments.of(NORRBY) == ()
    assert draft(house)["mark"].text == MARK["mark"]


def test_a_picture_that_was_changed_on_the_way_is_checked_again_and_loses_no_answer(house: App) -> None:
    client = open_form(house, NORRBY)
    sent = fields(upload(client, with_a_picture(client)).text)
    for packed in ("PHN2Zy8-", "%", ""):
        page = client.post(CONFIRM, data=sent | {"picture.1.data": packed})
        assert page.status_code == 422
        assert "Filen Bild, fråga 1.2.png går inte att bifoga" in page.text
    assert draft(house)["mark"].text == MARK["mark"]


def test_pictures_travel_on_where_the_file_is_another_units(house: App) -> None:
    data = with_a_picture(open_form(house, NORRBY))
    client = open_form(house, HAMN)
    page = upload(client, data)
    again = client.post(CONFIRM, data=fields(page.text))
    assert again.status_code == 422
    client.post(CONFIRM, data=fields(again.text) | {"foreign": "1"})
    with house.db.read() as work:
        assert len(work.attachments.of(HAMN)) == 1


def test_pictures_that_cannot_go_along_are_named_and_said_again_with_the_page(house: App) -> None:
    form = filled(taken(open_form(house, NORRBY)), MARK)
    parts = {"rId71": b"GIF89a" + bytes(40), "rId72": png()}
    data = with_pictures(form, dict.fromkeys(parts, "mark"), parts)
    client = open_form(house, HAMN)
    page = upload(client, data)
    why = "The picture in the answer to question 1.2 cannot become an attachment: it is in the format GIF"
    assert why in page.text
    again = client.post(CONFIRM, data=fields(page.text))
    assert again.status_code == 422
    assert why in again.text


def test_more_pictures_than_a_page_can_carry_are_named(house: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_pictures, "MAX_BYTES", len(png()))
    client = open_form(house, NORRBY)
    parts = {"rId71": png(), "rId72": jpg()}
    page = upload(client, with_pictures(filled(taken(client), MARK), dict.fromkeys(parts, "mark"), parts))
    assert "Bild, fråga 1.2 får inte plats" in page.text
    assert fields(page.text)["pictures"] == "1"


def test_the_same_form_twice_keeps_its_pictures_once(house: App) -> None:
    client = open_form(house, NORRBY)
    parts = {"rId71": png(), "rId72": png(2, 1)}
    data = with_pictures(filled(taken(client), MARK), dict.fromkeys(parts, "mark"), parts)
    for _ in range(2):
        client.post(CONFIRM, data=fields(upload(client, data).text))
    with house.db.read() as work:
        assert [each.file.name for each in work.attachments.of(NORRBY)] == [
            "Bild, fråga 1.2.png",
            "Bild, fråga 1.2 (2).png",
        ]
