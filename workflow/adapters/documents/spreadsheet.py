"""One table in an .xlsx from a stranger: unpacked with care like the Word form, read as text, never calculated."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from io import BytesIO
from re import compile as pattern
from typing import Final
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import InvalidFileException

from workflow.adapters.documents.safe_xml import Refusal, parse
from workflow.adapters.documents.unpacking import unpack
from workflow.domain.errors import FileRefusedError

NOT_SPREADSHEET = "det är inte ett kalkylblad. Spara det som Excel-arbetsbok (.xlsx) eller som CSV UTF-8."
MACROS = "den kan innehålla makron. Välj Spara som i Excel och sedan Excel-arbetsbok (.xlsx)."
ACTIVE = "den hämtar innehåll från annat håll eller innehåller andra filer. Kopiera raderna till ett nytt kalkylblad."
TOO_BIG = "den har för många rader eller kolumner för att vara registret."
MAX_ROWS: Final = 20_000
MAX_COLUMNS: Final = 60
_MACRO = pattern(r"(?i)vbaProject|macroEnabled|xlmacrosheet|macrosheets/|dialogsheets/")
_ACTIVE = pattern(r"(?i)externalLinks/|embeddings/|activeX/|connections\.xml|queryTables/")
_BROKEN = (
    KeyError,
    ValueError,
    IndexError,
    OverflowError,
    TypeError,
    AttributeError,
    BadZipFile,
    InvalidFileException,
    SyntaxError,  # what the parsers of XML raise
)
"""What openpyxl raises over a file that only looks like a workbook."""


def read_table(data: bytes, *, name: str) -> list[tuple[int, list[str]]]:
    """The first sheet's rows that are not empty, each with its number, as wide as the first at least.

    Days become year-month-day, whole numbers lose their decimals, formulas give the result that was saved with them.
    Raises FileRefusedError (file, why).
    """
    try:
        _check(data)
        return _fitted(_rows(data))
    except Refusal as refusal:
        raise FileRefusedError(file=name, why=str(refusal)) from refusal
    except _BROKEN as broken:
        raise FileRefusedError(file=name, why=NOT_SPREADSHEET) from broken


def write_table(rows: Iterable[Sequence[str]]) -> bytes:
    """An .xlsx with one sheet of texts; nothing in it is a formula, whatever it begins with."""
    book, out = Workbook(write_only=True), BytesIO()
    book.properties.creator = "Tertial"
    sheet = book.create_sheet("units")
    sheet.freeze_panes = "A2"
    for row in rows:
        cells = [WriteOnlyCell(sheet, value=text or None) for text in row]
        for cell in cells:
            if cell.value is not None:
                cell.data_type = "s"  # openpyxl takes "=…" for a formula
        sheet.append(cells)
    book.save(out)
    return out.getvalue()


def _check(data: bytes) -> None:
    """Refuse what openpyxl would follow or unpack without asking. Raises Refusal."""
    if not data.startswith(b"PK\x03\x04"):
        raise Refusal(NOT_SPREADSHEET)
    parts: Mapping[str, bytes] = unpack(data)
    named = " ".join((*parts, parts.get("[Content_Types].xml", b"").decode("utf-8", "replace")))
    if "xl/workbook.xml" not in parts:
        raise Refusal(NOT_SPREADSHEET)
    if _MACRO.search(named):
        raise Refusal(MACROS)
    if _ACTIVE.search(named):
        raise Refusal(ACTIVE)
    for part, content in parts.items():
        if part.endswith((".xml", ".rels")):
            parse(content)


def _rows(data: bytes) -> list[tuple[int, list[str]]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about what it leaves out: styles, validations, a day that is none
        book = load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # other programs' word for the size is not to be trusted
        return list(_filled(sheet.iter_rows(values_only=True)))


def _filled(rows: Iterable[Sequence[object]]) -> Iterator[tuple[int, list[str]]]:
    for number, values in enumerate(rows, start=1):
        cells = _without_tail([_text(value).strip() for value in values])
        if number > MAX_ROWS or len(cells) > MAX_COLUMNS:
            raise Refusal(TOO_BIG)
        if cells:
            yield number, cells


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.date().isoformat()
        case date():
            return value.isoformat()
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)


def _without_tail(cells: list[str]) -> list[str]:
    return cells[: max((place + 1 for place, cell in enumerate(cells) if cell), default=0)]


def _fitted(rows: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """A cell beyond the heading that holds something stays, and is a fault."""
    width = len(rows[0][1]) if rows else 0
    return [(number, cells + [""] * (width - len(cells))) for number, cells in rows]
