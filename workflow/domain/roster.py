"""The register of units and contacts as one sheet, and what changes when one sheet replaces another."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from workflow.domain.people import Contact, Role, Unit

COLUMNS = (
    "id",
    "name",
    "short",
    "kind",
    "valid_from",
    "valid_to",
    "replaced_by",
    "reports",
    "contact_name",
    "contact_email",
    "contact_phone",
    "language",
    "deputy_name",
    "deputy_email",
    "head_name",
    "head_email",
)
UNIT_COLUMNS = COLUMNS[:8]
CONTACT_COLUMNS = ("role", "contact_name", "contact_email", "contact_phone", "language", "contact_from", "contact_to")
EVERY_COLUMN = (*COLUMNS, "role", "contact_from", "contact_to")
"""What a sheet may have. With `role`, the columns contact_… tell of a person in that role; a row that repeats the id of
a unit without its name tells of one more."""
PREFIXES: Mapping[Role, str] = {Role.PRIMARY: "contact", Role.DEPUTY: "deputy", Role.HEAD: "head"}
LABELS: Mapping[Role, str] = {**PREFIXES, Role.REGISTRAR: "registrar", Role.FUNCTION_MAILBOX: "mailbox"}

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MAILBOX = re.compile(rf"(?=.{{3,254}}\Z)(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")


@dataclass(frozen=True, slots=True)
class Roster:
    """Units in the sheet's order, and their contacts."""

    units: tuple[Unit, ...]
    contacts: tuple[Contact, ...]


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference. `field` is the column that changed; "" when the whole unit came or went (then with its name)."""

    kind: ChangeKind
    unit: str
    field: str = ""
    before: str = ""
    after: str = ""


def is_mailbox(text: str) -> bool:
    """Whether `text` is one plain address (RFC 5321 §4.1.2 Dot-string in ASCII, 254 characters at most).

    No display name, comment, quotes or list, and nothing that could end a header line.
    """
    return _MAILBOX.fullmatch(text) is not None


def sheet(roster: Roster) -> dict[str, dict[str, str]]:
    """Each unit's row by its id, every column as text: the first contact of each role, the first one's language."""
    contacts: dict[str, dict[Role, Contact]] = {}
    for contact in roster.contacts:
        contacts.setdefault(contact.unit, {}).setdefault(contact.role, contact)
    return {unit.id: _row(unit, contacts.get(unit.id, {})) for unit in roster.units}


def rows(roster: Roster) -> tuple[tuple[str, ...], list[dict[str, str]]]:
    """The columns and rows of a sheet that reads back as this register.

    One row per unit where that says all, else one per contact.
    """
    if _is_plain(roster):
        return COLUMNS, list(sheet(roster).values())
    found: list[dict[str, str]] = []
    contacts = by_unit(roster.contacts)
    for unit in roster.units:
        own = [_contact_cells(contact) for contact in contacts.get(unit.id, ())] or [{}]
        first = {**_unit_cells(unit), **own[0]}
        found += [first, *({"id": unit.id, **more} for more in own[1:])]
    columns = (*UNIT_COLUMNS, *CONTACT_COLUMNS)
    return columns, [dict.fromkeys(columns, "") | row for row in found]


def by_unit(contacts: Iterable[Contact]) -> dict[str, list[Contact]]:
    """The contacts of each unit, in the register's order."""
    found: dict[str, list[Contact]] = {}
    for contact in contacts:
        found.setdefault(contact.unit, []).append(contact)
    return found


def share_a_day(one: Contact, other: Contact) -> bool:
    """Whether there is a day on which both are right."""
    latest_start = max(one.valid_from or date.min, other.valid_from or date.min)
    return latest_start <= min(one.valid_to or date.max, other.valid_to or date.max)


def roster_changes(old: Roster, new: Roster) -> tuple[Change, ...]:
    """List what differs, in the new sheet's order, removed units last. The order of rows is no difference."""
    before, after = _facts(old), _facts(new)
    kept = (change for unit in new.units for change in _changes(unit, before.get(unit.id), after[unit.id]))
    removed = (
        Change(kind=ChangeKind.REMOVED, unit=unit.id, before=unit.name) for unit in old.units if unit.id not in after
    )
    return (*kept, *removed)


