"""units.csv: the register of units and contacts read from and written to one sheet, every fault with its line."""

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from workflow.adapters import configfaults as faults
from workflow.adapters.mail.addresses import HeaderRefusedError, clean
from workflow.domain.errors import ConfigError, TextRefusedError
from workflow.domain.forms import clean_text
from workflow.domain.people import Contact, Role, Unit, UnitKind
from workflow.domain.phrases import Phrase, say
from workflow.domain.roster import COLUMNS, PREFIXES, Roster, is_mailbox, sheet

REQUIRED = ("id", "name", "kind", "contact_name", "contact_email")
KINDS = tuple(kind.value for kind in UnitKind)
LANGUAGES = ("sv", "en")
ANSWERS: Mapping[str, bool] = {"yes": True, "no": False, "ja": True, "nej": False}
LONGEST_ID = 40

_NO_CELLS: Mapping[str, str] = dict.fromkeys(COLUMNS, "")


def load_roster(path: Path) -> Roster:
    """Read CSV in UTF-8, with or without a BOM, with commas or semicolons; columns in any order, five are required.

    Raises ConfigError for the first fault; `check_roster` gives them all.
    """
    roster, found = _read(path)
    if found:
        raise found[0]
    return roster


def check_roster(path: Path) -> tuple[ConfigError, ...]:
    """Every fault in the order of lines, none for a good sheet."""
    return _read(path)[1]


