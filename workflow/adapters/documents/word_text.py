"""Reads the text of a Word document's body: what stands in fields, in our bookmarks, and outside both."""

from dataclasses import dataclass, field
from time import monotonic
from types import MappingProxyType

from docx_plus.core.ns import qn
from lxml import etree

from workflow.adapters.documents.fields import BOOKMARK_PREFIXES, SYMBOLS
from workflow.adapters.documents.refusals import TOO_BIG
from workflow.adapters.documents.safe_xml import Refusal

PATIENCE = 5.0  # seconds; a real form takes some hundredths
MAX_LETTERS = 30_000_000
"""That are kept while reading: the same words stand in a field, its bookmark and every cell round it."""

_SKIPPED = frozenset(
    {
        *(qn(f"w:{name}") for name in ("del", "moveFrom", "instrText", "pPr", "rPr", "sdtPr", "tblPr")),
        "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",  # repeats what Choice says
    },
)
_TEXT = frozenset({qn("w:t"), "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"})
_SIGNS = MappingProxyType(
    {
        qn("w:br"): "\n",
        qn("w:cr"): "\n",
        qn("w:tab"): "\t",
        qn("w:noBreakHyphen"): "\N{NON-BREAKING HYPHEN}",
        qn("w:softHyphen"): "\N{SOFT HYPHEN}",
    },
)
_PICTURES = frozenset(qn(f"w:{name}") for name in ("drawing", "pict", "object"))
_VAL, _NAME, _ID = qn("w:val"), qn("w:name"), qn("w:id")


@dataclass(slots=True)
class Region:
    """The text of one field or bookmark, a line per paragraph; `shows_invitation` is Word's own "not answered"."""

    name: str
    shows_invitation: bool = False
    pictures: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip("\n")


@dataclass(frozen=True, slots=True)
class Line:
    """What a paragraph says outside all fields.

    In tables `row` (from 1 through the document) and `column` say where; `bookmark` names ours that is round it.
    """

    text: str
    row: int
    column: int
    bookmark: str


@dataclass(slots=True)
class BodyText:
    """All text of a body.

    A field, the bookmark round it and the cell it stands in (by row and column) all hold the same words; `lines`
    holds what is in no field.
    """

    fields: list[Region] = field(default_factory=list)
    bookmarks: list[Region] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    cells: dict[tuple[int, int], Region] = field(default_factory=dict)
    pictures: int = 0


def read_text(body: etree._Element, *, by_libreoffice: bool = False, patience: float = PATIENCE) -> BodyText:
    """Read everything that is shown: insertions count, deletions (tracked changes) do not.

    LibreOffice 7.4 loses line breaks in fields but begins a new text element where one was: pass `by_libreoffice`
    for a file that it saved. Raises Refusal for what takes longer than `patience` seconds, or too much memory.
    """
    reader = _Reader(by_libreoffice=by_libreoffice, until=monotonic() + patience)
    reader.read(body)
    return reader.found


class _Reader:
    """Walks the tree once, with the regions it stands in."""

    def __init__(self, *, by_libreoffice: bool, until: float) -> None:
        self.found = BodyText()
        self._until = until
        self._letters = 0
        self._by_libreoffice = by_libreoffice
        self._fields: list[Region] = []
        self._bookmarks: dict[str, Region] = {}
        self._cells: tuple[Region, ...] = ()
        self._outside: list[tuple[str, str]] = []  # bookmark, text
        self._rows = self._row = self._column = 0

    def read(self, element: etree._Element) -> None:
        if monotonic() > self._until:
            raise Refusal(TOO_BIG)
        tag = element.tag
        if tag in _SKIPPED or not isinstance(tag, str):
            return
        if tag in _TEXT:
            self._add_text(element)
        elif tag in _SIGNS:
            self._add(_SIGNS[tag])
        elif tag in _PICTURES:
            self._add_picture()
        special = _SPECIAL.get(tag)
        if special is None:
            self._read_children(element)
        else:
            special(self, element)

    def _read_children(self, element: etree._Element) -> None:
        for child in element:
            self.read(child)

    def read_paragraph(self, element: etree._Element) -> None:
        for region in (*self._cells, *self._open()):
            region.lines.append("")
        around, self._outside = self._outside, []
        self._read_children(element)
        for mark in dict.fromkeys(mark for mark, _ in self._outside):
            text = "".join(piece for at, piece in self._outside if at == mark)
            if text.strip():
                self.found.lines.append(Line(text, self._row, self._column, mark))
        self._outside = around

    def read_control(self, element: etree._Element) -> None:
        properties = element.find(qn("w:sdtPr"))
        tag = None if properties is None else properties.find(qn("w:tag"))
        name = "" if tag is None else tag.get(_VAL, "")
        if properties is None or not name:
            self._read_children(element)
            return
        region = Region(name, shows_invitation=properties.find(qn("w:showingPlcHdr")) is not None)
        self.found.fields.append(region)
        self._fields.append(region)
        self._read_children(element)
        self._fields.pop()

    def read_row(self, element: etree._Element) -> None:
        around = self._row, self._column
        self._rows += 1
        self._row, self._column = self._rows, 0
        self._read_children(element)
        self._row, self._column = around

    def read_cell(self, element: etree._Element) -> None:
        self._column += 1
        around, self._cells = self._cells, (*self._cells, Region(""))
        self.found.cells[self._row, self._column] = self._cells[-1]
        self._read_children(element)
        self._cells = around
        self._bookmarks.clear()  # ours end in the cell where they begin; an end that got lost must not swallow the rest

    def read_symbol(self, element: etree._Element) -> None:
        self._add(SYMBOLS.get(element.get(qn("w:char"), "").upper(), "\N{REPLACEMENT CHARACTER}"))

    def begin_bookmark(self, element: etree._Element) -> None:
        name = element.get(_NAME, "")
        if name.startswith(BOOKMARK_PREFIXES):
            region = Region(name)
            self.found.bookmarks.append(region)
            self._bookmarks[element.get(_ID, "")] = region

    def end_bookmark(self, element: etree._Element) -> None:
        self._bookmarks.pop(element.get(_ID, ""), None)

    def _open(self) -> tuple[Region, ...]:
        return (*self._fields, *self._bookmarks.values())

    def _add_text(self, element: etree._Element) -> None:
        before = element.getprevious()
        if self._by_libreoffice and before is not None and before.tag == element.tag:
            self._add("\n")
        self._add(element.text or "")

    def _add(self, text: str) -> None:
        regions = (*self._cells, *self._open())
        self._letters += len(text) * (len(regions) + 1)
        if self._letters > MAX_LETTERS:
            raise Refusal(TOO_BIG)
        for region in regions:
            if not region.lines:
                region.lines.append("")
            region.lines[-1] += text
        if not self._fields:
            mark = next((region.name for region in self._bookmarks.values()), "")
            self._outside.append((mark, text))

    def _add_picture(self) -> None:
        regions = self._open()
        for region in regions:
            region.pictures += 1
        if not regions:
            self.found.pictures += 1


_SPECIAL = MappingProxyType(
    {
        qn("w:p"): _Reader.read_paragraph,
        qn("w:sdt"): _Reader.read_control,
        qn("w:tr"): _Reader.read_row,
        qn("w:tc"): _Reader.read_cell,
        qn("w:sym"): _Reader.read_symbol,
        qn("w:bookmarkStart"): _Reader.begin_bookmark,
        qn("w:bookmarkEnd"): _Reader.end_bookmark,
    },
)
