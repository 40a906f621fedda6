"""Reads a filled-in Word form: guarded opening, its hidden properties, its answers, and what is left over."""

from collections.abc import Iterable, Iterator

from docx_plus.core.ns import qn

from workflow.adapters.documents.fields import FORM_ID, FORM_VERSION, OWN_TEXT, REASON_LABEL, ROUND, UNIT, fingerprint
from workflow.adapters.documents.form_answers import COLUMNS, FormAnswers
from workflow.adapters.documents.guard import OpenedDocx, open_docx
from workflow.adapters.documents.properties import PART, custom_properties
from workflow.adapters.documents.refusals import NOT_THE_FORM
from workflow.adapters.documents.safe_xml import Refusal
from workflow.adapters.documents.word_text import BodyText, read_text
from workflow.domain.errors import FileRefusedError
from workflow.domain.forms import QuestionSet
from workflow.ports import ReadForm

MAX_LINES_UNREAD = 200
MAX_LETTERS_UNREAD = 100_000
LONGEST_MARK = 100  # of what the file says about itself; ours are far shorter


def read_word(data: bytes, *, name: str, questions: QuestionSet) -> ReadForm:
    """Read a filled-in form. Raises FileRefusedError for what is no safe .docx, or has none of the round's fields."""
    opened = open_docx(data, name=name)
    hidden = _hidden(opened)
    try:
        found = FormAnswers(_text(opened), questions)
    except Refusal as refusal:
        raise FileRefusedError(file=name, why=str(refusal)) from refusal
    if not found.is_our_form:
        raise FileRefusedError(file=name, why=NOT_THE_FORM)
    own = {*hidden.get(OWN_TEXT, "").split(), *_own_text(questions)}
    unread, more_unread = _first(found.unread(own))
    unknown, more_unknown = _first(found.unknown)
    return ReadForm(
        round=hidden.get(ROUND, "")[:LONGEST_MARK],
        unit=hidden.get(UNIT, "")[:LONGEST_MARK],
        form_id=hidden.get(FORM_ID, "")[:LONGEST_MARK],
        form_version=hidden.get(FORM_VERSION, "")[:LONGEST_MARK],
        answers=found.answers,
        unread=unread,
        unknown=unknown,
        more=more_unread + more_unknown,
    )


def _first(lines: Iterable[str]) -> tuple[tuple[str, ...], int]:
    """As many as anybody reads through, and how many more there are."""
    kept: list[str] = []
    room, more = MAX_LETTERS_UNREAD, 0
    for line in lines:
        if len(kept) < MAX_LINES_UNREAD and len(line) <= room:
            kept.append(line)
            room -= len(line)
        else:
            more += 1
    return tuple(kept), more


def _hidden(opened: OpenedDocx) -> dict[str, str]:
    root = opened.tree(PART)
    return {} if root is None else custom_properties(root)


def _text(opened: OpenedDocx) -> BodyText:
    root = opened.tree(opened.main)
    body = None if root is None else root.find(qn("w:body"))
    by_libreoffice = b"<Application>LibreOffice" in opened.parts.get("docProps/app.xml", b"")
    return BodyText() if body is None else read_text(body, by_libreoffice=by_libreoffice)


def _own_text(questions: QuestionSet) -> Iterator[str]:
    """Fingerprint what a form says, for a file whose hidden property was lost."""
    for words in (REASON_LABEL, *COLUMNS):
        yield fingerprint(words)
    for area in questions.areas:
        yield fingerprint(f"{area.number}. {area.title}")
        for question in area.questions:
            yield fingerprint(question.text)
            yield fingerprint(question.key)
