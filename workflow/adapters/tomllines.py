"""Finds the line of every key of a TOML text: tomllib tells values only."""

import re
from collections.abc import Iterator, Mapping

Place = tuple[str | int, ...]
"""Where a value stands: keys, and numbers (from 0) inside lists, like ("area", 0, "question", 1, "text")."""

_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[ \t]*(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([A-Za-z0-9_-]+))[ \t]*(\.?)""")
_TEXT = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}'
    r"|'''(?:[^']|'(?!''))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_PLAIN = re.compile(r"[^,\]}\n#]+")


def places(text: str) -> Iterator[tuple[Place, int]]:
    """Give every key, table and list element with its line (from 1), in order; a repeated one comes again.

    Ends quietly at the first thing that is not TOML: what is wrong with that is tomllib's to say.
    """
    scan = _Scan(text)
    while scan.skip_gap():
        line = scan.line
        if scan.take("["):
            yield scan.header(), line
        else:
            yield from scan.pair(scan.table)


def find_lines(text: str) -> dict[Place, int]:
    """Map every place to the line on which it first stands."""
    found: dict[Place, int] = {}
    for place, line in places(text):
        found.setdefault(place, line)
    return found


def nearest_line(lines: Mapping[Place, int], place: Place) -> int:
    """Give the line of a place or, where it stands nowhere itself, of its first element or what it should stand in."""
    if (*place, 0) in lines:
        place = (*place, 0)
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


class _Scan:
    """A position that walks through the text; `table` is the place of the last header."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.table: Place = ()
        self.lists: dict[Place, int] = {}

    @property
    def line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1

    def skip_gap(self) -> bool:
        """Move past blanks, line ends and comments; False at the end."""
        gap = _GAP.match(self.text, self.at)
        self.at = gap.end() if gap else self.at
        return self.at < len(self.text)

    def take(self, sign: str) -> bool:
        found = self.text.startswith(sign, self.at)
        self.at += len(sign) * found
        return found

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found

    def header(self) -> Place:
        """After the first bracket of [a.b] or [[a.b]]."""
        is_list = self.take("[")
        *outer, last = self.keys()
        place: Place = ()
        for key in outer:
            place += (key,)
            place += (self.lists[place],) if place in self.lists else ()
        place += (last,)
        if is_list:
            self.lists[place] = self.lists.get(place, -1) + 1
            place += (self.lists[place],)
        self.take("]" * (1 + is_list))
        self.table = place
        return place

    def keys(self) -> list[str]:
        """Read a.b.c; at what is no key, to the end of the text."""
        found = []
        while key := self.match(_KEY):
            found.append(next(part for part in key.groups()[:3] if part is not None))
            if not key[4]:
                return found
        self.at = len(self.text)
        return [*found, ""]

    def pair(self, within: Place) -> Iterator[tuple[Place, int]]:
        line = self.line
        place = (*within, *self.keys())
        self.match(re.compile(r"[ \t]*=[ \t]*"))
        yield place, line
        yield from self.value(place)

    def value(self, place: Place) -> Iterator[tuple[Place, int]]:
        if self.take("["):
            yield from self.elements(place)
        elif self.take("{"):
            while self.skip_gap() and not self.take("}"):
                yield from self.pair(place)
                self.skip_gap()
                self.take(",")
        elif not self.match(_TEXT) and not self.match(_PLAIN):
            self.at = len(self.text)

    def elements(self, place: Place) -> Iterator[tuple[Place, int]]:
        number = 0
        while self.skip_gap() and not self.take("]"):
            yield (*place, number), self.line
            yield from self.value((*place, number))
            number += 1
            self.skip_gap()
            self.take(",")
