"""The form as OpenDocument text: what LibreOffice makes of it is read, what is not safe is refused."""

import struct
from collections.abc import Callable

import pytest

from tests.adapters.documents.office import changed, entries, zipped
from tests.adapters.documents.samples import QUESTIONS, answers
from workflow.adapters.documents import refusals
from workflow.adapters.documents.documents import OfficeDocuments
from workflow.adapters.documents.form_leftovers import CHANGES, LOST_BREAK, PICTURE_NAMED, TABLE
from workflow.domain.errors import FileRefusedError
from workflow.domain.forms import Answer, merge
from workflow.domain.phrases import say
from workflow.ports import ReadForm

SPACES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for short, name in {
        "office": "office",
        "text": "text",
        "table": "table",
        "style": "style",
        "draw": "drawing",
        "meta": "meta",
        "script": "script",
        "svg": "svg-compatible",
        "manifest": "manifest",
    }.items()
) + (
    ' xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' xmlns:loext="urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0"'
)
INPUT = '<text:text-input text:description="">{}&#x0d;</text:text-input>'
INVITED = INPUT.format("Klicka här för att skriva svaret")
LISTS = (
    '<text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1"'
    ' style:num-suffix="."/><text:list-level-style-bullet text:level="2" text:bullet-char="-"/></text:list-style>'
)


def row(number: str, key: str, answer: str, reason: str = "", *, asked: str = "") -> str:
    cell = "<table:table-cell>{}</table:table-cell>".format
    question = QUESTIONS.question(key)
    words = asked or (question.text if question else "")
    begin = cell(f"<text:p>{number}</text:p><text:p>{key}</text:p>") + cell(f"<text:p>{words}</text:p>")
    given = cell(f"{answer}<text:p>Ej aktuellt? Skriv varför: {reason}</text:p>")
    return f"<table:table-row>{begin}{given}</table:table-row>"


def odt(rows: str, *, before: str = "", scripts: str = "") -> bytes:
    content = (
        f"<office:document-content {SPACES}>{scripts}<office:automatic-styles>{LISTS}</office:automatic-styles>"
        f"<office:body><office:text>{before}<table:table>{rows}</table:table></office:text></office:body>"
        "</office:document-content>"
    )
    meta = (
        f"<office:document-meta {SPACES}><office:meta>"
        '<meta:user-defined meta:name="Tertial omgång">2027-T1</meta:user-defined>'
        '<meta:user-defined meta:name="Tertial enhet">hagersten</meta:user-defined>'
        "</office:meta></office:document-meta>"
    )
    return zipped(
        {
            "mimetype": b"application/vnd.oasis.opendocument.text",
            "content.xml": content.encode(),
            "styles.xml": f"<office:document-styles {SPACES}/>".encode(),
            "meta.xml": meta.encode(),
            "META-INF/manifest.xml": f"<manifest:manifest {SPACES}/>".encode(),
        }
    )


def paragraph(words: str) -> str:
    return f"<text:p>{words}</text:p>"


def read(data: bytes, name: str = "svar.odt") -> ReadForm:
    return OfficeDocuments().read_word(data, name=name, questions=QUESTIONS)


def text_of(answer: str, reason: str = "") -> str:
    found = read(odt(row("3.1", "kultur", answer, reason)))
    assert found.unread == ()
    return merge(found.answers)["kultur"].text


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (paragraph(INPUT.format("Ett.")) + paragraph("Två.") + paragraph("") + paragraph("Tre."), "Ett.\nTvå.\n\nTre."),
        (paragraph("a<text:s text:c='3'/>b<text:tab/>c<text:line-break/>d"), "a   b\tc\nd"),
        (paragraph("  två\n  ord <text:span> till</text:span>"), "två ord till"),
        (paragraph(INPUT.format("två  blank\u00a0\u00ade\u0301 🚲 שלום")), "två  blank\u00a0\u00ade\u0301 🚲 שלום"),
        (paragraph(f"Före{INVITED}"), "Före"),
        (paragraph(f"<text:bookmark-start text:name='svar_kultur'/>{INVITED}") + paragraph("Efter."), "Efter."),
        (paragraph("<text:page-number>1</text:page-number>a<text:date>3 maj</text:date>"), "a3 maj"),
    ],
    ids=["paragraphs", "signs", "white space", "as it stands", "beside", "below", "fields"],
)
def test_an_answer_is_read_as_it_stands(answer: str, text: str) -> None:
    assert text_of(answer).strip("\n") == text


