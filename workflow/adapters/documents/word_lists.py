"""The signs before a Word document's list items: bullets and numbers, which are no text of the paragraphs there."""

from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType

from docx_plus.core.ns import qn
from lxml import etree

_VAL = qn("w:val")
_INDENT = "  "
_DEEPEST = 9  # ISO/IEC 29500-1 §17.9.6: levels 0 to 8
_BULLET = "•"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"))
_ROMAN_SMALL = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list is numbered: its format, its text ("%1." for "1."), its first number."""

    kind: str
    text: str
    first: int


_PLAIN = Level("bullet", _BULLET, 1)


class Lists:
    """Counts the items of one document, in its order."""

    def __init__(self, numbering: etree._Element | None = None, styles: etree._Element | None = None) -> None:
        self._levels = _levels(numbering)
        self._styles = _styles(styles)
        self._counts: Counter[tuple[str, int]] = Counter()

    def sign(self, paragraph: etree._Element) -> str:
        """What is printed before this paragraph, with a space after; "" for one that is no list item."""
        properties = paragraph.find(qn("w:pPr"))
        if properties is None:
            return ""
        number, depth = self._place(properties)
        if number in ("", "0"):  # 0 takes a paragraph out of its style's list
            return ""
        level = self._levels.get((number, depth), _PLAIN)
        if level.kind == "none":
            return ""
        self._counts[number, depth] += 1
        for deeper in range(depth + 1, _DEEPEST):
            self._counts.pop((number, deeper), None)
        return f"{_INDENT * depth}{self._written(number, depth, level)} "

    def _place(self, properties: etree._Element) -> tuple[str, int]:
        found = properties.find(qn("w:numPr"))
        if found is None:
            return self._styles.get(_value(properties, "w:pStyle"), ("", 0))
        return _value(found, "w:numId"), _depth(_value(found, "w:ilvl"))

    def _written(self, number: str, depth: int, level: Level) -> str:
        if level.kind == "bullet":
            return _BULLET
        text = level.text
        for place in range(depth + 1):
            outer = self._levels.get((number, place), _PLAIN)
            count = outer.first + max(self._counts[number, place], 1) - 1
            text = text.replace(f"%{place + 1}", counted(count, outer.kind))
        return text


def _levels(numbering: etree._Element | None) -> dict[tuple[str, int], Level]:
    if numbering is None:
        return {}
    kinds = {each.get(qn("w:abstractNumId"), ""): each for each in numbering.iterfind(qn("w:abstractNum"))}
    found: dict[tuple[str, int], Level] = {}
    for each in numbering.iterfind(qn("w:num")):
        kind = kinds.get(_value(each, "w:abstractNumId"))
        for level in () if kind is None else kind.iterfind(qn("w:lvl")):
            found[each.get(qn("w:numId"), ""), _depth(level.get(qn("w:ilvl"), ""))] = _level(level)
    return found


def _level(level: etree._Element) -> Level:
    first = _value(level, "w:start")
    return Level(
        _value(level, "w:numFmt") or "decimal",
        _value(level, "w:lvlText")[:100],
        int(first) if first.isascii() and first.isdigit() and len(first) < len("1000000") else 1,
    )


def _styles(styles: etree._Element | None) -> MappingProxyType[str, tuple[str, int]]:
    """The lists that styles bring (List Bullet, List Number), by the style's id."""
    found = {}
    for style in () if styles is None else styles.iterfind(qn("w:style")):
        place = style.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
        if place is not None:
            found[style.get(qn("w:styleId"), "")] = _value(place, "w:numId"), _depth(_value(place, "w:ilvl"))
    return MappingProxyType(found)


def counted(count: int, kind: str) -> str:
    """Write a list's number: kind is lowerLetter, upperRoman and so on, anything else is decimal."""
    if kind.endswith("Letter"):
        letters = _LETTERS[(count - 1) % len(_LETTERS)] * ((count - 1) // len(_LETTERS) % _DEEPEST + 1)
        return letters.upper() if kind.startswith("upper") else letters
    if kind.endswith("Roman"):
        return _roman(count).upper() if kind.startswith("upper") else _roman(count)
    return str(count)


def _roman(count: int) -> str:
    written, rest = "", count % 4000
    for value, letters in (*_ROMAN, *_ROMAN_SMALL):
        written += letters * (rest // value)
        rest %= value
    return written


def _value(parent: etree._Element, name: str) -> str:
    found = parent.find(qn(name))
    return "" if found is None else found.get(_VAL, "")


def _depth(text: str) -> int:
    return min(int(text), _DEEPEST - 1) if text.isascii() and text.isdigit() and len(text) == 1 else 0