def write_roster(units: Collection[Unit], contacts: Collection[Contact]) -> str:
    """Write the sheet that `load_roster` reads back equal: all columns, commas, LF."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sheet(Roster(tuple(units), tuple(contacts))).values())
    return out.getvalue()


@dataclass(slots=True)
class _Faults:
    """The faults of one file."""

    path: Path
    found: list[ConfigError] = field(default_factory=list)

    def add(self, line: int, what: Phrase, allowed: Phrase) -> None:
        self.found.append(faults.fault(self.path, line, what, allowed))


@dataclass(slots=True)
class _Row:
    """One row: its line, and its cells by column (a column that the sheet does not have is empty)."""

    line: int
    cells: Mapping[str, str]
    faults: _Faults

    def fault(self, what: Phrase, allowed: Phrase) -> None:
        self.faults.add(self.line, what, allowed)

    def needed(self, column: str) -> str:
        if not self.cells[column]:
            self.fault(say(faults.MISSING_TEXT, key=column), say(faults.WANTED, wanted=say(faults.FILLED_IN)))
        return self.cells[column]

    def choice(self, column: str, choices: Collection[str], default: str) -> str:
        value = self.cells[column].casefold() or default
        if value in choices:
            return value
        unknown = say(faults.UNKNOWN_CHOICE, key=column, value=self.cells[column])
        self.fault(unknown, faults.choose(value, choices))
        return default

    def day(self, column: str) -> date | None:
        value = self.cells[column]
        try:
            if not value or re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
                return date.fromisoformat(value) if value else None
        except ValueError:  # such as 2027-02-30
            pass
        self.fault(say(faults.BAD_DATE, key=column, value=value), say(faults.DATE_LIKE))
        return None


def _read(path: Path) -> tuple[Roster, tuple[ConfigError, ...]]:
    found = _Faults(path)
    rows = list(_rows(_text(path, found), found))
    units = tuple(_unit(row) for row in rows)
    contacts = tuple(contact for row in rows for contact in _contacts(row))
    _check_ids(rows)
    return Roster(units, contacts), faults.in_line_order(found.found)


# --- the sheet -------------------------------------------------------------------------------------------------------


def _text(path: Path, found: _Faults) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        found.add(1, say(faults.UNREADABLE, why=error.strerror), say(faults.CHECK_FILE))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        found.add(line, say(faults.NOT_UTF8), say(faults.SAVE_AS_UTF8))
    else:
        if not text.strip():
            found.add(1, say(faults.EMPTY_FILE), say(faults.ADD_KEY, example=",".join(REQUIRED)))
        return text
    return ""


def _rows(text: str, found: _Faults) -> Iterator[_Row]:
    first, *rest = _records(text, found) or [(1, [])]
    header = [column.strip() for column in first[1]]
    if not header or not _check_header(first[0], header, found):
        return
    for line, cells in rest:
        if not any(cell.strip() for cell in cells):
            continue  # spreadsheets leave rows of empty cells behind
        if len(cells) != len(header):
            found.add(line, say(faults.CELL_COUNT, found=len(cells), wanted=len(header)), say(faults.SAME_COUNT))
            continue
        cleaned = (_cleaned(cell, line, column, found) for column, cell in zip(header, cells, strict=True))
        yield _Row(line, {**_NO_CELLS, **dict(zip(header, cleaned, strict=True))}, found)


def _records(text: str, found: _Faults) -> list[tuple[int, list[str]]]:
    """The records that are not empty, each with the line on which it begins."""
    heading = text.lstrip().split("\n", 1)[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records, line = [], 1
    try:
        for cells in reader:
            records += [(line, cells)] if cells else []
            line = reader.line_num + 1
    except csv.Error:
        found.add(line, say(faults.BAD_CSV), say(faults.SAME_COUNT))
    return records


def _check_header(line: int, header: list[str], found: _Faults) -> bool:
    """Whether the rows can be read by these columns."""
    for column in header:
        if column not in COLUMNS:
            found.add(line, say(faults.UNKNOWN_COLUMN, key=column), faults.choose(column, COLUMNS))
    for column in dict.fromkeys(column for column in header if header.count(column) > 1):
        found.add(line, say(faults.DUPLICATE_COLUMN, key=column), say(faults.KEEP_ONE))
    missing = [column for column in REQUIRED if column not in header]
    for column in missing:
        found.add(line, say(faults.MISSING_COLUMN, key=column), say(faults.CHOICES, choices=", ".join(COLUMNS)))
    return not missing


def _cleaned(cell: str, line: int, column: str, found: _Faults) -> str:
    try:
        words = " ".join(clean_text(cell, where=column).split())
        return clean(words, field=column)  # names stand in the headers of mails
    except (TextRefusedError, HeaderRefusedError) as refused:
        character = refused.values["character"]
        found.add(line, say(faults.CONTROL, character=character), say(faults.REMOVE_CHARACTER))
        return cell


# --- units and contacts ----------------------------------------------------------------------------------------------


def _unit(row: _Row) -> Unit:
    first, last = row.day("valid_from"), row.day("valid_to")
    if first and last and first > last:
        row.fault(say(faults.WRONG_ORDER, earlier="valid_from", later="valid_to"), say(faults.DATES_IN_ORDER))
    row.needed("kind")
    return Unit(
        id=_id(row),
        name=row.needed("name"),
        short=row.cells["short"],
        kind=UnitKind(row.choice("kind", KINDS, UnitKind.FACKNAMND)),
        valid_from=first,
        valid_to=last,
        replaced_by=row.cells["replaced_by"],
        reports=ANSWERS[row.choice("reports", ANSWERS, "yes")],
    )


def _id(row: _Row) -> str:
    value = row.needed("id")
    if value and (len(value) > LONGEST_ID or not re.fullmatch(r"[a-z][a-z0-9-]*", value)):
        allowed = say(faults.KEY_FORM, sign="-", longest=LONGEST_ID)
        row.fault(say(faults.BAD_KEY, key="id", value=value), allowed)
    return value


def _contacts(row: _Row) -> Iterator[Contact]:
    language = row.choice("language", LANGUAGES, "sv")
    if row.cells["contact_phone"] and not (row.cells["contact_name"] or row.cells["contact_email"]):
        missing = say(faults.HALF_CONTACT, key="contact_name", other="contact_phone")
        row.fault(missing, say(faults.NAME_AND_ADDRESS))  # a number alone is nobody's, and would be lost
    for role, prefix in PREFIXES.items():
        name, email = row.cells[f"{prefix}_name"], row.cells[f"{prefix}_email"]
        if bool(name) != bool(email):
            empty, filled = (f"{prefix}_email", f"{prefix}_name") if name else (f"{prefix}_name", f"{prefix}_email")
            row.fault(say(faults.HALF_CONTACT, key=empty, other=filled), say(faults.FILL_BOTH))
        if email and not is_mailbox(email):
            row.fault(say(faults.BAD_MAILBOX, key=f"{prefix}_email", value=email), say(faults.ONE_MAILBOX))
        if name and email:
            phone = row.cells["contact_phone"] if role is Role.PRIMARY else ""
            yield Contact(unit=row.cells["id"], role=role, name=name, email=email, phone=phone, language=language)


def _check_ids(rows: list[_Row]) -> None:
    first: dict[str, int] = {}
    for row in rows:
        unit = row.cells["id"]
        if unit and unit in first:
            what = say(faults.DUPLICATE_KEY, key="id", value=unit, first=first[unit])
            row.fault(what, say(faults.KEEP_ONE))
        first.setdefault(unit, row.line)
    for row in rows:
        heir = row.cells["replaced_by"]
        if heir and heir == row.cells["id"]:
            row.fault(say(faults.SELF_REPLACED, value=heir), say(faults.OTHER_UNIT))
        elif heir and heir not in first:
            row.fault(say(faults.UNKNOWN_UNIT, value=heir), faults.choose(heir, filter(None, first)))
