"""Finds each question's answer in the text of a form that came back."""

from collections.abc import Iterator
from dataclasses import dataclass
from re import compile as pattern

from workflow.adapters.documents.fields import (
    REASON_LABELS,
    REASON_SUFFIX,
    bookmark,
    is_blank,
    reason_field,
    without_invitations,
)
from workflow.adapters.documents.tape import BodyText, Region
from workflow.domain.forms import Answer, QuestionSet

_KEY_COLUMN, _ANSWER_COLUMN = 1, 3
_NUMBER = pattern(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Given:
    """What stands where one question is answered, and the regions of the document it was read from."""

    text: str
    reason: str
    regions: tuple[Region, ...]


class FormAnswers:
    """One form, read.

    A file from Word has its fields by name. LibreOffice (7.4) loses the names, and lets a field and its bookmark
    reach round the first paragraph only: there (`by_libreoffice`) the whole cell is the answer. Bookmarks are what
    is left when the table is gone.
    """

    def __init__(self, text: BodyText, questions: QuestionSet, *, by_libreoffice: bool = False) -> None:
        self._text = text
        self._questions = questions
        self._by_libreoffice = by_libreoffice
        self._fields = {region.name: region for region in reversed(text.fields)}  # of several, the first
        self.rows = _rows_by_key(text)
        self.given = {
            question.key: given for question in questions.questions if (given := self._find(question.key)) is not None
        }

    @property
    def answers(self) -> tuple[Answer, ...]:
        found = (
            Answer(question=key, text=given.text, not_applicable=bool(given.reason), na_reason=given.reason)
            for key, given in self.given.items()
        )
        return tuple(answer for answer in found if not answer.is_empty)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The codes of questions that this form has and the round has not."""
        codes = (*(name.removesuffix(REASON_SUFFIX) for name in self._fields), *self.rows)
        return tuple(sorted({code for code in codes if code not in self._questions.keys}))

    def answer_cell(self, key: str) -> Region | None:
        """The cell where this question, of whichever round, is answered."""
        return self._text.cells.get((self.rows[key], _ANSWER_COLUMN)) if key in self.rows else None

    def _find(self, key: str) -> Given | None:
        ways = (self._by_row, self._by_field) if self._by_libreoffice else (self._by_field, self._by_row)
        return next((given for way in (*ways, self._by_bookmark) if (given := way(key)) is not None), None)

    def _by_field(self, key: str) -> Given | None:
        return _given(self._fields.get(key), self._fields.get(reason_field(key)))

    def _by_bookmark(self, key: str) -> Given | None:
        marks = self._text.bookmarks
        return _given(marks.get(bookmark(key)), marks.get(bookmark(reason_field(key))))

    def _by_row(self, key: str) -> Given | None:
        """Take the whole cell, parted at the line that asks for a reason."""
        cell = self.answer_cell(key)
        if cell is None:
            return None
        lines = "\n".join(cell.lines).split("\n")
        place = max((number for number, line in enumerate(lines) if _label(line)), default=len(lines))
        reason = []
        if place < len(lines):
            reason = [lines[place].strip().removeprefix(_label(lines[place])).strip(), *lines[place + 1 :]]
        return Given(_answered("\n".join(lines[:place])), _answered("\n".join(reason)), (cell,))


def _given(answer: Region | None, reason: Region | None) -> Given | None:
    if answer is None:
        return None
    regions = tuple(region for region in (answer, reason) if region is not None)
    texts = ["" if region.shows_invitation else _answered(region.text) for region in regions]
    return Given(texts[0], texts[1] if reason is not None else "", regions)


def _answered(text: str) -> str:
    """Give what somebody wrote: not the invitation to write, nor what of it stayed beside the words."""
    return "" if is_blank(text) else without_invitations(text).strip("\n")


def _label(line: str) -> str:
    """The words that ask for a reason, where this line begins with them."""
    return next((label for label in map(str.strip, REASON_LABELS) if line.strip().startswith(label)), "")


def _rows_by_key(text: BodyText) -> dict[str, int]:
    return dict(reversed([*_coded_rows(text)]))  # of several, the first


def _coded_rows(text: BodyText) -> Iterator[tuple[str, int]]:
    for (row, column), region in text.cells.items():
        if column == _KEY_COLUMN:
            lines = [line.strip() for line in region.lines if line.strip()]
            if len(lines) > 1 and _NUMBER.fullmatch(lines[0]):
                yield lines[1], row
