"""Puts style sheets into the tags of an HTML mail: once for each shape, however many mails have that shape."""

import re
from functools import lru_cache
from html import escape
from itertools import chain
from typing import Final

from css_inline import CSSInliner

from workflow.ports import LINK_SECRET

_WORDS: Final = re.compile(r">(\s*[^\s<>][^<>]*)<")
_HOLE: Final = re.compile(">\ue000([0-9]+)\ue001<")
_LINK: Final = f"https://{LINK_SECRET}"
_SHAPES: Final = 128  # about 15 KB each


class Inliner:
    """Styles depend on the tags alone, not on the words between them.

    So the words and the personal link are lifted out, what is left is inlined by the library and remembered, and the
    words are put back as they were: escaped already, and in the same places. Safe for threads.
    """

    def __init__(self) -> None:
        self._library = CSSInliner(load_remote_stylesheets=False)
        self._shape = lru_cache(_SHAPES)(self._inlined_shape)

    def inline(self, html: str, *, link: str) -> str:
        """Give the page with each rule in the `style` of its tags. `link` is the only address that varies."""
        return self.by_shape(html, link=link) or self._library.inline(html)

    def by_shape(self, html: str, *, link: str) -> str | None:
        """The same; None where the library has to see what else is on the page, and may change it."""
        shown = escape(link, quote=False)  # an address has no quotation marks (RFC 3986 §2)
        general = html.replace(shown, _LINK) if link else html
        pieces = _pieces(general)
        if any(LINK_SECRET in fixed.replace(_LINK, "") for fixed in pieces[::2]):
            return None  # a template made something else of the link
        shape = self._shape(tuple(pieces[::2]))
        if not shape:
            return None
        pieces[::2] = shape
        return _joined(pieces).replace(_LINK, shown)

    @property
    def shapes(self) -> int:
        """How many shapes have been inlined and are remembered."""
        return self._shape.cache_info().currsize

    def _inlined_shape(self, fixed: tuple[str, ...]) -> tuple[str, ...]:
        """The fixed pieces with styles, or nothing if the library moved or dropped a place for words."""
        holes = [f"\ue000{number}\ue001" for number in range(len(fixed) - 1)]
        page = _joined([*chain.from_iterable(zip(fixed, holes, strict=False)), fixed[-1]])
        found = _HOLE.split(self._library.inline(page))
        return tuple(found[::2]) if found[1::2] == [str(number) for number in range(len(holes))] else ()


def without_words(html: str) -> str:
    """What the shape of a page depends on, its tags and style sheets."""
    return "".join(_pieces(html)[::2])


def _pieces(html: str) -> list[str]:
    """By turns what is fixed and the words between two tags; style sheets are fixed, white space alone is too."""
    begins, ends = html.find("<style"), html.rfind("</style>")
    if begins < 0 or ends < begins:
        return _WORDS.split(html)
    front, back = _WORDS.split(html[:begins]), _WORDS.split(html[ends:])
    return [*front[:-1], front[-1] + html[begins:ends] + back[0], *back[1:]]


def _joined(pieces: list[str]) -> str:
    pieces[1::2] = [f">{words}<" for words in pieces[1::2]]
    return "".join(pieces)
