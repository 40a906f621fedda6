"""One unit's form as a Word document in which only the answers can be written."""

from collections.abc import Iterator

from docx.document import Document as WordDocument
from docx.shared import Mm, Pt
from docx.table import _Cell

from workflow.adapters.documents.fields import (
    FORM_ID,
    FORM_VERSION,
    OWN_TEXT,
    REASON_LABEL,
    ROUND,
    UNIT,
    fingerprints,
    reason_field,
)
from workflow.adapters.documents.form_answers import COLUMNS
from workflow.adapters.documents.form_fields import FieldMaker
from workflow.adapters.documents.properties import add_custom_properties
from workflow.adapters.documents.typography import calm, in_sentence
from workflow.adapters.documents.word import Card, Plan, add_table, as_bytes, cells, new_document, tint, write
from workflow.adapters.documents.word_text import read_text
from workflow.domain.datewords import at_start
from workflow.domain.forms import Answer, AskedArea, AskedQuestion
from workflow.ports import FormSheet

_WIDTHS = (Mm(27), Mm(51), Mm(92))
_HOW = (
    "Klicka i fälten i kolumnen Svar och skriv. En ny rad börjar ett nytt stycke. Resten av dokumentet är låst. "
    "Spara det som Word-dokument (.docx)."
)


def word_form(sheet: FormSheet) -> bytes:
    """Write the form as .docx, prefilled with the sheet's answers; the same sheet gives the same bytes."""
    document = written(sheet)
    add_custom_properties(document, hidden(sheet, own_text=fingerprints(own_lines(document))))
    return as_bytes(document, at=sheet.made_at)


def written(sheet: FormSheet) -> WordDocument:
    """Write all that is seen of the form."""
    document = new_document(_card(sheet))
    _write_front(document, sheet)
    maker = FieldMaker(document)
    for area in sheet.questions.areas:
        _write_area(document, maker, area, sheet)
    maker.lock_the_rest(document.element.body)
    return document


def own_lines(document: WordDocument) -> Iterator[str]:
    """The lines of the form's own text: what stands in no field."""
    return (line.text for line in read_text(document.element.body).lines)


def hidden(sheet: FormSheet, *, own_text: str) -> dict[str, str]:
    """Collect the properties that say which form this is, and by which lines its own text is known again."""
    return {
        FORM_ID: sheet.form.id,
        FORM_VERSION: sheet.form.version,
        ROUND: sheet.round,
        UNIT: sheet.unit,
        OWN_TEXT: own_text,
    }


def _card(sheet: FormSheet) -> Card:
    title = calm(sheet.form.title)
    return Card(
        title=f"{title}, {sheet.unit_name}",
        subject=sheet.round_title,
        author=sheet.office,
        left=f"{title}, {in_sentence(sheet.round_title)}",
        right=sheet.unit_name,
        foot=f"Lämnas senast {sheet.due}",
        at=sheet.made_at,
    )


def _write_front(document: WordDocument, sheet: FormSheet) -> None:
    write(document.add_paragraph(), at_start(sheet.round_title), "Lead")
    write(document.add_paragraph(), calm(sheet.form.title), "Title")
    for label, value, character in _facts(sheet):
        fact = write(document.add_paragraph(), f"{label}\t", "Fact", character="Quiet")
        fact.add_run(value, style=character)
    document.paragraphs[-1].paragraph_format.space_after = Pt(14)
    for text in sheet.form.purpose:
        document.add_paragraph(text)
    write(document.add_paragraph(), sheet.form.heading, "Heading 1")
    if sheet.form.subheading:
        write(document.add_paragraph(), sheet.form.subheading, "Heading 3")
    for text in (*sheet.form.instructions, _HOW):
        document.add_paragraph(text)


def _facts(sheet: FormSheet) -> Iterator[tuple[str, str, str | None]]:
    rows = (
        ("Nämnd eller bolag", sheet.unit_name, None),
        ("Kontaktperson", sheet.contact_name, None),
        ("Telefon", sheet.contact_phone, None),
        ("E-post", sheet.contact_email, None),
        ("Lämnas senast", sheet.due, "Mark"),
        ("Lämnas till", sheet.office, None),
    )
    return (row for row in rows if row[1])


def _write_area(
    document: WordDocument,
    maker: FieldMaker,
    area: AskedArea,
    sheet: FormSheet,
) -> None:
    write(document.add_paragraph(), f"{area.number}. {area.title}", "Heading 2")
    plan = Plan(
        columns=COLUMNS,
        widths=_WIDTHS,
        title=area.title,
        description=f"Frågor inom fokusområde {area.number} med ett fält för svaret på varje rad.",
    )
    for row, question in zip(add_table(document, plan, len(area.questions)), area.questions, strict=True):
        code, asked, answer = cells(row, _WIDTHS)
        write(code.paragraphs[0], question.number, "Question")
        write(code.add_paragraph(), question.key, "Code")
        write(asked.paragraphs[0], question.text, "Question")
        tint(answer)
        _write_fields(maker, answer, question, sheet.answers.get(question.key))


def _write_fields(maker: FieldMaker, cell: _Cell, question: AskedQuestion, answer: Answer | None) -> None:
    maker.add_answer(cell, question.key, answer.text if answer else "")
    reason = write(cell.add_paragraph(), REASON_LABEL, "Meta")
    given = answer.na_reason if answer and answer.not_applicable else ""
    maker.add_reason(reason, reason_field(question.key), given)
