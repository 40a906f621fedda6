"""The text of a document on one tape: its pieces in order, the lines they make, and the regions that lie on it."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from workflow.adapters.documents.refusals import TOO_BIG
from workflow.adapters.documents.safe_xml import Refusal

MAX_LETTERS = 10_000_000
"""That are taken off one tape: fields can lie in fields and bookmarks in bookmarks, each with all words once more."""


Span = tuple[int, int]
"""From the first place to the one after the last."""


class Sign(Enum):
    """What is no text and is told of."""

    PICTURE = "picture"
    TABLE = "table"
    CHANGE = "change"
    LOST_BREAK = "lost break"
    UNKNOWN_SYMBOL = "unknown symbol"


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign at its place on the tape; `text` is what the file says about it (a picture's description).

    `target` is how the file calls the part that a picture lies in.
    """

    at: int
    sign: Sign
    text: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph, or what of it lies outside; `row` is its table row (from 1 through the document) or 0.

    `after` is the last row that had begun, in whichever table; `part` what was asked for it lies in, or -1.
    """

    text: str
    row: int
    after: int
    part: int = -1


@dataclass(frozen=True, slots=True)
class _Start:
    at: int
    row: int
    after: int


@dataclass(slots=True)
class Tape:
    """Written from the beginning to the end; `None` among the pieces begins a new line."""

    pieces: list[str | None] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    starts: list[_Start] = field(default_factory=list)
    room: int = MAX_LETTERS

    @property
    def here(self) -> int:
        return len(self.pieces)

    def begin_line(self, *, row: int, after: int) -> None:
        self.starts.append(_Start(self.here, row, after))
        self.pieces.append(None)

    def add(self, text: str) -> None:
        self.pieces.append(text)

    def mark(self, sign: Sign, text: str = "", target: str = "") -> None:
        self.marks.append(Mark(self.here, sign, text, target))
        self.pieces.append("")

    def lines_in(self, start: int, end: int) -> list[str]:
        """The lines between two places; the first may be the rest of one that began before.

        Raises Refusal when more than MAX_LETTERS have been asked for.
        """
        lines: list[list[str]] = []
        for piece in self.pieces[start:end]:
            if piece is None:
                lines.append([])
                continue
            if not lines:
                lines.append([])
            lines[-1].append(piece)
            self.room -= len(piece)
            if self.room < 0:
                raise Refusal(TOO_BIG)
        return ["".join(line) for line in lines]

    def marks_in(self, start: int, end: int) -> Sequence[Mark]:
        first = bisect_left(self.marks, start, key=lambda mark: mark.at)
        return self.marks[first : bisect_left(self.marks, end, key=lambda mark: mark.at)]

    def lines_outside(self, taken: Sequence[Span], parts: Sequence[Span] = ()) -> Iterator[Line]:
        """Give each line without what lies in the `taken` spans; those left empty fall away.

        A line is parted where one of the `parts` begins or ends; these are in order and none lies in another.
        """
        free, part_of = _Spans(sorted(taken)), _Spans(parts)
        ends = [*(each.at for each in self.starts), self.here]
        for begin, end in zip([_Start(0, 0, 0), *self.starts], ends, strict=True):
            run: list[str] = []
            last = -1
            for place in range(begin.at, end):
                part = part_of.holding(place)
                if part != last:
                    yield from _line(run, begin, last)
                    run, last = [], part
                piece = self.pieces[place]
                if piece and free.holding(place) < 0:
                    run.append(piece)
            yield from _line(run, begin, last)


def _line(pieces: Sequence[str], begin: _Start, part: int) -> Iterator[Line]:
    text = "".join(pieces)
    if text.strip():
        yield Line(text, begin.row, begin.after, part)


class _Spans:
    """Tells of growing places in which of the spans, ordered by their start, they lie."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans
        self._next = 0
        self._until = 0
        self._at = -1

    def holding(self, place: int) -> int:
        """Its index, that of the one which reaches farthest; -1 for none."""
        while self._next < len(self._spans) and self._spans[self._next][0] <= place:
            if self._spans[self._next][1] > self._until:
                self._until, self._at = self._spans[self._next][1], self._next
            self._next += 1
        return self._at if place < self._until else -1


@dataclass
class Region:
    """A stretch of the tape: a field, a bookmark, a cell. `shows_invitation` is Word's own "not answered"."""

    tape: Tape
    name: str
    start: int
    end: int
    shows_invitation: bool = False

    @property
    def span(self) -> Span:
        return self.start, self.end

    @cached_property
    def lines(self) -> list[str]:
        """Read when first asked for, and only then: regions may lie in each other, hundreds deep."""
        return self.tape.lines_in(self.start, self.end)

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip("\n")

    @property
    def marks(self) -> Sequence[Mark]:
        return self.tape.marks_in(self.start, self.end)


@dataclass(slots=True)
class BodyText:
    """All text of a body. A field, the bookmark round it and the cell it stands in all hold the same words."""

    tape: Tape = field(default_factory=Tape)
    fields: list[Region] = field(default_factory=list)
    bookmarks: dict[str, Region] = field(default_factory=dict)
    cells: dict[tuple[int, int], Region] = field(default_factory=dict)

    @property
    def lines(self) -> list[Line]:
        """The lines in no field."""
        return list(self.tape.lines_outside([region.span for region in self.fields]))
