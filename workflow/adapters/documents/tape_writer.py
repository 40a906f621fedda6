"""Writes a tape while a document is walked: where lines begin, what lies in which field, bookmark and cell."""

from dataclasses import dataclass

from workflow.adapters.documents.fields import BOOKMARK_PREFIXES
from workflow.adapters.documents.tape import BodyText, Region, Sign


@dataclass(slots=True)
class _Table:
    """A table that is open. One inside another becomes text: a line per row, a tab between cells."""

    is_text: bool
    row: int = 0
    column: int = 0
    cell: Region | None = None
    is_fresh: bool = False


class TapeWriter:
    """The same for every format: what begins must end, in turn."""

    def __init__(self) -> None:
        self._found = BodyText()
        self.tape = self._found.tape
        self._fields: list[Region] = []
        self._bookmarks: dict[str, Region] = {}
        self._tables: list[_Table] = []
        self._rows = 0
        self._paragraphs = 0
        self._goes_on = False  # the end of the paragraph before is deleted: the next one goes on in its line
        self._is_cut = False  # a paragraph in a paragraph (a text box) has ended, and the outer one may go on

    def finished(self) -> BodyText:
        self._end_bookmarks()
        return self._found

    def add(self, text: str) -> None:
        if text and self._is_cut:
            self._begin_line()
        if text:
            self.tape.add(text)

    def begin_paragraph(self, sign: str = "") -> None:
        """Begin a line, with the `sign` of a list item before it; in a table that becomes text, go on in the row."""
        self._paragraphs += 1
        table = self._tables[-1] if self._tables else None
        goes_on, self._goes_on = self._goes_on, False
        if goes_on:
            return
        if table is None or not table.is_text:
            self._begin_line()
        elif not table.is_fresh:
            self.tape.add(" ")
        if table is not None:
            table.is_fresh = False
        self.add(sign)

    def end_paragraph(self, *, goes_on: bool = False) -> None:
        """End the line, unless it `goes_on` in the next paragraph of the same field and cell."""
        self._paragraphs -= 1
        self._is_cut = self._paragraphs > 0
        self._goes_on = goes_on

    def begin_field(self, name: str, *, shows_invitation: bool) -> None:
        self._goes_on = False
        region = self._region(name)
        region.shows_invitation = shows_invitation
        self._found.fields.append(region)
        self._fields.append(region)

    def end_field(self) -> None:
        self._goes_on = False
        self._fields.pop().end = self.tape.here

    def begin_bookmark(self, key: str, name: str) -> None:
        """Note one of ours; of several with one name, the first."""
        if name.startswith(BOOKMARK_PREFIXES) and name not in self._found.bookmarks:
            self._found.bookmarks[name] = self._bookmarks[key] = self._region(name)

    def end_bookmark(self, key: str) -> None:
        if key in self._bookmarks:
            self._bookmarks.pop(key).end = self.tape.here

    def begin_table(self) -> None:
        self._goes_on = False
        is_text = bool(self._tables)
        if is_text:
            self.tape.mark(Sign.TABLE)
        self._tables.append(_Table(is_text))

    def end_table(self) -> None:
        self._goes_on = False
        self._tables.pop()

    @property
    def is_in_inner_table(self) -> bool:
        return bool(self._tables) and self._tables[-1].is_text

    def begin_row(self) -> None:
        if not self._tables:
            return
        table = self._tables[-1]
        table.column = 0
        if not table.is_text:
            self._rows += 1
            table.row = self._rows

    def begin_cell(self) -> None:
        if not self._tables:
            return
        table = self._tables[-1]
        table.column += 1
        table.is_fresh = True
        self._goes_on = False
        if not table.is_text:
            table.cell = self._found.cells[table.row, table.column] = self._region("")
        elif table.column == 1:
            self._begin_line()
        else:
            self.tape.add("\t")

    def end_cell(self) -> None:
        table = self._tables[-1] if self._tables else None
        if table is not None and table.cell is not None:
            table.cell.end = self.tape.here
            table.cell = None
            self._end_bookmarks()  # ours end in the cell where they begin: an end that got lost must not swallow more

    def _begin_line(self) -> None:
        self._is_cut = False
        self.tape.begin_line(row=self._tables[0].row if self._tables else 0, after=self._rows)

    def _end_bookmarks(self) -> None:
        for region in self._bookmarks.values():
            region.end = self.tape.here
        self._bookmarks.clear()

    def _region(self, name: str) -> Region:
        return Region(self.tape, name, self.tape.here, self.tape.here)
