"""A Word document of ours: its properties and running lines, tables that can be read aloud, and the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZipFile

from docx import Document
from docx.document import Document as WordDocument
from docx.shared import Length
from docx.table import _Cell, _Row
from docx.text.paragraph import Paragraph
from docx_plus.core.ns import qn
from docx_plus.core.oxml import el, ordered_insert, sub
from docx_plus.fields import add_page_number_field
from docx_plus.tables import set_cell_shading, set_table_borders

from workflow.adapters.documents.archive import fixed_zip
from workflow.adapters.documents.typography import FIELD, HAIRLINE, LANGUAGE, blank

_TABLE_ORDER = ("tblBorders", "shd", "tblLayout", "tblCellMar", "tblLook", "tblCaption", "tblDescription")
_PADDING = {"top": 85, "left": 0, "bottom": 85, "right": 170}  # twentieths of a point: 1.5 and 3 mm


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a document says about itself: in its properties, and at the head and foot of every page.

    `language` as BCP 47 has it; `page` are the words round a page's number and that of the last.
    """

    title: str
    subject: str
    author: str
    left: str
    right: str
    foot: str
    at: datetime
    language: str = LANGUAGE
    page: tuple[str, str] = ("Sida", "av")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A table before its rows: column headings, widths, and the words for those who listen instead of look."""

    columns: tuple[str, ...]
    widths: tuple[Length, ...]
    title: str
    description: str


def new_document(card: Card) -> WordDocument:
    """Begin a document: properties, running head, page numbers, nothing else."""
    document = Document(BytesIO(blank(card.language)))
    properties = document.core_properties
    properties.title, properties.subject, properties.author = card.title, card.subject, card.author
    properties.last_modified_by, properties.comments, properties.keywords = card.author, "", ""
    properties.language, properties.revision = card.language, 1
    # the library writes a naive time as UTC
    properties.created = properties.modified = card.at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    section = document.sections[0]
    section.header.paragraphs[0].add_run(f"{card.left}\t{card.right}")
    foot = section.footer.paragraphs[0]
    foot.add_run(f"{card.foot}\t{card.page[0]} ")
    add_page_number_field(foot)
    foot.add_run(f" {card.page[1]} ")
    add_page_number_field(foot, field="NUMPAGES")
    return document


def add_table(document: WordDocument, plan: Plan, rows: int) -> tuple[_Row, ...]:
    """Add a ruled table with a heading row that repeats on every page, and give its empty rows."""
    table = document.add_table(rows=rows + 1, cols=len(plan.columns))
    table.autofit = False
    element = document.element.body.findall(qn("w:tbl"))[-1]
    properties = element.find(qn("w:tblPr"))
    sub(properties, "w:tblCaption", **{"w:val": plan.title})
    sub(properties, "w:tblDescription", **{"w:val": plan.description})
    set_table_borders(table, bottom=HAIRLINE, inside_h=HAIRLINE)
    margins = el("w:tblCellMar")
    for side, width in _PADDING.items():
        sub(margins, f"w:{side}", **{"w:w": str(width), "w:type": "dxa"})
    ordered_insert(properties, margins, _TABLE_ORDER)
    for column, width in zip(table.columns, plan.widths, strict=True):
        column.width = width
    head, *body = table.rows
    sub(element.find(qn("w:tr")).get_or_add_trPr(), "w:tblHeader")
    for cell, words in zip(cells(head, plan.widths), plan.columns, strict=True):
        write(cell.paragraphs[0], words, "Column")
    return tuple(body)


def cells(row: _Row, widths: Sequence[Length]) -> tuple[_Cell, ...]:
    """Give the row's cells, each made as wide as its column."""
    found = row.cells
    for cell, width in zip(found, widths, strict=True):
        cell.width = width
    return found


def write(paragraph: Paragraph, text: str, style: str, *, character: str | None = None) -> Paragraph:
    """Give the paragraph its style and one run of text; nothing in the text is interpreted."""
    paragraph.style = style
    if text:
        paragraph.add_run(text, style=character)
    return paragraph


def speak(paragraph: Paragraph, language: str) -> None:
    """Say that the paragraph's words are in this language, where the document's is another."""
    for run in paragraph.runs:
        sub(run.element.get_or_add_rPr(), "w:lang", **{"w:val": language})


def tint(cell: _Cell) -> None:
    """Show the cell as a place to write: a light ground, the text a little in from its edge."""
    set_cell_shading(cell, FIELD)
    properties = cell.paragraphs[0].paragraph_format.element.getparent().get_or_add_tcPr()
    margins = sub(properties, "w:tcMar")
    sub(margins, "w:left", **{"w:w": str(_PADDING["right"]), "w:type": "dxa"})


def as_bytes(document: WordDocument, *, at: datetime) -> bytes:
    """Save as .docx with every entry dated `at`: the same document gives the same bytes."""
    buffer = BytesIO()
    document.save(buffer)
    with ZipFile(buffer) as saved:
        return fixed_zip({name: saved.read(name) for name in saved.namelist()}, at=at)
