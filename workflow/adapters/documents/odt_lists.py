"""The signs before an OpenDocument text's list items: bullets and numbers, which are no text of the paragraphs."""

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from lxml import etree

from workflow.adapters.documents.odt_names import STYLE, TEXT
from workflow.adapters.documents.word_lists import counted

_KINDS = MappingProxyType({"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"})
_NUMBERED = f"{TEXT}list-level-style-number"
_CONTINUED = (f"{TEXT}continue-numbering", f"{TEXT}continue-list")
_DEEPEST = 10  # ODF 1.3 part 3, 19.880: levels 1 to 10 are what programs write


@dataclass(frozen=True, slots=True)
class _Level:
    kind: str
    before: str
    after: str


@dataclass(slots=True)
class _Open:
    """A list that is open; `waits` until the first paragraph of its item has got its sign."""

    style: str
    waits: bool = False


class Lists:
    """Follows the lists of one document as it is walked."""

    def __init__(self, roots: Iterable[etree._Element] = ()) -> None:
        self._levels = _levels(roots)
        self._open: list[_Open] = []
        self._counts: dict[tuple[str, int], int] = {}

    def begin_list(self, element: etree._Element) -> None:
        inherited = self._open[-1].style if self._open else ""
        self._open.append(_Open(element.get(f"{TEXT}style-name", inherited)))
        if not any(element.get(name) for name in _CONTINUED):
            self._counts.pop(self._place, None)

    def end_list(self) -> None:
        self._open.pop()

    def begin_item(self) -> None:
        if self._open:
            self._counts[self._place] = self._counts.get(self._place, 0) + 1
            self._open[-1].waits = True

    def sign(self) -> str:
        """What is printed before the paragraph that begins now, with a space after; "" for all but an item's first."""
        if not self._open or not self._open[-1].waits:
            return ""
        self._open[-1].waits = False
        level = self._levels.get(self._place)
        depth = len(self._open) - 1
        if level is None:
            return f"{'  ' * depth}• "
        return f"{'  ' * depth}{level.before}{counted(self._counts[self._place], level.kind)}{level.after} "

    @property
    def _place(self) -> tuple[str, int]:
        return self._open[-1].style, min(len(self._open), _DEEPEST)


def _levels(roots: Iterable[etree._Element]) -> dict[tuple[str, int], _Level]:
    """The numbered levels by style and depth (from 1); all others have bullets."""
    found = {}
    for root in roots:
        for level in root.iter(_NUMBERED):
            around, kind = level.getparent(), level.get(f"{STYLE}num-format", "1")
            depth = level.get(f"{TEXT}level", "1")
            if around is not None and kind and depth in _DEPTHS:
                before, after = level.get(f"{STYLE}num-prefix", ""), level.get(f"{STYLE}num-suffix", "")
                found[around.get(f"{STYLE}name", ""), int(depth)] = _Level(_KINDS.get(kind, ""), before, after)
    return found


_DEPTHS = frozenset(str(depth) for depth in range(1, _DEEPEST + 1))