@dataclass(frozen=True, slots=True)
class _Facts:
    cells: Mapping[str, str]
    contacts: Sequence[Contact]


def _facts(roster: Roster) -> dict[str, _Facts]:
    contacts = by_unit(roster.contacts)
    return {unit.id: _Facts(_unit_cells(unit), contacts.get(unit.id, ())) for unit in roster.units}


def _changes(unit: Unit, before: _Facts | None, after: _Facts) -> Iterator[Change]:
    if before is None:
        yield Change(kind=ChangeKind.ADDED, unit=unit.id, after=unit.name)
        return
    pairs = [("", before.cells, after.cells)]
    for label, old, new in _paired(before.contacts, after.contacts):
        pairs.append((label, _person_cells(old), _person_cells(new)))
    for label, old_cells, new_cells in pairs:
        for column, value in new_cells.items():
            if old_cells[column] != value:
                name = f"{label}_{column}" if label else column
                yield Change(kind=ChangeKind.CHANGED, unit=unit.id, field=name, before=old_cells[column], after=value)


def _paired(old: Sequence[Contact], new: Sequence[Contact]) -> Iterator[tuple[str, Contact | None, Contact | None]]:
    """Who corresponds to whom in each role: by address, then in order. The second of a role is called deputy2."""
    for role, label in LABELS.items():
        before, after = [each for each in old if each.role is role], [each for each in new if each.role is role]
        place: list[Contact | None] = [
            next((each for each in after if each.email.casefold() == one.email.casefold()), None) for one in before
        ]
        rest = [each for each in after if each not in place]
        place = [each or (rest.pop(0) if rest else None) for each in place]
        olds: list[Contact | None] = [*before, *([None] * len(rest))]
        for number, (one, other) in enumerate(zip(olds, [*place, *rest], strict=True), start=1):
            yield (label if number == 1 else f"{label}{number}"), one, other


def _person_cells(contact: Contact | None) -> dict[str, str]:
    columns = ("name", "email", "phone", "language", "from", "to")
    if contact is None:
        return dict.fromkeys(columns, "")
    days = (_day(contact.valid_from), _day(contact.valid_to))
    return dict(zip(columns, (contact.name, contact.email, contact.phone, contact.language, *days), strict=True))


def _contact_cells(contact: Contact) -> dict[str, str]:
    cells = (contact.name, contact.email, contact.phone, contact.language, contact.valid_from, contact.valid_to)
    texts = (each if isinstance(each, str) else _day(each) for each in cells)
    return dict(zip(CONTACT_COLUMNS, (str(contact.role), *texts), strict=True))


def _unit_cells(unit: Unit) -> dict[str, str]:
    cells = (unit.id, unit.name, unit.short, unit.kind.value, _day(unit.valid_from), _day(unit.valid_to))
    return dict(zip(UNIT_COLUMNS, (*cells, unit.replaced_by, "yes" if unit.reports else "no"), strict=True))


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _is_plain(roster: Roster) -> bool:
    """Whether one row per unit says all: one contact, deputy and head at most, without dates, in one language."""
    roles = tuple(PREFIXES)
    for own in by_unit(roster.contacts).values():
        places = [roles.index(each.role) if each.role in PREFIXES else len(roles) for each in own]
        is_usual = places == sorted(set(places)) and len(roles) not in places
        is_short = all(not (each.valid_from or each.valid_to) for each in own)
        has_phone = any(each.phone for each in own if each.role is not Role.PRIMARY)
        if not is_usual or not is_short or has_phone or len({each.language for each in own}) > 1:
            return False
    return True


def _row(unit: Unit, contacts: Mapping[Role, Contact]) -> dict[str, str]:
    row = dict.fromkeys(COLUMNS, "") | _unit_cells(unit)
    for role, prefix in PREFIXES.items():
        if contact := contacts.get(role):
            row |= {f"{prefix}_name": contact.name, f"{prefix}_email": contact.email}
            row["language"] = row["language"] or contact.language
    row["contact_phone"] = contacts[Role.PRIMARY].phone if Role.PRIMARY in contacts else ""
    return row
