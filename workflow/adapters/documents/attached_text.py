"""Attached text and tables of text: readable letters only, and no cell that a spreadsheet would run."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from re import compile as pattern

from workflow.adapters.documents.attached_refusals import MACROS, NOT_THAT_KIND
from workflow.adapters.documents.safe_xml import Refusal

_CONTROLS = pattern("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_CELL = pattern("[^;,\t\n]+")
_FORMULA = pattern(r"""(?:^|["'])\s*[=+\-@]""")
_OTHERS = (b"%PDF-", b"{\\rtf")  # written in letters, and no text all the same
_ENCODINGS = ("utf-8-sig", "cp1252")  # what Excel and Notepad write


def check_text(data: bytes) -> None:
    """Raises Refusal for what is no text."""
    if data.startswith(_OTHERS) or _CONTROLS.search(_letters(data)):
        raise Refusal(NOT_THAT_KIND)


def check_csv(data: bytes) -> None:
    """Raises Refusal for what is no text, or could start a program when a spreadsheet opens it."""
    check_text(data)
    if any(_starts_program(cell[0]) for cell in _CELL.finditer(_letters(data))):
        raise Refusal(MACROS)


def _starts_program(cell: str) -> bool:
    """=cmd|'/c calc'!A1 does. Asked step by step: one pattern for it all can be made to search for hours."""
    formula = _FORMULA.search(cell)
    bar = cell.find("|", formula.end()) if formula else -1
    return bar >= 0 and "!" in cell[bar:]


def _letters(data: bytes) -> str:
    encodings = ("utf-16",) if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else _ENCODINGS
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refusal(NOT_THAT_KIND)
