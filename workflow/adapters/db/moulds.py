"""Letters of one kind share most of their lines: these are kept once, as a mould, and of each letter what is its own.

Nothing is known here of templates or names. Two letters that have most in common show which lines stay; a letter that
has the same lines there fits, whatever it says elsewhere. So a letter is a fifth of its size where it is written, in
the transaction that everybody waits for. A mould holds no line that only one of them has.
"""

from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import compress
from threading import Lock
from typing import Any, Final

from workflow.adapters.db.engine import dumps

Lines = tuple[str, ...]

_SHARED: Final = 0.5  # of a letter, at least: with less, a mould saves nothing
_KEPT: Final = 4  # moulds for letters of one length: languages, kinds of unit
_SIZES: Final = 128  # lengths, about 50 KB each: all our mails have fewer than 50, what people write makes the others


class Mould:
    """What letters have in common: the lines that stay, and None where each has its own. `digest` names it."""

    def __init__(self, text: Sequence[str | None], html: Sequence[str | None]) -> None:
        self.plain = {"text": list(text), "html": list(html)}
        self.digest = sha256(dumps(self.plain).encode()).hexdigest()
        whole = (*text, *html)
        self._is_fixed = [line is not None for line in whole]
        self._is_own = [line is None for line in whole]
        self._fixed = [line for line in whole if line is not None]

    def own(self, letter: Lines) -> list[str] | None:
        """The letter's own lines; None for one that does not fit. It has as many lines as the mould."""
        fits = list(compress(letter, self._is_fixed)) == self._fixed
        return list(compress(letter, self._is_own)) if fits else None


def filled(plain: Mapping[str, Sequence[str | None]], own: Sequence[str]) -> dict[str, str]:
    """The text part and the page of the letter that had these lines of its own."""
    rest = iter(own)
    return {part: "\n".join(next(rest) if line is None else line for line in plain[part]) for part in ("text", "html")}


@dataclass(slots=True)
class _Shelf:
    """What is known of letters of one length."""

    moulds: deque[Mould] = field(default_factory=lambda: deque(maxlen=_KEPT))
    last: Lines | None = None


class Moulds:
    """The moulds of one process, each known by the second letter that it fits. Safe for threads.

    How many lines a letter has is up to those who answer: only the lengths that were met lately are remembered. To
    forget one costs a letter that is kept whole when its length is met again.
    """

    def __init__(self, sizes: int = _SIZES) -> None:
        self._most = sizes
        self._shelves: OrderedDict[tuple[int, int], _Shelf] = OrderedDict()
        self._lock = Lock()

    @property
    def sizes(self) -> int:
        """How many lengths of letters are remembered."""
        return len(self._shelves)

    def cast(self, letter: Mapping[str, Any]) -> tuple[dict[str, Any], Mould | None]:
        """The plain letter as it is kept: with `own` instead of `text` and `html` where a mould holds the rest."""
        text, html = letter["text"].split("\n"), letter["html"].split("\n")
        found = self._fitting((*text, *html), (len(text), len(html)))
        if found is None:
            return dict(letter), None
        mould, own = found
        return {name: value for name, value in letter.items() if name not in mould.plain} | {"own": own}, mould

    def _fitting(self, lines: Lines, size: tuple[int, int]) -> tuple[Mould, list[str]] | None:
        with self._lock:
            shelf = self._shelf(size)
            for mould in shelf.moulds:
                if (own := mould.own(lines)) is not None:
                    return mould, own
            last, shelf.last = shelf.last, lines
            new = _common(last, lines, size[0]) if last else None
            if new is None:
                return None
            shelf.moulds.appendleft(new)
            return new, new.own(lines) or []

    def _shelf(self, size: tuple[int, int]) -> _Shelf:
        shelf = self._shelves.pop(size, None) or _Shelf()
        self._shelves[size] = shelf  # the newest
        while len(self._shelves) > self._most:
            self._shelves.popitem(last=False)
        return shelf


def _common(one: Lines, other: Lines, text: int) -> Mould | None:
    stays = [line if line == same else None for line, same in zip(one, other, strict=True)]
    if sum(len(line or "") for line in stays) < _SHARED * sum(map(len, other)):
        return None
    return Mould(stays[:text], stays[text:])
