"""A TOML file of settings: read, checked against the known names, every complaint with file and line."""

import difflib
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from workflow.domain.errors import TertialError


class SettingsError(TertialError):
    """The settings cannot be used; `faults` says every reason at once, in English sentences."""

    sentence = "{report}"

    def __init__(self, faults: list[str]) -> None:
        super().__init__(report="\n".join(faults))
        self.faults = tuple(faults)


def check_file(path: Path, known: Iterable[str]) -> None:
    """Raise SettingsError unless the file can be read, is TOML, and has known names only."""
    text = _read(path)
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{path}: not valid TOML: {error}"]) from error
    names = tuple(known)
    if faults := [f"{path}, line {_line(key, text)}: {unknown(key, names)}" for key in given if key not in names]:
        raise SettingsError(faults)


def line_of(key: str, path: Path) -> int | None:
    """Return the line (from 1) on which the file sets a key, or None if it does not."""
    text = _read(path)
    return _line(key, text) if key in tomllib.loads(text) else None


def unknown(key: str, known: Iterable[str]) -> str:
    """Say that there is no such setting, and which one may be meant."""
    near = difflib.get_close_matches(key, known, n=1)
    return f"unknown setting '{key}'" + (f"; did you mean '{near[0]}'?" if near else "")


def read_value(path: str, named_by: str) -> str:
    """Return what a file given by NAME_FILE holds, without the line end that editors add."""
    return _read(Path(path), f"{named_by}: ").rstrip("\r\n")


def _read(path: Path, before: str = "") -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{before}{path}: cannot be read ({error})"]) from error


def _line(key: str, text: str) -> int:
    stands = re.compile(rf"\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[=.\]]")
    return next((number for number, line in enumerate(text.splitlines(), 1) if stands.match(line)), 1)
