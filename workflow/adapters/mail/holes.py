"""Holes in a rendering, and the environment that watches what a template does with them."""

import re
from collections.abc import Callable, Mapping
from functools import wraps
from secrets import token_hex
from types import CodeType
from typing import Any, Final

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

_NONCE: Final = f"Hole{token_hex(8)}"  # new in each process: nobody can type it
_LOWERED: Final = _NONCE.lower()
_OPENS, _CLOSES = "\ue010", "\ue011"
_HOLE: Final = re.compile(f"{_OPENS}([a-z_]+){_NONCE}{_CLOSES}")
_HARMLESS: Final = frozenset({"paragraphs", "join", "default", "d"})  # they hand a name on as it is

Pieces = tuple[str, ...]
"""By turns what is fixed and the name of what stands there."""


class UnlikeError(Exception):
    """A template does something with a name that only the name itself can answer."""


class Hole:
    """Stands where a name will stand: one line, never empty. It can be shown; nothing else is known about it."""

    __slots__ = ("_shown",)

    def __init__(self, name: str) -> None:
        self._shown = f"{_OPENS}{name}{_NONCE}{_CLOSES}"

    def __str__(self) -> str:
        return self._shown

    def __html__(self) -> str:
        return self._shown

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        raise UnlikeError

    def __hash__(self) -> int:
        raise UnlikeError


def is_holed(value: object) -> bool:
    """Whether it is a hole, or words with one in them."""
    return isinstance(value, Hole) or (isinstance(value, str) and _LOWERED in value.lower())


def pieces(shown: str) -> Pieces:
    """Raises UnlikeError where a hole is no longer whole."""
    found = tuple(_HOLE.split(shown))
    if any(_OPENS in fixed or is_holed(fixed) for fixed in found[::2]):
        raise UnlikeError
    return found


def filled(parts: Pieces, values: Mapping[str, str]) -> str:
    if len(parts) == 1:
        return parts[0]
    whole = list(parts)
    whole[1::2] = [values[name] for name in parts[1::2]]
    return "".join(whole)


def watched(filters: Mapping[str, Any]) -> dict[str, Any]:
    """The filters, or tests, that raise UnlikeError for a hole instead of making something of it."""
    return {name: use if name in _HARMLESS else _refusing(use) for name, use in filters.items()}


def _refusing(use: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(use)  # with it the mark by which the library knows what to pass first
    def refusing(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever a template hands to a filter
        refuse_holes(*given, *named.values())
        return use(*given, **named)

    return refusing


def refuse_holes(*values: object) -> None:
    if any(is_holed(value) for value in values):
        raise UnlikeError


class Compiled(BytecodeCache):
    """What one environment has compiled, for its twin."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code
