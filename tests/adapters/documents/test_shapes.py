"""Answers of every shape that Word can hold: lists, tables, notes, changes, signs; and forms of other years."""

from dataclasses import replace

import pytest
from docx_plus.core.ns import qn
from lxml import etree

from tests.adapters.documents.office import changed, control, edited, entries, filled, paragraph, zipped
from tests.adapters.documents.samples import FORM, QUESTIONS, answers, sheet
from tests.adapters.documents.test_form import APP, W, named, read
from workflow.adapters.documents.documents import OfficeDocuments
from workflow.adapters.documents.form_leftovers import PICTURE_OUTSIDE, TABLE, UNKNOWN_SYMBOL
from workflow.adapters.documents.form_reader import CLEANED
from workflow.domain.forms import FocusArea, Question, merge
from workflow.domain.phrases import say

OFFICE = OfficeDocuments()
NUMBERING = f"""<w:numbering {W}>
<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/>
<w:lvlText w:val="%1."/></w:lvl><w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/>
<w:lvlText w:val="%1.%2)"/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="\uf0b7"/></w:lvl>
</w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>
</w:numbering>""".encode()


def xml(words: str) -> list[etree._Element]:
    return list(etree.fromstring(f"<w:x {W}>{words}</w:x>"))


def p(text: str, number: int = 0, level: int = 0) -> str:
    place = f'<w:pPr><w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr></w:pPr>' if number else ""
    return f"<w:p>{place}<w:r><w:t>{text}</w:t></w:r></w:p>"


def with_answer(words: str) -> bytes:
    """The form with this WordprocessingML in the field of question 3.1."""

    def edit(root: etree._Element) -> None:
        place = control(root, "kultur").find(qn("w:sdtContent"))
        assert place is not None
        place[:] = xml(words)

    return edited(filled(OFFICE.word_form(sheet()), {"kultur": "x"}), edit)


def test_lists_keep_their_signs() -> None:
    words = p("ett", 1) + p("under", 1, 1) + p("två", 1) + p("vanligt") + p("punkt", 2) + p("på nytt under", 1, 1)
    form = zipped(entries(with_answer(words)) | {"word/numbering.xml": NUMBERING})
    assert merge(read(form).answers) == answers(
        kultur="1. ett\n  1.a) under\n2. två\nvanligt\n• punkt\n  2.a) på nytt under"
    )


def test_a_list_that_a_style_brings_has_signs_too() -> None:
    style = (
        '<w:style w:type="paragraph" w:styleId="ListNumber"><w:name w:val="List Number"/>'
        '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style></w:styles>'
    )
    words = '<w:p><w:pPr><w:pStyle w:val="ListNumber"/></w:pPr><w:r><w:t>ett</w:t></w:r></w:p>'
    form = changed(with_answer(words), "word/styles.xml", lambda old: old.replace(b"</w:styles>", style.encode()))
    form = zipped(entries(form) | {"word/numbering.xml": NUMBERING})
    assert merge(read(form).answers) == answers(kultur="1. ett")


def test_a_table_becomes_rows_and_tabs_and_that_is_said() -> None:
    def row(*cells: str) -> str:
        return "<w:tr>" + "".join(f"<w:tc>{cell}</w:tc>" for cell in cells) + "</w:tr>"

    table = (
        "<w:tbl>" + row(p("År"), p("Antal")) + row(p("2027"), p("12") + p("cirka")) + row(p(""), p("7")) + "</w:tbl>"
    )
    found = read(with_answer(p("Se tabellen:") + table + p("Slut.")))
    assert merge(found.answers) == answers(kultur="Se tabellen:\nÅr\tAntal\n2027\t12 cirka\n\t7\nSlut.")
    assert (found.notes, found.unread) == ((say(TABLE, number="3.1"),), ())


def test_words_in_notes_comments_headers_and_footers_are_named() -> None:
    def note(kind: str, words: str) -> bytes:
        return f"<w:{kind}s {W}><w:{kind}><w:p><w:r><w:t>{words}</w:t></w:r></w:p></w:{kind}></w:{kind}s>".encode()

    form = filled(OFFICE.word_form(sheet()), {"kultur": "Ett svar."})
    parts = entries(form)
    header = next(name for name in parts if name.startswith("word/header"))
    parts[header] = parts[header].replace(b"</w:hdr>", p("Vårt dnr 12").encode() + b"</w:hdr>")
    parts |= {
        "word/footnotes.xml": note("footnote", "Källa: SCB."),
        "word/endnotes.xml": note("endnote", "Se även."),
        "word/comments.xml": note("comment", "Stämmer det?"),
    }
    assert sorted(named(read(zipped(parts)))) == [
        ("i en fotnot", "Källa: SCB."),
        ("i en kommentar", "Stämmer det?"),
        ("i en slutnot", "Se även."),
        ("i sidhuvudet", "Vårt dnr 12"),
    ]


