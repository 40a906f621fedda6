"""Reads a TOML file table by table and gathers every fault, each with its line, instead of stopping at the first."""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path

from workflow.adapters import configfaults as faults
from workflow.adapters.tomllines import Place, find_lines, nearest_line, places
from workflow.domain.errors import ConfigError, TextRefusedError
from workflow.domain.forms import clean_text
from workflow.domain.phrases import Phrase, say

_POSITION = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_SAID: tuple[tuple[str, str, str], ...] = (
    ("Illegal character '\\n'", faults.UNCLOSED_TEXT, faults.CLOSE_TEXT),
    ("Unterminated string", faults.UNCLOSED_TEXT, faults.CLOSE_TEXT),
    ("Unclosed array", faults.UNCLOSED_LIST, faults.CLOSE_LIST),
    ("Invalid value", faults.BAD_VALUE, faults.ALLOWED_VALUES),
    ("Expected '='", faults.NO_EQUALS, faults.WRITE_LIKE),
    ("Expected newline", faults.TRAILING, faults.ONE_PER_LINE),
)
_DUPLICATES = ("Cannot overwrite", "Cannot declare", "Cannot mutate", "Duplicate inline", "Cannot redefine")
_WRAP = re.compile(r"[ \t\n]+")


@dataclass(slots=True)
class TomlFile:
    """One file while it is read: its lines, and the faults found so far."""

    path: Path
    lines: Mapping[Place, int]
    values: Mapping[str, object]
    found: list[ConfigError] = field(default_factory=list)

    @property
    def top(self) -> "Table":
        return Table(self, (), self.values)

    @property
    def faults(self) -> tuple[ConfigError, ...]:
        return faults.in_line_order(self.found)

    def line(self, place: Place) -> int:
        return nearest_line(self.lines, place)


def open_toml(path: Path) -> TomlFile:
    """Read a file. One that cannot be read, or is no TOML, comes back without values and with that one fault."""
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        return TomlFile(path, find_lines(text), tomllib.loads(text))
    except OSError as error:
        unreadable = say(faults.UNREADABLE, why=error.strerror)
        return _closed(path, 1, unreadable, say(faults.CHECK_FILE))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return _closed(path, line, say(faults.NOT_UTF8), say(faults.SAVE_AS_UTF8))
    except tomllib.TOMLDecodeError as error:
        return _closed(path, *_explain(str(error), text))


def _closed(path: Path, line: int, what: Phrase, allowed: Phrase) -> TomlFile:
    return TomlFile(path, {}, {}, [faults.fault(path, line, what, allowed)])


def _explain(message: str, text: str) -> tuple[int, Phrase, Phrase]:
    """Line, what and allowed of tomllib's message."""
    at = _POSITION.search(message)
    line = int(at[1]) if at and at[1] else len(text.rstrip("\n").split("\n"))
    detail = _POSITION.sub("", message)
    if detail.startswith(_DUPLICATES) and (twice := _first_repeated(text)):
        key, first, second = twice
        return second, say(faults.DUPLICATE_LINE, key=key, first=first), say(faults.KEEP_ONE)
    for beginning, what, allowed in _SAID:
        if detail.startswith(beginning):
            return line, say(what), say(allowed)
    if control := re.match(r"Illegal character '\\x([0-9a-f]{2})'", detail):
        character = f"U+00{control[1].upper()}"
        return line, say(faults.CONTROL, character=character), say(faults.REMOVE_CHARACTER)
    return line, say(faults.BAD_SYNTAX, detail=detail), say(faults.WRITE_LIKE)


def _first_repeated(text: str) -> tuple[str, int, int] | None:
    seen: dict[Place, int] = {}
    for place, line in places(text):
        if place in seen:
            return ".".join(str(part) for part in place if isinstance(part, str)), seen[place], line
        seen[place] = line
    return None


