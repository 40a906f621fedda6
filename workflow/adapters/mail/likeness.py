"""Letters that differ only in names are alike: their templates are filled once, with a hole where each name will stand.

Whether that is right is up to the templates, which may be a site's own: `{{ unit }}` and `{{ unit ~ "!" }}` can be
filled in later, `{{ unit|upper }}` or `{% if unit ~ "!" == "…" %}` cannot. So words with a hole can be shown and put
beside other words, and nothing else (holes.py, watching.py). Whatever else a template does with them ends the attempt,
and letters of that likeness are rendered one by one as ever.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from html import escape
from operator import attrgetter
from threading import Lock
from typing import Final

from workflow.adapters.mail.holes import Pieces, UnlikeError, filled
from workflow.domain.letters import LETTERS, Letter
from workflow.ports import Rendered

VARYING: Final = ("unit", "first_name", "link")
"""The fields in which letters of one likeness differ."""

_KEPT: Final = 128  # likenesses, about 20 KB each


@dataclass(frozen=True, slots=True)
class Likeness:
    """One rendering with holes: the lines a subject is chosen from, the text part line by line, and the page."""

    subjects: tuple[Pieces, ...]
    text: tuple[Pieces, ...]
    html: Pieces

    def fill(
        self, values: Mapping[str, str], *, choose: Callable[[Sequence[str]], str], wrap: Callable[[str], str]
    ) -> Rendered | None:
        """What the templates would make of these values; None where that must be asked of them."""
        named = {**values, "subject": choose([filled(line, values) for line in self.subjects])}
        if not all(named.values()):
            return None  # an empty name may leave a line too many, or take words with it
        lines = [line[0] if len(line) == 1 else wrap(filled(line, named)) for line in self.text]
        escaped = {name: _escaped(value) for name, value in named.items()}
        return Rendered(subject=named["subject"], text="\n".join(lines) + "\n", html=filled(self.html, escaped))


class Likenesses:
    """The likenesses seen lately. One is made when it is met for the second time. Safe for threads."""

    def __init__(self, make: Callable[[Letter], Likeness]) -> None:
        """`make` raises UnlikeError where there can be none."""
        self._make = make
        self._known: OrderedDict[object, Likeness | None] = OrderedDict()
        self._lock = Lock()

    def of(self, letter: Letter) -> Likeness | None:
        """None: this letter is to be rendered by itself."""
        kind = type(letter)
        key = (kind, _COMMON[kind](letter))
        with self._lock:
            is_new = key not in self._known
            if is_new:
                self._keep(key, _MET)
                return None
            self._known.move_to_end(key)
            found = self._known[key]
        return self._made(key, letter) if found is _MET else found

    def _made(self, key: object, letter: Letter) -> Likeness | None:
        try:
            made = self._make(letter)
        except UnlikeError:
            made = None
        with self._lock:
            self._keep(key, made)
        return made

    def _keep(self, key: object, likeness: Likeness | None) -> None:
        self._known[key] = likeness
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)


def _escaped(value: str) -> str:
    """As the templates do it."""
    return escape(value).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")


_MET: Final = Likeness((), (), ())
"""Stands for a likeness that has been met once."""

_COMMON: Final = {
    kind: attrgetter(*(field.name for field in fields(kind) if field.name not in VARYING)) for kind in LETTERS
}
"""What letters of one likeness have in common."""