def test_lists_keep_their_signs() -> None:
    item = "<text:list-item>{}</text:list-item>".format
    inner = f"<text:list>{item(paragraph('under'))}</text:list>"
    items = item(paragraph("ett") + paragraph("mer av ett") + inner) + item(paragraph("två"))
    assert text_of(f'<text:list text:style-name="L1">{items}</text:list>') == "1. ett\nmer av ett\n  • under\n2. två"


def test_a_table_becomes_rows_and_tabs() -> None:
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>".format
    rows = "".join(f"<table:table-row>{cell(a)}{cell(b)}</table:table-row>" for a, b in (("År", "Antal"), ("2027", "")))
    found = read(
        odt(row("3.1", "kultur", paragraph("Se:") + f"<table:table>{rows}</table:table>" + paragraph("Slut.")))
    )
    assert found.answers[0].text == "Se:\nÅr\tAntal\n2027\t\nSlut."
    assert found.notes == (say(TABLE, number="3.1"),)


def test_tracked_changes_are_read_as_they_will_be_and_told_of() -> None:
    before = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>gammalt</text:p></text:deletion>"
        "</text:changed-region></text:tracked-changes>"
    )
    answer = paragraph("<text:change text:change-id='c'/><text:change-start text:change-id='d'/>nytt<text:change-end/>")
    found = read(odt(row("3.1", "kultur", answer), before=before))
    assert (found.answers[0].text, found.unread) == ("nytt", ())
    assert found.notes == (say(CHANGES, number="3.1"),)


def test_notes_comments_and_pictures_are_named() -> None:
    note = "<text:note text:note-class='footnote'><text:note-body><text:p>Källa.</text:p></text:note-body></text:note>"
    comment = "<office:annotation><text:p>Stämmer det?</text:p></office:annotation>"
    picture = "<draw:frame><draw:image xlink:href='Pictures/1.png'/><svg:desc>Karta</svg:desc></draw:frame>"
    found = read(odt(row("3.1", "kultur", paragraph(f"Ett{note} svar{comment}.{picture}"))))
    assert found.answers[0].text == "Ett svar."
    assert {(str(each.where), each.text) for each in found.unread} == {
        ("i en fotnot", "Källa."),
        ("i en kommentar", "Stämmer det?"),
    }
    assert found.notes == (say(PICTURE_NAMED, number="3.1", about="Karta"),)


def test_newer_programs_name_their_fields() -> None:
    field = '<loext:content-control loext:tag="{}" loext:showing-place-holder="{}">{}</loext:content-control>'.format
    words = paragraph(field("kultur", "false", "Ett svar.")) + paragraph(field("vaxla_upp", "true", "Skriv här"))
    content = odt("", before=words)
    found = read(content)
    assert merge(found.answers) == answers(kultur="Ett svar.")


def test_without_rows_the_bookmarks_are_read() -> None:
    marked = paragraph(
        "<text:bookmark-start text:name='svar_kultur'/>Ett svar.<text:bookmark-end text:name='svar_kultur'/>"
    )
    assert merge(read(odt("", before=marked)).answers) == answers(kultur="Ett svar.")


def test_a_lost_line_break_is_told_of() -> None:
    found = read(
        odt(row("3.1", "kultur", paragraph(INVITED), "<text:line-break/>" + INPUT.format("Inte vi.De andra.")))
    )
    assert found.answers == (Answer(question="kultur", not_applicable=True, na_reason="Inte vi.De andra."),)
    assert found.notes == (say(LOST_BREAK, number="3.1"),)


def test_words_outside_the_answers_are_named_with_their_place() -> None:
    changed_question = row("3.1", "kultur", paragraph("Ett svar."), asked="Vi ändrade frågan.")
    found = read(odt(changed_question, before=paragraph("Hej!")))
    assert [(str(each.where), each.text) for each in found.unread] == [
        ("före den första frågan", "Hej!"),
        ("bredvid svaret på fråga 3.1", "Vi ändrade frågan."),
    ]


# --- what is refused ----------------------------------------------------------------------------------------------

SAFE = odt(row("3.1", "kultur", paragraph("Ett svar.")))


def content(old: bytes, new: bytes) -> Callable[[], bytes]:
    return lambda: changed(SAFE, "content.xml", lambda xml: xml.replace(old, new))


def within(words: str) -> Callable[[], bytes]:
    return content(b"<office:text>", f"<office:text><text:p>{words}</text:p>".encode())


