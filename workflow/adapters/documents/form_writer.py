"""One unit's form as a Word document in which only the answers can be written."""

from collections.abc import Iterator

from docx.document import Document as WordDocument
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph

from workflow.adapters.documents.fields import (
    FORM_ID,
    FORM_VERSION,
    OWN_TEXT,
    ROUND,
    UNIT,
    fingerprints,
    reason_field,
)
from workflow.adapters.documents.form_fields import FieldMaker
from workflow.adapters.documents.form_words import WORDS, FormWords
from workflow.adapters.documents.properties import add_custom_properties
from workflow.adapters.documents.typography import LANGUAGE, calm, in_sentence
from workflow.adapters.documents.word import Card, Plan, add_table, as_bytes, cells, new_document, speak, tint, write
from workflow.adapters.documents.word_text import read_text
from workflow.domain.datewords import at_start
from workflow.domain.forms import AskedArea, AskedQuestion
from workflow.ports import FormSheet

_WIDTHS = (Mm(27), Mm(51), Mm(92))


def word_form(sheet: FormSheet) -> bytes:
    """Write the form as .docx, prefilled with the sheet's answers; the same sheet gives the same bytes."""
    document = written(sheet)
    add_custom_properties(document, hidden(sheet, own_text=fingerprints(own_lines(document))))
    return as_bytes(document, at=sheet.made_at)


def written(sheet: FormSheet) -> WordDocument:
    """Write all that is seen of the form."""
    words = WORDS[sheet.language]
    document = new_document(_card(sheet, words))
    _write_front(document, sheet, words)
    maker = FieldMaker(document, words)
    for area in sheet.questions.areas:
        _write_area(document, maker, area, sheet)
    maker.lock_the_rest(document.element.body)
    return document


def own_lines(document: WordDocument) -> Iterator[str]:
    """The lines of the form's own text: what stands in no field, and at the head and foot of every page."""
    section = document.sections[0]
    margins = (section.header.paragraphs[0], section.footer.paragraphs[0])
    for root in (document.element.body, *(each.paragraph_format.element for each in margins)):
        yield from (line.text for line in read_text(root).lines)


def hidden(sheet: FormSheet, *, own_text: str) -> dict[str, str]:
    """Collect the properties that say which form this is, and by which lines its own text is known again."""
    return {
        FORM_ID: sheet.form.id,
        FORM_VERSION: sheet.form.version,
        ROUND: sheet.round,
        UNIT: sheet.unit,
        OWN_TEXT: own_text,
    }


def _card(sheet: FormSheet, words: FormWords) -> Card:
    title = calm(sheet.form.title)
    return Card(
        title=f"{title}, {sheet.unit_name}",
        subject=sheet.round_title,
        author=sheet.office,
        left=f"{title}, {in_sentence(sheet.round_title)}",
        right=sheet.unit_name,
        foot=f"{words.due} {sheet.due}",
        at=sheet.made_at,
        language=words.tag,
        page=words.page,
    )


def _write_front(document: WordDocument, sheet: FormSheet, words: FormWords) -> None:
    write(document.add_paragraph(), at_start(sheet.round_title), "Lead")
    _speak_swedish(write(document.add_paragraph(), calm(sheet.form.title), "Title"), words)
    for label, value, character in _facts(sheet, words):
        fact = write(document.add_paragraph(), f"{label}\t", "Fact", character="Quiet")
        fact.add_run(value, style=character)
    document.paragraphs[-1].paragraph_format.space_after = Pt(14)
    for text in sheet.form.purpose:
        _speak_swedish(document.add_paragraph(text), words)
    _speak_swedish(write(document.add_paragraph(), sheet.form.heading, "Heading 1"), words)
    if sheet.form.subheading:
        _speak_swedish(write(document.add_paragraph(), sheet.form.subheading, "Heading 3"), words)
    for text in sheet.form.instructions:
        _speak_swedish(document.add_paragraph(text), words)
    document.add_paragraph(words.how)


def _speak_swedish(paragraph: Paragraph, words: FormWords) -> None:
    """The form's own texts are Swedish, whatever language is round them."""
    if words.tag != LANGUAGE:
        speak(paragraph, LANGUAGE)


def _facts(sheet: FormSheet, words: FormWords) -> Iterator[tuple[str, str, str | None]]:
    rows = (
        (words.unit, sheet.unit_name, None),
        (words.contact, sheet.contact_name, None),
        (words.phone, sheet.contact_phone, None),
        (words.email, sheet.contact_email, None),
        (words.due, sheet.due, "Mark"),
        (words.office, sheet.office, None),
    )
    return (row for row in rows if row[1])


def _write_area(document: WordDocument, maker: FieldMaker, area: AskedArea, sheet: FormSheet) -> None:
    words = WORDS[sheet.language]
    _speak_swedish(write(document.add_paragraph(), f"{area.number}. {area.title}", "Heading 2"), words)
    plan = Plan(
        columns=words.columns,
        widths=_WIDTHS,
        title=area.title,
        description=words.table.format(number=area.number),
    )
    for row, question in zip(add_table(document, plan, len(area.questions)), area.questions, strict=True):
        code, asked, answer = cells(row, _WIDTHS)
        write(code.paragraphs[0], question.number, "Question")
        write(code.add_paragraph(), question.key, "Code")
        _speak_swedish(write(asked.paragraphs[0], question.text, "Question"), words)
        tint(answer)
        maker.add_answer(answer, question.key, _text(sheet, question))
        write(answer.add_paragraph(), words.reason.strip(), "Meta")
        maker.add_reason(answer, reason_field(question.key), _reason(sheet, question))


def _text(sheet: FormSheet, question: AskedQuestion) -> str:
    answer = sheet.answers.get(question.key)
    return answer.text if answer else ""


def _reason(sheet: FormSheet, question: AskedQuestion) -> str:
    answer = sheet.answers.get(question.key)
    return answer.na_reason if answer and answer.not_applicable else ""
