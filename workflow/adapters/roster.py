"""units.csv or .xlsx: the register of units and contacts as one sheet, read and written; each fault with its row."""

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from workflow.adapters import configfaults as faults
from workflow.adapters.documents.spreadsheet import read_table, write_table
from workflow.adapters.mail.addresses import HeaderRefusedError, clean
from workflow.domain.errors import ConfigError, FileRefusedError, TextRefusedError
from workflow.domain.forms import clean_text
from workflow.domain.people import ONE_AT_A_TIME, Contact, Role, Unit, UnitKind
from workflow.domain.phrases import Phrase, say
from workflow.domain.roster import COLUMNS, EVERY_COLUMN, Roster, is_mailbox, rows, share_a_day

REQUIRED = ("id", "name", "kind", "contact_name", "contact_email")
KINDS = tuple(kind.value for kind in UnitKind)
ROLES = tuple(role.value for role in Role)
SPREADSHEETS = frozenset({".xlsx", ".xlsm", ".xls"})
LANGUAGES = ("sv", "en")
ANSWERS: Mapping[str, bool] = {"yes": True, "no": False, "ja": True, "nej": False}
LONGEST_ID = 40

_NO_CELLS: Mapping[str, str] = dict.fromkeys(EVERY_COLUMN, "")


def load_roster(path: Path) -> Roster:
    """Read CSV in UTF-8, with or without a BOM, with commas or semicolons; columns in any order, five are required.

    Raises ConfigError for the first fault; `check_roster` gives them all.
    """
    roster, found = _read(path)
    if found:
        raise found[0]
    return roster


def read_roster(data: bytes, name: str) -> tuple[Roster, tuple[ConfigError, ...]]:
    """The sheet in a file that somebody sent, and every fault of it; with a fault it is not to be used."""
    return _read(Path(name), data)


def check_roster(path: Path) -> tuple[ConfigError, ...]:
    """Every fault in the order of lines, none for a good sheet."""
    return _read(path)[1]


def write_roster(units: Collection[Unit], contacts: Collection[Contact]) -> str:
    """Write the CSV that `load_roster` reads back equal: commas, LF."""
    columns, table = rows(Roster(tuple(units), tuple(contacts)))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return out.getvalue()


def write_spreadsheet(units: Collection[Unit], contacts: Collection[Contact]) -> bytes:
    """Write the .xlsx that `load_roster` reads back equal."""
    columns, table = rows(Roster(tuple(units), tuple(contacts)))
    return write_table([list(columns), *([row[column] for column in columns] for row in table)])


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
            if not value or re.fullmatch(r"(19|20|21)\d{2}-\d{2}-\d{2}", value):
                return date.fromisoformat(value) if value else None
        except ValueError:  # such as 2027-02-30
            pass
        self.fault(say(faults.BAD_DATE, key=column, value=value), say(faults.DATE_LIKE))
        return None


def _read(path: Path, data: bytes | None = None) -> tuple[Roster, tuple[ConfigError, ...]]:
    """With `data`, `path` is only its name."""
    found = _Faults(path)
    table = list(_rows(_records(path, found, data), found))
    first: dict[str, _Row] = {}
    for row in table:
        first.setdefault(row.cells["id"], row)
    own = [row for row in table if row is first[row.cells["id"]] or row.cells["name"] or row.cells["kind"]]
    units = tuple(_unit(row) for row in own)
    people = [(row, contact) for row in table for contact in _contacts(row)]
    _check_ids(own)
    _check_turns(people)
    return Roster(units, tuple(contact for _, contact in people)), faults.in_line_order(found.found)


# --- the sheet -------------------------------------------------------------------------------------------------------


Records = list[tuple[int, list[str]]]
"""The rows that are not empty, each with the line on which it begins."""


def _records(path: Path, found: _Faults, data: bytes | None) -> Records:
    try:
        content = path.read_bytes() if data is None else data
        if path.suffix.casefold() in SPREADSHEETS:
            return read_table(content, name=path.name)
    except OSError as error:
        found.add(1, say(faults.UNREADABLE, why=error.strerror), say(faults.CHECK_FILE))
        return []
    except FileRefusedError as refused:
        found.add(1, say(faults.UNREADABLE, why=str(refused.values["why"]).rstrip(".")), say(faults.CHECK_FILE))
        return []
    return _csv_records(_text(content, found), found)


def _text(data: bytes, found: _Faults) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        found.add(line, say(faults.NOT_UTF8), say(faults.SAVE_AS_UTF8))
        return ""
    if not text.strip():
        found.add(1, say(faults.EMPTY_FILE), say(faults.ADD_KEY, example=",".join(REQUIRED)))
    return text


def _rows(records: Records, found: _Faults) -> Iterator[_Row]:
    first, *rest = records or [(1, [])]
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


def _csv_records(text: str, found: _Faults) -> Records:
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
        if column not in EVERY_COLUMN:
            found.add(line, say(faults.UNKNOWN_COLUMN, key=column), faults.choose(column, EVERY_COLUMN))
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
    first = Role(row.choice("role", ROLES, Role.PRIMARY))
    for prefix, role in (("contact", first), ("deputy", Role.DEPUTY), ("head", Role.HEAD)):
        if contact := _contact(row, prefix, role, language):
            yield contact


def _contact(row: _Row, prefix: str, role: Role, language: str) -> Contact | None:
    """The person that these columns tell of; a mailbox needs no name."""
    name, email = row.cells[f"{prefix}_name"], row.cells[f"{prefix}_email"]
    is_first = prefix == "contact"
    if is_first and not (name or email):
        _check_nobody(row)
    if bool(name) != bool(email) and not (email and role is Role.FUNCTION_MAILBOX):
        empty, filled = (f"{prefix}_email", f"{prefix}_name") if name else (f"{prefix}_name", f"{prefix}_email")
        row.fault(say(faults.HALF_CONTACT, key=empty, other=filled), say(faults.FILL_BOTH))
        return None
    if not email:
        return None
    if not is_mailbox(email):
        row.fault(say(faults.BAD_MAILBOX, key=f"{prefix}_email", value=email), say(faults.ONE_MAILBOX))
    days = (row.day("contact_from"), row.day("contact_to")) if is_first else (None, None)
    if days[0] and days[1] and days[0] > days[1]:
        row.fault(say(faults.WRONG_ORDER, earlier="contact_from", later="contact_to"), say(faults.DATES_IN_ORDER))
    return Contact(
        unit=row.cells["id"],
        role=role,
        name=name,
        email=email,
        phone=row.cells["contact_phone"] if is_first else "",
        language=language,
        valid_from=days[0],
        valid_to=days[1],
    )


def _check_nobody(row: _Row) -> None:
    """What is said of nobody would be lost."""
    for column in ("contact_phone", "role", "contact_from", "contact_to"):
        if row.cells[column]:
            missing = say(faults.HALF_CONTACT, key="contact_name", other=column)
            row.fault(missing, say(faults.NAME_AND_ADDRESS))


def _check_turns(people: list[tuple[_Row, Contact]]) -> None:
    """A unit has one contact person and one head on any day."""
    seen: dict[tuple[str, Role], list[Contact]] = {}
    for row, contact in people:
        if contact.role not in ONE_AT_A_TIME:
            continue
        others = seen.setdefault((contact.unit, contact.role), [])
        clash = next((each for each in others if share_a_day(each, contact)), None)
        if clash:
            what = say(faults.TWO_AT_ONCE, value=contact.unit, role=contact.role, one=clash.name, other=contact.name)
            row.fault(what, say(faults.TAKE_TURNS))
        others.append(contact)


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
