"""The templates' twins, in which words may have holes.

A compiled template shows words and puts them together by a handful of the library's functions. Here are their twins
for words with holes: the escaping ones for HTML, the others for text. Whatever has no twin – what `{% autoescape %}`
calls, what a later version of the library may call – asks for a string, and that ends the attempt (holes.py).
"""

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from functools import wraps
from types import CodeType
from typing import Any, Final

from jinja2 import BytecodeCache, Environment, Template, pass_eval_context
from jinja2.bccache import Bucket
from jinja2.filters import FILTERS, do_join, do_mark_safe
from jinja2.nodes import EvalContext
from jinja2.runtime import Macro, markup_join

from workflow.adapters.mail.holes import Holed, UnlikeError, is_one_name, together

_HANDING_ON: Final = frozenset({"default", "d"})  # the filters that give a name back as it is


def _keeping(make: Callable[[Any], str]) -> Callable[[Any], str | Holed]:
    return lambda words: words if isinstance(words, Holed) else make(words)


_SHOW: Final = {False: _keeping(str), True: _keeping(FILTERS["escape"])}


def _str_join(parts: Iterable[object]) -> str | Holed:
    return together(map(_SHOW[False], parts))


def _markup_join(parts: Iterable[object]) -> str | Holed:
    """Escaped at once where the library may leave it to the end: nothing happens to it in between."""
    found = list(parts)
    return together(map(_SHOW[True], found)) if _has_holed(found) else markup_join(found)


class _Macro(Macro):
    def _invoke(self, arguments: list[Any], autoescape: bool) -> Any:  # noqa: ANN401 - as the library's
        made = self._func(*arguments)
        if isinstance(made, Holed) and not autoescape:
            raise UnlikeError  # escaped already, and yet to be escaped
        return _keeping(do_mark_safe)(made) if autoescape else made


_TWINS: Final[dict[bool, dict[str, object]]] = {
    False: {"str": _SHOW[False], "str_join": _str_join},
    True: {"escape": _SHOW[True], "Markup": _keeping(do_mark_safe), "markup_join": _markup_join, "Macro": _Macro},
}
"""By the names that the library's compiler writes, for templates that escape and for those that do not."""


class Watched(Template):
    """A template whose rendering is a string, or words with holes."""

    @classmethod
    def _from_namespace(
        cls,
        environment: Environment,
        namespace: MutableMapping[str, Any],
        globals: MutableMapping[str, Any],  # noqa: A002
    ) -> Template:
        namespace.update(_TWINS[bool(environment.autoescape)])
        return super()._from_namespace(environment, namespace, globals)


class Compiled(BytecodeCache):
    """What one environment has compiled, for its twin."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


def watched(filters: Mapping[str, Any]) -> dict[str, Any]:
    """The filters, or tests, that raise UnlikeError for words with holes instead of making something of them."""
    return {name: use if name in _HANDING_ON else _refusing(use) for name, use in filters.items()}


def _refusing(use: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(use)  # with it the mark by which the library knows what to pass first
    def refusing(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever a template hands to a filter
        refuse_holes(*given, *named.values())
        return use(*given, **named)

    return refusing


@pass_eval_context
def join(escaping: EvalContext, value: Iterable[Any], d: str = "", attribute: str | int | None = None) -> str | Holed:
    """The library's, for words with holes too; the names are those that a template may use."""
    items = list(value)
    if attribute is not None or not _has_holed(items):
        words: str = do_join(escaping, items, d, attribute)
        return words
    if escaping.autoescape != escaping.environment.autoescape:
        raise UnlikeError
    show = _SHOW[bool(escaping.autoescape)]
    return together([show(part) for item in items for part in (d, item)][1:])


def paragraphs(of: Callable[[str], list[str]]) -> Callable[[Any], list[str] | list[Holed]]:
    """The filter of that name, which gives a name back as it is: it is one line."""

    def watching(text: str | Holed) -> list[str] | list[Holed]:
        if not isinstance(text, Holed):
            return of(text)
        if not is_one_name(text):
            raise UnlikeError
        return [text]

    return watching


def refuse_holes(*values: object) -> None:
    if _has_holed(values):
        raise UnlikeError


def _has_holed(values: Iterable[object]) -> bool:
    return any(isinstance(value, Holed) for value in values)