def test_the_forms_own_header_and_footer_are_not_named() -> None:
    form = OFFICE.word_form(sheet())
    margins = b"".join(data for name, data in entries(form).items() if name.startswith(("word/header", "word/footer")))
    assert "Lämnas senast onsdag 19 maj".encode() in margins
    assert read(form).unread == ()


def test_a_text_box_is_text_and_no_picture() -> None:
    shape = "http://schemas.microsoft.com/office/word/2010/wordprocessingShape"
    box = (
        '<w:p><w:r><w:t>Före </w:t></w:r><w:r><w:drawing xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
        f'<a:graphic><a:graphicData uri="{shape}"><w:txbxContent>{p("i rutan")}</w:txbxContent></a:graphicData>'
        "</a:graphic></w:drawing></w:r><w:r><w:t>efter.</w:t></w:r></w:p>"
    )
    found = read(with_answer(box))
    assert merge(found.answers) == answers(kultur="Före \ni rutan\nefter.")
    assert found.notes == ()


def test_a_picture_outside_the_answers_is_named() -> None:
    def edit(root: etree._Element) -> None:
        line = paragraph("")
        line[0].append(line.makeelement("{urn:schemas-microsoft-com:vml}imagedata"))
        root[0].insert(0, line)

    assert read(edited(filled(OFFICE.word_form(sheet()), {"kultur": "x"}), edit)).notes == (say(PICTURE_OUTSIDE),)


@pytest.mark.parametrize(("character", "code"), [("\x85", "U+0085"), ("\x9f", "U+009F"), ("\x7f", "U+007F")])
def test_what_cannot_be_kept_is_named_and_stands_as_a_sign(character: str, code: str) -> None:
    found = read(filled(OFFICE.word_form(sheet()), {"kultur": f"före{character}efter"}))
    assert merge(found.answers) == answers(kultur="före�efter")
    assert found.notes == (say(CLEANED, character=code, number="3.1"),)


def test_symbols_of_fonts_become_letters_or_are_named() -> None:
    signs = '<w:p><w:r><w:sym w:font="Wingdings" w:char="F0E0"/><w:sym w:font="Egen" w:char="F123"/></w:r></w:p>'
    found = read(with_answer(signs))
    assert merge(found.answers) == answers(kultur="→�")
    assert found.notes == (say(UNKNOWN_SYMBOL, number="3.1"),)


def test_an_invitation_that_stayed_beside_the_words_is_no_word() -> None:
    """LibreOffice lets people write before and after the field's own words."""
    form = filled(OFFICE.word_form(sheet()), {"kultur": "Vi har tre.Klicka här för att skriva svaret"})
    assert merge(read(form).answers) == answers(kultur="Vi har tre.")


def test_in_a_file_from_libreoffice_the_whole_cell_is_the_answer() -> None:
    def edit(root: etree._Element) -> None:
        control(root, "kultur").addnext(paragraph("Under fältet."))

    form = edited(filled(OFFICE.word_form(sheet()), {"kultur": "I fältet."}), edit)
    found = read(changed(form, "docProps/app.xml", lambda _: APP))
    assert merge(found.answers) == answers(kultur="I fältet.\nUnder fältet.")
    assert found.unread == ()


def test_an_older_form_is_read_and_what_differs_is_named() -> None:
    old_area = FORM.areas[1]
    gone = Question(key="gammal_fraga", label="Gammal", texts={"": "Vad gjordes förr?"})
    older = replace(
        FORM,
        version="2019-1",
        areas=(FocusArea(key=old_area.key, number=3, title="Äldre namn", questions=(gone, old_area.questions[0])),),
    )
    given = answers(kultur="Som förut.", gammal_fraga="Något annat.")
    form = OFFICE.word_form(replace(sheet(given), form=older, questions=older.asked("stadsdelsnamnd", "hagersten")))
    found = read(form)
    assert found.form_version == "2019-1"
    assert merge(found.answers) == answers(kultur="Som förut.")
    assert found.unknown == ("gammal_fraga",)
    assert named(found) == [("i svaret på gammal_fraga, som inte är en fråga i er omgång", "Något annat.")]
    assert found.absent == tuple(key for key in QUESTIONS.keys if key != "kultur")


def test_the_forms_own_words_are_in_the_readers_language() -> None:
    english = replace(sheet(), language="en", due="Wednesday 19 May 2027 at 16.00", round_title="Report 1 2027")
    form = OFFICE.word_form(english)
    document = etree.fromstring(entries(form)["word/document.xml"])
    words = "".join(map(str, document.itertext()))
    assert "Committee or company" in words
    assert "Lämnas senast" not in words
    swedish = [run for run in document.iter(qn("w:r")) if run.find(f"{qn('w:rPr')}/{qn('w:lang')}") is not None]
    assert QUESTIONS.questions[0].text in ["".join(map(str, run.itertext())) for run in swedish]
    assert read(form).answers == ()
    assert read(form).unread == ()
    assert merge(read(filled(form, {"kultur": "Three."})).answers) == answers(kultur="Three.")