def locked_entry() -> bytes:
    data = bytearray(SAFE)
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        struct.pack_into("<H", data, data.index(signature) + offset, 1)
    return bytes(data)


ODT_CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    "truncated": (lambda: SAFE[: len(SAFE) // 2], refusals.DAMAGED),
    "without its list": (
        lambda: zipped({name: data for name, data in entries(SAFE).items() if "manifest" not in name}),
        refusals.DAMAGED,
    ),
    "a spreadsheet": (
        lambda: changed(SAFE, "mimetype", lambda _: b"application/vnd.oasis.opendocument.spreadsheet"),
        refusals.OTHER_FORMAT,
    ),
    "a template": (
        lambda: changed(SAFE, "mimetype", lambda _: b"application/vnd.oasis.opendocument.text-template"),
        refusals.OTHER_FORMAT,
    ),
    "encrypted": (
        lambda: changed(
            SAFE,
            "META-INF/manifest.xml",
            lambda _: f"<manifest:manifest {SPACES}><manifest:encryption-data/></manifest:manifest>".encode(),
        ),
        refusals.LOCKED,
    ),
    "locked zip": (locked_entry, refusals.LOCKED),
    "bomb": (lambda: zipped(entries(SAFE) | {"Pictures/1.png": bytes(40 * 2**20)}), refusals.TOO_BIG),
    "many entries": (
        lambda: zipped(entries(SAFE) | {f"Pictures/{number}": b"" for number in range(10_000)}),
        refusals.TOO_BIG,
    ),
    "doctype": (
        lambda: changed(SAFE, "content.xml", lambda xml: b'<!DOCTYPE d [<!ENTITY a "aaaa">]>' + xml),
        refusals.UNSAFE,
    ),
    "doctype in the list": (
        lambda: changed(SAFE, "META-INF/manifest.xml", lambda xml: b"<!DOCTYPE d>" + xml),
        refusals.UNSAFE,
    ),
    "another alphabet": (
        lambda: changed(SAFE, "content.xml", lambda xml: b'<?xml version="1.0" encoding="UTF-7"?>' + xml),
        refusals.UNSAFE,
    ),
    "climbing name": (lambda: zipped(entries(SAFE) | {"../x.xml": b"<a/>"}), refusals.UNSAFE),
    "basic": (lambda: zipped(entries(SAFE) | {"Basic/Standard/Module1.xml": b"<a/>"}), refusals.MACROS),
    "python": (lambda: zipped(entries(SAFE) | {"Scripts/python/a.py": b"x"}), refusals.MACROS),
    "script in the text": (
        lambda: odt(row("3.1", "kultur", ""), scripts="<office:scripts><office:script/></office:scripts>"),
        refusals.MACROS,
    ),
    "listener": (within("<script:event-listener xlink:href='vnd.sun.star.script:a'/>"), refusals.MACROS),
    "embedded object": (lambda: zipped(entries(SAFE) | {"Object 1/content.xml": b"<a/>"}), refusals.EMBEDDED),
    "object element": (within("<draw:object-ole xlink:href='./Obj'/>"), refusals.EMBEDDED),
    "external image": (within("<draw:image xlink:href='https://x.example/a.png'/>"), refusals.EXTERNAL),
    "image from a disk": (within("<draw:image xlink:href='file:///etc/passwd'/>"), refusals.EXTERNAL),
    "image from above": (within("<draw:image xlink:href='../../a.png'/>"), refusals.EXTERNAL),
    "linked section": (within("<text:section-source xlink:href='a.odt'/>"), refusals.EXTERNAL),
    "dde": (within("<office:dde-source/>"), refusals.EXTERNAL),
}


@pytest.mark.parametrize(("make", "why"), ODT_CASES.values(), ids=ODT_CASES)
def test_refused_with_a_reason(make: Callable[[], bytes], why: str) -> None:
    with pytest.raises(FileRefusedError) as refused:
        read(make())
    assert refused.value.values == {"file": "svar.odt", "why": why}


@pytest.mark.parametrize("name", ["svar.docx", "svar.zip", "svar"])
def test_the_name_must_fit_the_content(name: str) -> None:
    with pytest.raises(FileRefusedError):
        read(SAFE, name)


def test_a_link_and_a_picture_of_its_own_are_no_danger() -> None:
    data = within("<text:a xlink:href='https://x.example/'>x</text:a><draw:image xlink:href='Pictures/1.png'/>")()
    assert merge(read(data).answers) == answers(kultur="Ett svar.")