@dataclass(slots=True)
class Table:
    """One table. Each method reads a key; a fault is noted and a stand-in of the right type given back."""

    file: TomlFile
    place: Place
    values: Mapping[str, object]

    def line(self, key: str | int | None = None) -> int:
        return self.file.line(self.place if key is None else (*self.place, key))

    def fault(self, key: str | None, what: Phrase, allowed: Phrase) -> None:
        self.file.found.append(faults.fault(self.file.path, self.line(key), what, allowed))

    def only(self, *known: str) -> None:
        """Note every key that is none of these."""
        for key in self.values:
            if key not in known:
                self.fault(key, say(faults.UNKNOWN_KEY, key=key), faults.choose(key, known))

    def has(self, key: str) -> bool:
        return key in self.values

    def text(self, key: str) -> str:
        """Read a text that must be there, line breaks as spaces; "" with a fault."""
        value = self._value(key, str, faults.A_TEXT, "")
        return self._cleaned(key, value, self.line(key)) if isinstance(value, str) else ""

    def texts(self, key: str) -> tuple[str, ...]:
        """Read a list of texts; left out means none."""
        if not self.has(key):
            return ()
        value = self.values[key]
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self.fault(key, say(faults.WRONG_TYPE, key=key), say(faults.WANTED, wanted=say(faults.A_LIST)))
            return ()
        return tuple(
            self._cleaned(key, each, self.file.line((*self.place, key, number))) for number, each in enumerate(value)
        )

    def number(self, key: str, lowest: int, highest: int, *, default: int | None = None) -> int:
        """Read a whole number; the lowest with a fault."""
        if default is not None and not self.has(key):
            return default
        value = self._value(key, int, faults.A_NUMBER, lowest)
        if isinstance(value, int) and lowest <= value <= highest:
            return value
        what = say(faults.OUT_OF_RANGE, key=key, value=value)
        self.fault(key, what, say(faults.RANGE, lowest=lowest, highest=highest))
        return lowest

    def flag(self, key: str, *, default: bool) -> bool:
        return bool(self._value(key, bool, faults.A_FLAG, default)) if self.has(key) else default

    def choice(self, key: str, choices: Collection[str]) -> str:
        """Read one of the choices; "" with a fault."""
        value = self.text(key)
        if value and value not in choices:
            self.fault(key, say(faults.UNKNOWN_CHOICE, key=key, value=value), faults.choose(value, choices))
            return ""
        return value

    def choices(self, key: str, choices: Collection[str]) -> tuple[str, ...]:
        """Read a list of choices; those that are none of them are left out, each with a fault."""
        found = []
        for number, value in enumerate(self.texts(key)):
            if value in choices:
                found.append(value)
            elif value:
                what = say(faults.UNKNOWN_CHOICE, key=key, value=value)
                line = self.file.line((*self.place, key, number))
                self.file.found.append(faults.fault(self.file.path, line, what, faults.choose(value, choices)))
        return tuple(found)

    def clock(self, key: str) -> time:
        """Read a time of day, "09:00" or TOML's own; 00:00 with a fault."""
        value = self._value(key, (str, time), faults.A_CLOCK, time.min)
        try:
            read = time.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            read = None
        if isinstance(read, time) and read.tzinfo is None:
            return read
        self.fault(key, say(faults.BAD_TIME, key=key, value=value), say(faults.WANTED, wanted=say(faults.A_CLOCK)))
        return time.min

    def moment(self, key: str) -> datetime | None:
        """Read a local date and time without a zone, as text or TOML's own; None with a fault."""
        value = self._value(key, (str, datetime), faults.A_TIME, None)
        try:
            read = datetime.fromisoformat(value) if isinstance(value, str) and ":" in value else value
        except ValueError:
            read = None
        if value is None or (isinstance(read, datetime) and read.tzinfo is None):
            return read if isinstance(read, datetime) else None
        self.fault(key, say(faults.BAD_TIME, key=key, value=value), say(faults.WANTED, wanted=say(faults.A_TIME)))
        return None

    def day(self, key: str) -> date | None:
        """Read a date, as text or TOML's own; None with a fault."""
        value = self._value(key, (str, date), faults.A_DAY, None)
        try:
            read = date.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            read = None
        if value is None or (isinstance(read, date) and not isinstance(read, datetime)):
            return read if isinstance(read, date) else None
        self.fault(key, say(faults.BAD_DATE, value=value, key=key), say(faults.WANTED, wanted=say(faults.A_DAY)))
        return None

    def table(self, key: str) -> "Table":
        """Read a table that must be there; an empty one with a fault."""
        value = self._value(key, dict, faults.A_TABLE, {})
        return Table(self.file, (*self.place, key), value if isinstance(value, dict) else {})

    def tables(self, key: str) -> tuple["Table", ...]:
        """Read all [[key]]; none when left out."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            wanted = say(faults.WANTED, wanted=say(faults.TABLES, key=key))
            self.fault(key, say(faults.WRONG_TYPE, key=key), wanted)
            return ()
        return tuple(Table(self.file, (*self.place, key, number), each) for number, each in enumerate(value))

    def _value(self, key: str, kind: type | tuple[type, ...], wanted: str, stand_in: object) -> object:
        if not self.has(key):
            self.fault(None, say(faults.MISSING_KEY, key=key), say(faults.ADD_KEY, example=f"{key} = …"))
            return stand_in
        value = self.values[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.fault(key, say(faults.WRONG_TYPE, key=key), say(faults.WANTED, wanted=say(wanted)))
            return stand_in
        return value

    def _cleaned(self, key: str, value: str, line: int) -> str:
        try:
            cleaned = _WRAP.sub(" ", clean_text(value, where=key)).strip()
        except TextRefusedError as refused:
            what, allowed = say(faults.CONTROL, character=refused.values["character"]), say(faults.REMOVE_CHARACTER)
        else:
            if cleaned:
                return cleaned
            what, allowed = say(faults.MISSING_TEXT, key=key), say(faults.WANTED, wanted=say(faults.A_TEXT))
        self.file.found.append(faults.fault(self.file.path, line, what, allowed))
        return ""
