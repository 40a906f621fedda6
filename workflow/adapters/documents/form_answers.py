"""Finds each question's answer in the text of a Word form, and says what was not taken for an answer."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from re import compile as pattern

from workflow.adapters.documents.fields import (
    REASON_LABEL,
    REASON_SUFFIX,
    bookmark,
    fingerprint,
    is_blank,
    reason_field,
)
from workflow.adapters.documents.word_text import BodyText, Region
from workflow.domain.forms import Answer, AskedQuestion, QuestionSet

COLUMNS = ("Nr", "Fråga", "Svar")
_KEY_COLUMN, _ANSWER_COLUMN = 1, 3
_NUMBER = pattern(r"\d+(\.\d+)?")
_EMPTY = Region("")


@dataclass(frozen=True, slots=True)
class _Given:
    """What stands where one question is answered; `row` is set where a whole table cell was taken for it."""

    answer: Region
    reason: Region
    row: int = 0


class FormAnswers:
    """One form, read.

    A file from Word has its fields by name. LibreOffice (7.4) loses the names, and lets a field and its bookmark
    reach round the first paragraph only; there the whole cell is the answer. Bookmarks are what is left when the
    table is gone.
    """

    def __init__(self, text: BodyText, questions: QuestionSet) -> None:
        self._text = text
        self._questions = questions
        self._fields = {region.name: region for region in reversed(text.fields)}  # of several, the first
        self._bookmarks = {region.name: region for region in reversed(text.bookmarks)}
        self._rows = _rows_by_key(text)
        self._given = {
            question.key: given for question in questions.questions if (given := self._find(question.key)) is not None
        }

    @property
    def is_our_form(self) -> bool:
        return bool(self._given)

    @property
    def answers(self) -> tuple[Answer, ...]:
        found = (_answer(key, given) for key, given in self._given.items())
        return tuple(answer for answer in found if not answer.is_empty)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The codes of questions that this form has and the round has not."""
        codes = (*(name.removesuffix(REASON_SUFFIX) for name in self._fields), *self._rows)
        return tuple(sorted({code for code in codes if code not in self._questions.keys}))

    def unread(self, own: Collection[str]) -> Iterator[str]:
        """Give all words that were not read as an answer and are not the form's own (by their fingerprints)."""
        for question in self._questions.questions:
            if question.key in self._given:
                yield from _not_text(question, self._given[question.key])
        yield from self._unread_fields()
        whole = {given.row for given in self._given.values() if given.row}
        for key in self.unknown:
            if key in self._rows and key not in self._fields:
                whole.add(self._rows[key])
                yield from _words(_split(self._cell(self._rows[key])).answer)
        marks = {region.name for given in self._given.values() for region in (given.answer, given.reason)}
        for line in self._text.lines:
            taken = (line.row in whole and line.column == _ANSWER_COLUMN) or line.bookmark in marks - {""}
            if not taken and not is_blank(line.text) and fingerprint(line.text) not in own:
                yield line.text.strip()
        if self._text.pictures:
            yield "Bild utanför fälten"

    def _find(self, key: str) -> _Given | None:
        if key in self._fields:
            return _Given(self._fields[key], self._fields.get(reason_field(key), _EMPTY))
        if key in self._rows:
            return _split(self._cell(self._rows[key]), row=self._rows[key])
        if bookmark(key) in self._bookmarks:
            return _Given(self._bookmarks[bookmark(key)], self._bookmarks.get(bookmark(reason_field(key)), _EMPTY))
        return None

    def _cell(self, row: int) -> Region:
        return self._text.cells.get((row, _ANSWER_COLUMN), _EMPTY)

    def _unread_fields(self) -> Iterator[str]:
        """Fields that came twice with other words, fields of other forms."""
        for region in self._text.fields:
            first = self._fields[region.name]
            known = region.name.removesuffix(REASON_SUFFIX) in self._questions.keys
            if not known or (region is not first and region.text != first.text):
                yield from _words(region)


def _rows_by_key(text: BodyText) -> dict[str, int]:
    rows: dict[str, int] = {}
    for (row, column), region in text.cells.items():
        lines = [line.strip() for line in region.lines if line.strip()]
        if column == _KEY_COLUMN and len(lines) > 1 and _NUMBER.fullmatch(lines[0]):
            rows.setdefault(lines[1], row)
    return rows


def _split(cell: Region, *, row: int = 0) -> _Given:
    """Part a cell at the line that asks for a reason."""
    label = REASON_LABEL.strip()
    lines = "\n".join(cell.lines).split("\n")
    place = max((number for number, line in enumerate(lines) if line.strip().startswith(label)), default=len(lines))
    reason = [lines[place].strip().removeprefix(label).strip(), *lines[place + 1 :]] if place < len(lines) else []
    return _Given(Region("", pictures=cell.pictures, lines=lines[:place]), Region("", lines=reason), row)


def _answer(key: str, given: _Given) -> Answer:
    reason = _text(given.reason)
    return Answer(question=key, text=_text(given.answer), not_applicable=bool(reason), na_reason=reason)


def _text(region: Region) -> str:
    """Give the region's text, unless it is an invitation to write: ours, or by Word's own word for it."""
    return "" if region.shows_invitation or is_blank(region.text) else region.text


def _words(region: Region) -> Iterator[str]:
    if not is_blank(region.text):
        yield region.text


def _not_text(question: AskedQuestion, given: _Given) -> Iterator[str]:
    """Name what stands in a field and is no answer: pictures, and an invitation in words we do not know."""
    for region in (given.answer, given.reason):
        if region.shows_invitation:
            yield from _words(region)
        if region.pictures:
            yield f"Bild i svaret på fråga {question.number}"
