"""Words with holes where names will stand: they can be shown and put together, and tell nothing of themselves."""

import re
from collections.abc import Iterable, Mapping
from secrets import token_hex
from typing import Final, NoReturn

_NONCE: Final = f"Hole{token_hex(8)}"  # new in each process: nobody can type it
_OPENS, _CLOSES = "\ue010", "\ue011"
_HOLE: Final = re.compile(f"{_OPENS}([a-z_]+){_NONCE}{_CLOSES}")

Pieces = tuple[str, ...]
"""By turns what is fixed and the name of what stands there."""


class UnlikeError(Exception):
    """A template does something with a name that only the name itself can answer."""


class Holed:
    """Words with a hole in them, which are never empty: no name is.

    They are no string, and that is the proof that nobody's name decides anything: what is not named here Python cannot
    do with them, and of what is named here all but the truth of them ends the attempt. Only `together` and `shown`,
    which no template can call, look inside.
    """

    __slots__ = ("_words",)

    def __init__(self, words: str) -> None:
        self._words = words

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        raise UnlikeError

    def __hash__(self) -> int:
        raise UnlikeError

    def __str__(self) -> str:
        raise UnlikeError

    def __repr__(self) -> str:
        raise UnlikeError

    def __format__(self, spec: str) -> str:
        raise UnlikeError

    def __getattr__(self, name: str) -> NoReturn:
        raise UnlikeError


def hole(name: str) -> Holed:
    """Where a name will stand: one line, never empty."""
    return Holed(f"{_OPENS}{name}{_NONCE}{_CLOSES}")


def together(parts: Iterable[str | Holed]) -> str | Holed:
    """What "".join is to strings."""
    found = list(parts)
    words = "".join(map(shown, found))
    return Holed(words) if any(isinstance(each, Holed) for each in found) else words


def shown(words: str | Holed) -> str:
    """With the holes as marks, which `pieces` finds."""
    return words._words if isinstance(words, Holed) else words  # noqa: SLF001 - a public name is one that templates see


def is_one_name(words: Holed) -> bool:
    return _HOLE.fullmatch(shown(words)) is not None


def has_hole(marked: str) -> bool:
    return _NONCE in marked


def pieces(marked: str) -> Pieces:
    """Raises UnlikeError where a hole is no longer whole."""
    found = tuple(_HOLE.split(marked))
    if any(_OPENS in fixed or has_hole(fixed) for fixed in found[::2]):
        raise UnlikeError
    return found


def filled(parts: Pieces, values: Mapping[str, str]) -> str:
    if len(parts) == 1:
        return parts[0]
    whole = list(parts)
    whole[1::2] = [values[name] for name in parts[1::2]]
    return "".join(whole)
