"""The register of units and contacts: what an import would change, and the import itself."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from workflow.domain.audit import Event
from workflow.domain.errors import StaleWriteError
from workflow.domain.people import Contact
from workflow.domain.roster import Change, Roster, roster_changes
from workflow.ports import Database, Work


def roster_of(db: Database) -> Roster:
    """The register as it stands."""
    with db.read() as work:
        return _roster(work)


def import_roster(
    db: Database, roster: Roster, *, by: str, now: datetime, expected: tuple[Change, ...] | None = None
) -> tuple[Change, ...]:
    """Put the sheet in the register's place and give what changed; a sheet that changes nothing writes nothing.

    Rounds that are open keep the units and contacts they froze. `expected` is what somebody saw and confirmed:
    StaleWriteError when it would change anything else by now.
    """
    with db.begin() as work:
        work.people.hold()
        changes = roster_changes(_roster(work), roster)
        if expected is not None and changes != expected:
            raise StaleWriteError
        if changes:
            work.people.replace(roster.units, _with_marks(roster.contacts, work.people.contacts()))
            data: dict[str, str | int] = dict(Counter(str(change.kind) for change in changes))
            work.log.append(Event(kind="register.imported", actor=by, at=now, data=data))
        return changes


def _with_marks(contacts: Iterable[Contact], before: Iterable[Contact]) -> tuple[Contact, ...]:
    """What was learnt of an address is in no sheet, and stays true of it."""
    known = {each.email.casefold(): each.undeliverable_since for each in before if each.undeliverable_since}
    return tuple(replace(each, undeliverable_since=known.get(each.email.casefold())) for each in contacts)


def _roster(work: Work) -> Roster:
    return Roster(work.people.units(), work.people.contacts())
