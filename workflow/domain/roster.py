"""The register of units and contacts as one sheet, and what changes when one sheet replaces another."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
PREFIXES: Mapping[Role, str] = {Role.PRIMARY: "contact", Role.DEPUTY: "deputy", Role.HEAD: "head"}

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MAILBOX = re.compile(rf"(?=.{{3,254}}\Z)(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")


@dataclass(frozen=True, slots=True)
class Roster:
    """Units in the sheet's order, and their contacts: at most one per unit and role."""

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
    """Each unit's row by its id, every column as text. A language that differs inside a unit is the first contact's."""
    contacts: dict[str, dict[Role, Contact]] = {}
    for contact in roster.contacts:
        contacts.setdefault(contact.unit, {}).setdefault(contact.role, contact)
    return {unit.id: _row(unit, contacts.get(unit.id, {})) for unit in roster.units}


def roster_changes(old: Roster, new: Roster) -> tuple[Change, ...]:
    """List what differs, in the new sheet's order, removed units last. The order of rows is no difference."""
    before, after = sheet(old), sheet(new)
    kept = (change for unit, row in after.items() for change in _changes(unit, before.get(unit), row))
    removed = (
        Change(kind=ChangeKind.REMOVED, unit=unit, before=row["name"])
        for unit, row in before.items()
        if unit not in after
    )
    return (*kept, *removed)


def _changes(unit: str, before: Mapping[str, str] | None, after: Mapping[str, str]) -> Iterator[Change]:
    if before is None:
        yield Change(kind=ChangeKind.ADDED, unit=unit, after=after["name"])
        return
    for column in COLUMNS:
        if before[column] != after[column]:
            yield Change(kind=ChangeKind.CHANGED, unit=unit, field=column, before=before[column], after=after[column])


def _row(unit: Unit, contacts: Mapping[Role, Contact]) -> dict[str, str]:
    row = dict.fromkeys(COLUMNS, "")
    row |= {"id": unit.id, "name": unit.name, "short": unit.short, "kind": unit.kind.value}
    row["valid_from"] = unit.valid_from.isoformat() if unit.valid_from else ""
    row["valid_to"] = unit.valid_to.isoformat() if unit.valid_to else ""
    row |= {"replaced_by": unit.replaced_by, "reports": "yes" if unit.reports else "no"}
    for role, prefix in PREFIXES.items():
        if contact := contacts.get(role):
            row |= {f"{prefix}_name": contact.name, f"{prefix}_email": contact.email}
            row["language"] = row["language"] or contact.language
    row["contact_phone"] = contacts[Role.PRIMARY].phone if Role.PRIMARY in contacts else ""
    return row
