"""Reads a filled-in form: guarded opening, its hidden properties, its answers, and what is left over."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from workflow.adapters.documents.fields import FORM_ID, FORM_VERSION, OWN_TEXT, REASON_LABELS, ROUND, UNIT, fingerprint
from workflow.adapters.documents.form_answers import FormAnswers
from workflow.adapters.documents.form_leftovers import Leftovers, aside
from workflow.adapters.documents.form_words import WORDS
from workflow.adapters.documents.refusals import NOT_THE_FORM
from workflow.adapters.documents.safe_xml import Refusal
from workflow.adapters.documents.source import Source
from workflow.adapters.documents.upload import open_form
from workflow.domain.errors import FileRefusedError
from workflow.domain.forms import Answer, QuestionSet, keepable
from workflow.domain.phrases import Phrase, say
from workflow.ports import ReadForm

MAX_LINES_UNREAD = 200
MAX_LETTERS_UNREAD = 100_000
LONGEST_MARK = 100  # of what the file says about itself; ours are far shorter

CLEANED = "Tecknet {character} i svaret på fråga {number} går inte att spara. Det står � i stället."

T = TypeVar("T")


def read_word(data: bytes, *, name: str, questions: QuestionSet) -> ReadForm:
    """Read a filled-in .docx or .odt. Raises FileRefusedError for what is not safe, or has none of the fields."""
    try:
        return _read(open_form(data, name=name), questions)
    except Refusal as refusal:
        raise FileRefusedError(file=name, why=str(refusal)) from refusal


def _read(source: Source, questions: QuestionSet) -> ReadForm:
    found = FormAnswers(source.body, questions, by_libreoffice=source.by_libreoffice)
    if not found.given:
        raise Refusal(NOT_THE_FORM)
    own = {*source.hidden.get(OWN_TEXT, "").split(), *_own_text(questions)}
    left = Leftovers(source.body, found, questions, own)
    asides = (line for text, where in source.asides for line in aside(text, where, own))
    unread, more_unread = _first((*left.unread(), *asides), lambda each: len(each.text))
    unknown, more_unknown = _first(found.unknown, len)
    answers, cleaned = _kept(found.answers, questions)
    return ReadForm(
        round=source.hidden.get(ROUND, "")[:LONGEST_MARK],
        unit=source.hidden.get(UNIT, "")[:LONGEST_MARK],
        form_id=source.hidden.get(FORM_ID, "")[:LONGEST_MARK],
        form_version=source.hidden.get(FORM_VERSION, "")[:LONGEST_MARK],
        answers=answers,
        unread=unread,
        notes=(*cleaned, *left.notes()),
        absent=tuple(key for key in questions.keys if key not in found.given),
        unknown=unknown,
        more=more_unread + more_unknown,
    )


def _first(lines: Iterable[T], length: Callable[[T], int]) -> tuple[tuple[T, ...], int]:
    """As many as anybody reads through, and how many more there are."""
    kept: list[T] = []
    room, more = MAX_LETTERS_UNREAD, 0
    for line in lines:
        if len(kept) < MAX_LINES_UNREAD and length(line) <= room:
            kept.append(line)
            room -= length(line)
        else:
            more += 1
    return tuple(kept), more


def _kept(answers: Iterable[Answer], questions: QuestionSet) -> tuple[tuple[Answer, ...], list[Phrase]]:
    """The answers as they can be kept, and which characters could not."""
    kept: list[Answer] = []
    notes: list[Phrase] = []
    for answer in answers:
        text, lost = keepable(answer.text)
        reason, lost_there = keepable(answer.na_reason)
        kept.append(replace(answer, text=text, na_reason=reason))
        question = questions.question(answer.question)
        number = question.number if question else ""
        notes += [say(CLEANED, character=each, number=number) for each in dict.fromkeys((*lost, *lost_there))]
    return tuple(kept), notes


def _own_text(questions: QuestionSet) -> Iterator[str]:
    """Fingerprint what a form says, for a file whose hidden property was lost."""
    for words in (*REASON_LABELS, *(column for each in WORDS.values() for column in each.columns)):
        yield fingerprint(words)
    for area in questions.areas:
        yield fingerprint(f"{area.number}. {area.title}")
        for question in area.questions:
            yield fingerprint(question.number)
            yield fingerprint(question.text)
            yield fingerprint(question.key)
