"""One table in an .xlsx (ECMA-376) from a stranger: checked like the Word form, read as text, never calculated."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from posixpath import join, normpath
from re import compile as pattern
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from lxml import etree

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

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_DATE_FORMATS = frozenset({*range(14, 18), 22, *range(27, 32), 36, *range(50, 59)})  # built-in number formats of days
_NOT_SHOWN = pattern(r'"[^"]*"|\[[^\]]*\]|\\.')
_COLUMN = pattern(r"[A-Z]{1,3}")
_EPOCH, _EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
_LETTERS: Final = 26


def read_table(data: bytes, *, name: str) -> list[tuple[int, list[str]]]:
    """The first sheet's rows that are not empty, each with its number, as wide as the first at least.

    Days become year-month-day, whole numbers lose their decimals, formulas give the result that was saved with them.
    Raises FileRefusedError (file, why).
    """
    try:
        return _fitted(_Book.opened(data).rows())
    except Refusal as refusal:
        raise FileRefusedError(file=name, why=str(refusal)) from refusal
    except (KeyError, ValueError, IndexError, OverflowError) as broken:
        raise FileRefusedError(file=name, why=NOT_SPREADSHEET) from broken


@dataclass(frozen=True, slots=True)
class _Book:
    """What is needed to read the first sheet: shared texts, which styles are days, and where days are counted from."""

    sheet: etree._Element
    texts: Sequence[str]
    days: Sequence[bool]
    epoch: date

    @classmethod
    def opened(cls, data: bytes) -> "_Book":
        parts = _checked(data)
        book = parse(parts["xl/workbook.xml"])
        first = next(book.iter(f"{_MAIN}sheet"))
        targets = {each.get("Id"): each.get("Target", "") for each in parse(parts["xl/_rels/workbook.xml.rels"])}
        target = targets[first.get(_REL_ID)]
        place = target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
        properties = book.find(f"{_MAIN}workbookPr")
        is_1904 = properties is not None and properties.get("date1904") in {"1", "true"}
        return cls(parse(parts[place]), _texts(parts), _days(parts), _EPOCH_1904 if is_1904 else _EPOCH)

    def rows(self) -> list[tuple[int, list[str]]]:
        found: list[tuple[int, list[str]]] = []
        number = 0
        for row in self.sheet.iter(f"{_MAIN}row"):
            number = int(row.get("r") or number + 1)
            cells = self._cells(row)
            if number > MAX_ROWS or len(cells) > MAX_COLUMNS:
                raise Refusal(TOO_BIG)
            if any(cells):
                found.append((number, cells))
        return found

    def _cells(self, row: etree._Element) -> list[str]:
        cells: list[str] = []
        for cell in row.iter(f"{_MAIN}c"):
            place = _place(cell.get("r", "")) if cell.get("r") else len(cells)
            if place >= MAX_COLUMNS:
                raise Refusal(TOO_BIG)
            cells += [""] * (place + 1 - len(cells))
            cells[place] = self._text(cell).strip()
        return cells

    def _text(self, cell: etree._Element) -> str:
        kind, value = cell.get("t", "n"), cell.findtext(f"{_MAIN}v") or ""
        if kind == "inlineStr":
            return _runs(cell.find(f"{_MAIN}is"))
        if kind == "s":
            return self.texts[int(value)]
        if kind == "b":
            return "yes" if value == "1" else "no"
        if kind == "n" and value:
            style = int(cell.get("s") or 0)
            return self._number(float(value), is_day=style < len(self.days) and self.days[style])
        return value[:10] if kind == "d" else value

    def _number(self, number: float, *, is_day: bool) -> str:
        if is_day:
            return (self.epoch + timedelta(days=int(number))).isoformat()
        return str(int(number)) if number.is_integer() else str(number)


def _checked(data: bytes) -> Mapping[str, bytes]:
    if not data.startswith(b"PK\x03\x04"):
        raise Refusal(NOT_SPREADSHEET)
    parts = unpack(data)
    named = " ".join((*parts, parts.get("[Content_Types].xml", b"").decode("utf-8", "replace")))
    if "xl/workbook.xml" not in parts:
        raise Refusal(NOT_SPREADSHEET)
    if _MACRO.search(named):
        raise Refusal(MACROS)
    if _ACTIVE.search(named):
        raise Refusal(ACTIVE)
    return parts


def _texts(parts: Mapping[str, bytes]) -> list[str]:
    if "xl/sharedStrings.xml" not in parts:
        return []
    return [_runs(each) for each in parse(parts["xl/sharedStrings.xml"]).iter(f"{_MAIN}si")]


def _runs(item: etree._Element | None) -> str:
    """A text of one or several runs, without the reading aids (rPh) of other scripts."""
    if item is None:
        return ""
    runs = [item, *item.findall(f"{_MAIN}r")]
    return "".join(run.findtext(f"{_MAIN}t") or "" for run in runs)


def _days(parts: Mapping[str, bytes]) -> list[bool]:
    """By style: whether it shows a number as a day."""
    if "xl/styles.xml" not in parts:
        return []
    styles = parse(parts["xl/styles.xml"])
    own = {each.get("numFmtId"): each.get("formatCode", "") for each in styles.iter(f"{_MAIN}numFmt")}
    formats = styles.find(f"{_MAIN}cellXfs")
    return [_is_day(each.get("numFmtId", "0"), own) for each in (formats if formats is not None else ())]


def _is_day(number: str, own: Mapping[str | None, str]) -> bool:
    shown = _NOT_SHOWN.sub("", own.get(number, "")).casefold()
    return int(number) in _DATE_FORMATS or "y" in shown or "d" in shown


def _place(reference: str) -> int:
    """Which column "AB7" is in, from 0."""
    letters = _COLUMN.match(reference)
    if letters is None:
        raise ValueError(reference)
    place = 0
    for letter in letters.group():
        place = place * _LETTERS + ord(letter) - ord("A") + 1
    return place - 1


def _fitted(rows: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """Without empty cells at the end; a cell beyond the heading that holds something stays, and is a fault."""
    kept = [(number, cells[: max(place + 1 for place, cell in enumerate(cells) if cell)]) for number, cells in rows]
    width = len(kept[0][1]) if kept else 0
    return [(number, cells + [""] * (width - len(cells))) for number, cells in kept]


# --- writing ---------------------------------------------------------------------------------------------------------

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_FRAME = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN[1:-1]}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="units" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
_WHEN = (1980, 1, 1, 0, 0, 0)  # the same bytes every time


def write_table(rows: Iterable[Sequence[str]]) -> bytes:
    """An .xlsx with one sheet of texts; nothing in it is a formula, whatever it begins with."""
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        for name, content in {**_FRAME, "xl/worksheets/sheet1.xml": _sheet(rows)}.items():
            entry = ZipInfo(name, _WHEN)
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, _HEAD + content)
    return out.getvalue()


def _sheet(rows: Iterable[Sequence[str]]) -> str:
    sheet = parse(f'<worksheet xmlns="{_MAIN[1:-1]}"/>'.encode())
    views = etree.SubElement(etree.SubElement(sheet, f"{_MAIN}sheetViews"), f"{_MAIN}sheetView", workbookViewId="0")
    etree.SubElement(views, f"{_MAIN}pane", ySplit="1", topLeftCell="A2", activePane="bottomLeft", state="frozen")
    table = etree.SubElement(sheet, f"{_MAIN}sheetData")
    for number, row in enumerate(rows, start=1):
        line = etree.SubElement(table, f"{_MAIN}row", r=str(number))
        for place, text in enumerate(row):
            if text:
                cell = etree.SubElement(line, f"{_MAIN}c", r=f"{_letters(place)}{number}", t="inlineStr")
                etree.SubElement(etree.SubElement(cell, f"{_MAIN}is"), f"{_MAIN}t").text = text
    return etree.tostring(sheet, encoding="unicode")


def _letters(place: int) -> str:
    more, rest = divmod(place, _LETTERS)
    return (_letters(more - 1) if more else "") + chr(ord("A") + rest)
