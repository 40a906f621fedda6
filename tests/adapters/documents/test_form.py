"""The Word form out and home again."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from docx import Document
from docx_plus.core.ns import qn
from docx_plus.core.oxml import remove
from lxml import etree
from openxml_audit.validator import OpenXmlValidator

from tests.adapters.documents.office import change_end, changed, control, edited, filled, paragraph, tag_of
from tests.adapters.documents.samples import AT, FORM, QUESTIONS, answers, sheet
from workflow.adapters.documents.documents import OfficeDocuments
from workflow.adapters.documents.fields import bookmark, reason_field
from workflow.adapters.documents.form_leftovers import CHANGES
from workflow.adapters.documents.form_reader import MAX_LETTERS_UNREAD, MAX_LINES_UNREAD
from workflow.adapters.documents.form_words import WORDS
from workflow.adapters.documents.safe_xml import Refusal
from workflow.adapters.documents.word_text import read_text
from workflow.domain.errors import FileRefusedError
from workflow.domain.forms import Answer, merge
from workflow.domain.people import UnitKind
from workflow.domain.phrases import say
from workflow.ports import ReadForm

OFFICE = OfficeDocuments()
W = f'xmlns:w="{qn("w:p")[1:].partition("}")[0]}"'
LONG = ("Nämnden har fortsatt samverkan. " * 625).strip()
PICTURE = (
    f'<w:drawing {W} xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><wp:inline>'
    '<wp:docPr id="1" name="Bild 1" descr="Karta över hamnen"/><a:graphic>'
    '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"/></a:graphic></wp:inline></w:drawing>'
)
TEXTS = {
    "one": "Ett stycke.",
    "paragraphs": "Första stycket.\nAndra stycket.\n\nTredje, efter en tom rad.",
    "long": LONG,
    "markup": "a < b & c > d ]]> <w:p/> &amp; {{ 7*7 }}",
    "emoji": "🚲 👩🏽‍🔧 e\u0301 ﷽",
    "rtl": "שלום עולם\nمرحبا 123",
    "spaces": "två  blanksteg,\u00a0fast blanksteg,\ttabb, mjukt\u00adbindestreck, hårt\u2011bindestreck",
    "list": "1. Stimulera tillväxt\n– punkt",
}


def read(data: bytes, name: str = "svar.docx") -> ReadForm:
    return OFFICE.read_word(data, name=name, questions=QUESTIONS)


def named(found: ReadForm) -> list[tuple[str, str]]:
    return [(str(each.where), each.text) for each in found.unread]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_is_written_in_word_is_read_back(text: str) -> None:
    written = dict.fromkeys(QUESTIONS.keys, text)
    found = read(filled(OFFICE.word_form(sheet()), written))
    assert merge(found.answers) == answers(**written)
    assert (found.unread, found.unknown) == ((), ())


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_was_prefilled_is_read_back(text: str) -> None:
    given = answers(**dict.fromkeys(QUESTIONS.keys, text))
    given["kultur"] = Answer(question="kultur", text=text, not_applicable=True, na_reason="Inte vi.\nDe andra.")
    assert merge(read(OFFICE.word_form(sheet(given))).answers) == given


def test_the_long_answer_is_twenty_thousand_characters() -> None:
    assert len(LONG) == 19_999


def test_an_untouched_form_has_no_answers() -> None:
    found = read(OFFICE.word_form(sheet()))
    assert found == ReadForm(
        round="2027-T1",
        unit="hagersten",
        form_id="naringsliv",
        form_version="2022-1",
        answers=(),
    )


def test_the_reason_makes_a_question_not_applicable() -> None:
    found = read(filled(OFFICE.word_form(sheet()), {reason_field("kultur"): "Finns inte hos oss."}))
    assert found.answers == (Answer(question="kultur", not_applicable=True, na_reason="Finns inte hos oss."),)


def test_words_own_invitation_is_no_answer() -> None:
    form = filled(OFFICE.word_form(sheet()), {"kultur": "Klicka eller tryck här för att ange text."})
    assert read(form).answers == ()


def test_the_form_says_what_it_should() -> None:
    document = Document(_file(OFFICE.word_form(sheet())))
    words = "".join(document.element.body.itertext())
    for text in (*FORM.purpose, FORM.heading, "Karin Exempel", "onsdag 19 maj 2027 kl. 16.00", "08-508 00 000"):
        assert text in words
    for question in QUESTIONS.questions:
        assert question.text in words
    assert "Vad gör bolaget?" not in words
    assert "1.2" in words  # the number it has in the report, though its neighbour is not asked here
    assert document.core_properties.language == "sv-SE"
    assert "Hägersten" in document.core_properties.title
    assert [lang.get(qn("w:val")) for lang in document.styles.element.iter(qn("w:lang"))] == ["sv-SE"]


def _file(data: bytes) -> BytesIO:
    return BytesIO(data)


def test_the_same_sheet_gives_the_same_bytes() -> None:
    assert OFFICE.word_form(sheet(answers(kultur="a\nb"))) == OFFICE.word_form(sheet(answers(kultur="a\nb")))
    assert OFFICE.word_form(sheet()) != OFFICE.word_form(sheet(answers(kultur="a")))


def test_every_field_has_its_name_and_bookmark() -> None:
    root = Document(_file(OFFICE.word_form(sheet()))).element
    names = {name for key in QUESTIONS.keys for name in (key, reason_field(key))}
    assert {tag_of(sdt) for sdt in root.iter(qn("w:sdt"))} == {*names, ""}  # "" is the group that locks the rest
    marks = [mark.get(qn("w:name")) for mark in root.iter(qn("w:bookmarkStart"))]
    assert sorted(marks) == sorted(bookmark(name) for name in names)
    assert all(len(mark) <= 40 for mark in marks)


def test_everything_but_the_fields_is_locked() -> None:
    body = Document(_file(OFFICE.word_form(sheet()))).element.body
    group, section = body
    assert section.tag == qn("w:sectPr")
    assert group.find(f"{qn('w:sdtPr')}/{qn('w:group')}") is not None


def test_tables_have_headings_that_are_read_aloud() -> None:
    root = Document(_file(OFFICE.word_form(sheet()))).element
    tables = list(root.iter(qn("w:tbl")))
    assert len(tables) == len(QUESTIONS.areas)
    for table in tables:
        assert table.find(f"{qn('w:tr')}/{qn('w:trPr')}/{qn('w:tblHeader')}") is not None
        assert table.find(f"{qn('w:tblPr')}/{qn('w:tblCaption')}") is not None


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("given", [{}, answers(kultur="a\nb & c")], ids=["empty", "prefilled"])
def test_the_form_follows_the_standard(tmp_path: Path, given: dict[str, Answer], language: str) -> None:
    path = tmp_path / "form.docx"
    path.write_bytes(OFFICE.word_form(replace(sheet(given), language=language)))
    result = OpenXmlValidator().validate(path)
    assert result.errors == []


# --- what else people do to it ---------------------------------------------------------------------------------------


def test_text_outside_the_fields_is_named() -> None:
    def edit(root: etree._Element) -> None:
        control(root, "kultur").addnext(paragraph("Bredvid fältet.\nPå två rader."))
        root[0][0].addprevious(paragraph("Allra överst."))

    found = read(edited(OFFICE.word_form(sheet(answers(kultur="I fältet."))), edit))
    assert merge(found.answers) == answers(kultur="I fältet.")
    assert named(found) == [
        ("före den första frågan", "Allra överst."),
        ("bredvid svaret på fråga 3.1", "Bredvid fältet.\nPå två rader."),
    ]


def test_a_picture_in_an_answer_is_named() -> None:
    def edit(root: etree._Element) -> None:
        run = next(control(root, "kultur").iter(qn("w:r")))
        run.append(etree.fromstring(PICTURE))

    found = read(edited(OFFICE.word_form(sheet(answers(kultur="Se bilden."))), edit))
    assert merge(found.answers) == answers(kultur="Se bilden.")
    assert [str(each) for each in found.notes] == [
        "Bild i svaret på fråga 3.1: den kommer inte med i texten. Så här beskrivs den i filen: Karta över hamnen"
    ]
    assert found.unread == ()


def test_tracked_changes_are_read_as_they_will_be() -> None:
    def edit(root: etree._Element) -> None:
        line = next(control(root, "kultur").iter(qn("w:p")))
        old, new = line[-1], paragraph("nytt")[0]
        for run, name in ((old, "w:del"), (new, "w:ins")):
            change = line.makeelement(qn(name))
            line.append(change)
            change.append(run)
        for text in list(old.iter(qn("w:t"))):
            text.tag = qn("w:delText")

    found = read(edited(OFFICE.word_form(sheet(answers(kultur="gammalt"))), edit))
    assert merge(found.answers) == answers(kultur="nytt")
    assert found.notes == (say(CHANGES, number="3.1"),)


@pytest.mark.parametrize(
    ("change", "expected"), [("del", "Ett.Två.\nTre."), ("moveFrom", "Ett.Två.\nTre."), ("ins", "Ett.\nTvå.\nTre.")]
)
def test_a_changed_end_of_a_paragraph_is_read_as_it_will_be(change: str, expected: str) -> None:
    def edit(root: etree._Element) -> None:
        first = next(control(root, "kultur").iter(qn("w:p")))
        change_end(first, change)

    found = read(edited(OFFICE.word_form(sheet(answers(kultur="Ett.\nTvå.\nTre."))), edit))
    assert merge(found.answers) == answers(kultur=expected)
    assert found.notes == (say(CHANGES, number="3.1"),)


def test_a_paragraph_deleted_whole_leaves_no_line() -> None:
    def edit(root: etree._Element) -> None:
        _, line, _ = control(root, "kultur").iter(qn("w:p"))
        change_end(line, "del")
        deletion = line.makeelement(qn("w:del"))
        deletion.append(line[-1])
        line.append(deletion)

    found = read(edited(OFFICE.word_form(sheet(answers(kultur="Ett.\nTvå.\nTre."))), edit))
    assert merge(found.answers) == answers(kultur="Ett.\nTre.")


def test_the_deleted_end_of_the_last_paragraph_in_a_field_joins_nothing_from_outside() -> None:
    def edit(root: etree._Element) -> None:
        *_, last = control(root, "kultur").iter(qn("w:p"))
        change_end(last, "del")

    found = read(edited(OFFICE.word_form(sheet(answers(kultur="Ett.\nTvå."))), edit))
    assert merge(found.answers) == answers(kultur="Ett.\nTvå.")
    assert found.unread == ()


def test_a_deleted_row_of_a_table_in_an_answer_is_not_read() -> None:
    rows = "".join(
        f"<w:tr>{gone}<w:tc><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc></w:tr>"
        for text, gone in (("kvar", ""), ("borta", '<w:trPr><w:del w:id="9" w:author="a"/></w:trPr>'), ("sist", ""))
    )

    def edit(root: etree._Element) -> None:
        content = control(root, "kultur").find(qn("w:sdtContent"))
        assert content is not None
        content.append(etree.fromstring(f"<w:tbl {W}>{rows}</w:tbl>"))
        content.append(paragraph("Slut."))

    found = read(edited(OFFICE.word_form(sheet(answers(kultur="Ett."))), edit))
    assert merge(found.answers) == answers(kultur="Ett.\nkvar\nsist\nSlut.")
    assert say(CHANGES, number="3.1") in found.notes


def test_without_names_the_row_is_read() -> None:
    def edit(root: etree._Element) -> None:
        for tag in list(root.iter(qn("w:tag"), qn("w:alias"))):
            remove(tag)
        for name in ("w:bookmarkStart", "w:bookmarkEnd"):
            for mark in list(root.iter(qn(name))):
                remove(mark)

    given = answers(vaxla_upp="Ett.\nTvå.") | {
        "kultur": Answer(question="kultur", not_applicable=True, na_reason="Inte vi."),
    }
    found = read(edited(OFFICE.word_form(sheet(given)), edit))
    assert merge(found.answers) == given
    assert found.unread == ()


def test_without_names_and_table_the_bookmarks_are_read() -> None:
    def edit(root: etree._Element) -> None:
        for tag in list(root.iter(qn("w:tag"), qn("w:alias"))):
            remove(tag)
        for row in list(root.iter(qn("w:tr"))):
            row.remove(next(row.iter(qn("w:tc"))))

    given = answers(vaxla_upp="Ett.\nTvå.", en_nyckel_som_ar_langre_an_ett_bokmarke_far_vara_i_word="Tre.")
    found = read(edited(OFFICE.word_form(sheet(given)), edit))
    assert merge(found.answers) == given


def test_line_breaks_that_libreoffice_lost_are_found_again() -> None:
    """LibreOffice 7.4 writes a break inside a field as nothing but the start of a new text element."""
    form = edited(OFFICE.word_form(sheet(answers(vaxla_upp="Ett.Två."))), lambda root: split(root, "Ett.Två."))
    saved = changed(form, "docProps/app.xml", lambda _: APP)
    assert merge(read(saved).answers) == answers(vaxla_upp="Ett.\nTvå.")


def split(root: etree._Element, words: str) -> None:
    text = next(text for text in root.iter(qn("w:t")) if text.text == words)
    after = text.makeelement(qn("w:t"))
    text.text, after.text = words[:4], words[4:]
    text.addnext(after)


APP = (
    b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">'
    b"<Application>LibreOffice/7.4.7.2$Linux_X86_64</Application></Properties>"
)


def test_questions_the_round_does_not_have_are_named_with_their_words() -> None:
    everything = FORM.asked(UnitKind.BOLAG, "hamn")
    form = OFFICE.word_form(replace(sheet(answers(bara_bolag="Ett svar.")), questions=everything))
    found = read(form)
    assert found.unknown == ("bara_bolag",)
    assert ("i svaret på bara_bolag, som inte är en fråga i er omgång", "Ett svar.") in named(found)


def test_of_very_many_lines_outside_the_fields_the_first_are_read_and_the_rest_counted() -> None:
    def scribble(root: etree._Element) -> None:
        for number in range(MAX_LINES_UNREAD + 50):
            root[0].insert(number, paragraph(f"rad {number}"))

    found = read(edited(filled(OFFICE.word_form(sheet()), {"kultur": "Ett svar."}), scribble))
    assert [each.text for each in found.unread] == [f"rad {number}" for number in range(MAX_LINES_UNREAD)]
    assert found.more == 50
    assert [each.text for each in found.answers] == ["Ett svar."]


def test_a_line_longer_than_anybody_reads_is_counted() -> None:
    def scribble(root: etree._Element) -> None:
        root[0].insert(0, paragraph("a" * (MAX_LETTERS_UNREAD + 1)))
        root[0].insert(1, paragraph("en vanlig rad"))

    found = read(edited(OFFICE.word_form(sheet()), scribble))
    assert ([each.text for each in found.unread], found.more) == (["en vanlig rad"], 1)


def test_reading_ends_when_it_takes_too_long() -> None:
    body = etree.fromstring(f"<w:body {W}><w:p><w:r><w:t>a</w:t></w:r></w:p></w:body>")
    assert [line.text for line in read_text(body).lines] == ["a"]
    with pytest.raises(Refusal, match="för stor"):
        read_text(body, patience=-1)


def test_another_word_document_is_not_the_form(tmp_path: Path) -> None:
    path = tmp_path / "brev.docx"
    document = Document()
    document.add_paragraph(WORDS["sv"].write_answer)
    document.save(str(path))
    with pytest.raises(FileRefusedError, match="inte formuläret"):
        read(path.read_bytes())


def test_made_at_is_the_documents_date() -> None:
    properties = Document(_file(OFFICE.word_form(sheet()))).core_properties
    assert properties.created == AT.replace(tzinfo=properties.created.tzinfo if properties.created else None)
