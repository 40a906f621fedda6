"""Forms as TOML files: read into the domain's Form, every fault with its line."""

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from workflow.adapters import configfaults as faults
from workflow.adapters.tomltables import Table, open_toml
from workflow.domain.errors import ConfigError
from workflow.domain.forms import FocusArea, Form, Question
from workflow.domain.people import UnitKind
from workflow.domain.phrases import say

KINDS = tuple(kind.value for kind in UnitKind)
LONGEST_KEY = 40  # a Word field's tag holds 64 characters, and the key is not alone in it
HIGHEST_NUMBER = 99

_TOP = ("id", "version", "title", "purpose", "heading", "subheading", "instructions", "area")
_AREA = ("key", "number", "title", "question")
_QUESTION = ("key", "label", "text", "kinds", "units", "required", "wording")
_WORDING = ("kinds", "text")


def load_form(path: Path) -> Form:
    """Read a form. Raises ConfigError for the first fault in it; `check_form` gives them all."""
    form, found = _read(path, None)
    if form is None or found:
        raise found[0]
    return form


def check_form(path: Path, *, units: Collection[str] | None = None) -> tuple[ConfigError, ...]:
    """Every fault in the order of lines, none for a good form. With `units`, the ids it names must be among these."""
    return _read(path, units)[1]


def _read(path: Path, units: Collection[str] | None) -> tuple[Form | None, tuple[ConfigError, ...]]:
    file = open_toml(path)
    if file.found:
        return None, file.faults
    form = _form(file.top, units)
    return form, file.faults


def _form(top: Table, units: Collection[str] | None) -> Form:
    top.only(*_TOP)
    areas = top.tables("area")
    if not areas:
        top.fault("area", say(faults.NO_ENTRIES, key="area"), say(faults.ADD_KEY, example="[[area]]"))
    _refuse_twice(areas, "key")
    _refuse_twice(areas, "number")
    _refuse_twice([question for area in areas for question in area.tables("question")], "key")
    return Form(
        id=_key(top, "id", "-"),
        version=top.text("version"),
        title=top.text("title"),
        purpose=top.texts("purpose"),
        heading=top.text("heading"),
        subheading=top.text("subheading"),
        instructions=top.texts("instructions"),
        areas=tuple(_area(area, units) for area in areas),
    )


def _area(table: Table, units: Collection[str] | None) -> FocusArea:
    table.only(*_AREA)
    key = _key(table, "key", "_")
    questions = tuple(_question(each, units) for each in table.tables("question"))
    if not questions:
        table.fault(None, say(faults.EMPTY_AREA, key=key), say(faults.ADD_QUESTION))
    return FocusArea(
        key=key,
        number=table.number("number", 1, HIGHEST_NUMBER),
        title=table.text("title"),
        questions=questions,
    )


def _question(table: Table, units: Collection[str] | None) -> Question:
    table.only(*_QUESTION)
    return Question(
        key=_key(table, "key", "_"),
        label=table.text("label"),
        texts={"": table.text("text")} | _wordings(table),
        kinds=frozenset(table.choices("kinds", KINDS)),
        units=frozenset(_units(table, units)),
        required=table.flag("required", default=True),
    )


def _wordings(table: Table) -> dict[str, str]:
    found: dict[str, str] = {}
    lines: dict[str, int] = {}
    for wording in table.tables("wording"):
        wording.only(*_WORDING)
        text = wording.text("text")
        if not wording.has("kinds"):
            wording.fault(None, say(faults.MISSING_KEY, key="kinds"), say(faults.CHOICES, choices=", ".join(KINDS)))
        for kind in wording.choices("kinds", KINDS):
            if kind in found:
                what = say(faults.DUPLICATE_KEY, key="kinds", value=kind, first=lines[kind])
                wording.fault("kinds", what, say(faults.KEEP_ONE))
            found[kind] = text
            lines.setdefault(kind, wording.line("kinds"))
    return found


def _units(table: Table, known: Collection[str] | None) -> tuple[str, ...]:
    named = table.texts("units")
    for unit in named:
        if known is not None and unit not in known:
            table.fault("units", say(faults.UNKNOWN_UNIT, value=unit), faults.choose(unit, known))
    return named


def _key(table: Table, key: str, sign: str) -> str:
    """Read an identifier: it ends up in Word fields, file names and addresses."""
    value = table.text(key)
    if value and (len(value) > LONGEST_KEY or not re.fullmatch(rf"[a-z][a-z0-9{sign}]*", value)):
        allowed = say(faults.KEY_FORM, sign=sign, longest=LONGEST_KEY)
        table.fault(key, say(faults.BAD_KEY, key=key, value=value), allowed)
    return value


def _refuse_twice(tables: Iterable[Table], key: str) -> None:
    first: dict[object, int] = {}
    for table in tables:
        value = table.values.get(key)
        if not isinstance(value, (str, int)):
            continue  # said elsewhere
        if value in first:
            table.fault(key, say(faults.DUPLICATE_KEY, key=key, value=value, first=first[value]), say(faults.KEEP_ONE))
        first.setdefault(value, table.line(key))
