"""The units' Word forms without writing each anew: one is written with marks, the others are copies of it."""

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final

from workflow.adapters.documents.fields import fingerprint
from workflow.adapters.documents.form_writer import hidden, own_lines, word_form, written
from workflow.adapters.documents.plates import Plate, filled, holds_signs_of_marks, mark
from workflow.adapters.documents.properties import add_custom_properties
from workflow.adapters.documents.word import as_bytes
from workflow.ports import FormSheet

_OWN: Final = ("unit", "unit_name", "contact_name", "contact_phone", "contact_email")
_OWN_TEXT: Final = "own_text"
_NEEDED: Final = frozenset({"unit", "unit_name"})
_SIMPLE: Final = re.compile("[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]{1,100}")


@dataclass(frozen=True, slots=True)
class _Master:
    """A form with marks: its plate, and the prints of its own lines, those with marks still as text."""

    plate: Plate
    prints: frozenset[str]
    lines: tuple[str, ...]

    def copy(self, values: Mapping[str, str]) -> bytes:
        own = {fingerprint(filled(line, values)) for line in self.lines}
        return self.plate.copy({**values, _OWN_TEXT: " ".join(sorted(self.prints | own))})


class FormCopies:
    """Remembers a master for each round, set of questions and last day, the newest `limit`. Safe for threads."""

    def __init__(self, limit: int = 32) -> None:
        self._limit = limit  # of about 40 KB each
        self._masters: dict[Hashable, _Master] = {}
        self._lock = Lock()

    def word_form(self, sheet: FormSheet) -> bytes:
        """See `workflow.ports.Documents`: what `form_writer.word_form` writes, file for file.

        A prefilled sheet, and one whose names have signs of their own in Word (a tab, a space at the end), is
        written anew.
        """
        given: dict[str, str] = {name: value for name in _OWN if (value := getattr(sheet, name))}
        if sheet.answers or not given.keys() >= _NEEDED or not all(map(_is_simple, given.values())):
            return word_form(sheet)
        return self._master(sheet, given).copy(given)

    @property
    def masters(self) -> int:
        """How many are remembered."""
        return len(self._masters)

    def _master(self, sheet: FormSheet, given: Iterable[str]) -> _Master:
        marks = {name: mark(name) for name in given}
        key = _likeness(sheet, marks)
        master = self._masters.get(key)
        if master is None:
            master = _engraved(_marked(sheet, marks))
            with self._lock:
                self._masters[key] = master
                while len(self._masters) > self._limit:
                    del self._masters[next(iter(self._masters))]
        return master


def _marked(sheet: FormSheet, marks: Mapping[str, str]) -> FormSheet:
    return replace(
        sheet,
        unit=marks["unit"],
        unit_name=marks["unit_name"],
        contact_name=marks.get("contact_name", ""),
        contact_phone=marks.get("contact_phone", ""),
        contact_email=marks.get("contact_email", ""),
    )


def _is_simple(value: str) -> bool:
    return _SIMPLE.fullmatch(value) is not None and value == value.strip() and not holds_signs_of_marks(value)


def _likeness(sheet: FormSheet, marks: Iterable[str]) -> Hashable:
    """All that is printed and not marked: two sheets of one likeness differ in their marks only."""
    form = sheet.form
    printed = (form.id, form.version, form.title, form.purpose, form.heading, form.subheading, form.instructions)
    about = (sheet.round, sheet.round_title, sheet.due, sheet.office, sheet.made_at, sheet.language)
    return printed, sheet.questions, about, tuple(marks)


def _engraved(sheet: FormSheet) -> _Master:
    document = written(sheet)
    lines = list(own_lines(document))
    add_custom_properties(document, hidden(sheet, own_text=mark(_OWN_TEXT)))
    plate = Plate(as_bytes(document, at=sheet.made_at), at=sheet.made_at)
    fixed = frozenset(fingerprint(line) for line in lines if line.strip() and not holds_signs_of_marks(line))
    return _Master(plate, fixed, tuple(line for line in lines if holds_signs_of_marks(line)))
