"""One handed-in edition as a Word document to keep: every question with its answer, as it came in."""

from collections.abc import Iterator

from docx.document import Document as WordDocument
from docx.shared import Pt
from docx.text.paragraph import Paragraph

from workflow.adapters.documents.copy_words import WORDS, CopyWords
from workflow.adapters.documents.typography import LANGUAGE, calm, in_sentence
from workflow.adapters.documents.word import Card, as_bytes, new_document, speak, write
from workflow.domain.attachments import size_words
from workflow.domain.forms import Answer, AskedQuestion
from workflow.ports import EditionSheet


def word_copy(sheet: EditionSheet) -> bytes:
    """Write the edition as .docx; the same sheet gives the same bytes."""
    words = WORDS[sheet.language]
    document = new_document(_card(sheet, words))
    _write_front(document, sheet, words)
    for area in sheet.questions.areas:
        _speak_swedish(write(document.add_paragraph(), f"{area.number}. {area.title}", "Heading 1"), words)
        for question in area.questions:
            _write_question(document, question, sheet.edition.answers.get(question.key), words)
    if sheet.edition.files:
        write(document.add_paragraph(), words.files, "Heading 1")
        for file in sheet.edition.files:
            write(document.add_paragraph(), f"{file.name} ({size_words(file.size, sheet.language)})", "Answer")
            write(document.add_paragraph(), f"SHA-256 {file.sha256}", "Meta")
    write(document.add_paragraph(), words.fingerprint, "Heading 2")
    write(document.add_paragraph(), sheet.edition.sha256, "Meta")
    return as_bytes(document, at=sheet.edition.received_at)


def _card(sheet: EditionSheet, words: CopyWords) -> Card:
    title = calm(sheet.form_title)
    return Card(
        title=f"{title}, {sheet.unit_name}",
        subject=sheet.round_title,
        author=sheet.unit_name,
        left=f"{title}, {in_sentence(sheet.round_title)}",
        right=sheet.unit_name,
        foot=f"{words.received} {sheet.received}",
        at=sheet.edition.received_at,
        language=words.tag,
        page=words.page,
    )


def _write_front(document: WordDocument, sheet: EditionSheet, words: CopyWords) -> None:
    write(document.add_paragraph(), f"{words.lead}, {in_sentence(sheet.round_title)}", "Lead")
    _speak_swedish(write(document.add_paragraph(), calm(sheet.form_title), "Title"), words)
    for label, value in _facts(sheet, words):
        write(document.add_paragraph(), f"{label}\t", "Fact", character="Quiet").add_run(value)
    document.paragraphs[-1].paragraph_format.space_after = Pt(14)


def _facts(sheet: EditionSheet, words: CopyWords) -> Iterator[tuple[str, str]]:
    rows = (
        (words.unit, sheet.unit_name),
        (words.received, sheet.received),
        (words.late, sheet.late),
        (words.edition, str(sheet.edition.number)),
        (words.diary_number, sheet.diary_number),
        (words.office, sheet.office),
    )
    return (row for row in rows if row[1])


def _write_question(document: WordDocument, question: AskedQuestion, answer: Answer | None, words: CopyWords) -> None:
    heading = write(document.add_paragraph(), f"{question.number}  ", "Heading 2", character="Quiet")
    heading.add_run(question.text)
    _speak_swedish(heading, words)
    if answer is None or not answer.is_complete:
        write(document.add_paragraph(), words.no_answer, "Answer")
    elif answer.not_applicable:
        first, *more = answer.na_reason.strip().splitlines()
        write(document.add_paragraph(), words.not_applicable, "Answer", character="Mark").add_run(first)
        _write_lines(document, more)
    else:
        _write_lines(document, answer.text.splitlines())


def _write_lines(document: WordDocument, lines: list[str]) -> None:
    """Each line as a paragraph of its own, with its blanks: this is what was handed in, not a tidied text."""
    for line in lines:
        if line.strip():
            write(document.add_paragraph(), line, "Answer")


def _speak_swedish(paragraph: Paragraph, words: CopyWords) -> None:
    """The form's own texts are Swedish, whatever language is round them."""
    if words.tag != LANGUAGE:
        speak(paragraph, LANGUAGE)
