"""The register of units and contacts: what an import would change, and the import itself."""

from collections import Counter
from datetime import datetime

from workflow.domain.audit import Event
from workflow.domain.roster import Change, Roster, roster_changes
from workflow.ports import Database, Work


def roster_of(db: Database) -> Roster:
    """The register as it stands."""
    with db.read() as work:
        return _roster(work)


def import_roster(db: Database, roster: Roster, *, by: str, now: datetime) -> tuple[Change, ...]:
    """Put the sheet in the register's place and give what changed; a sheet that changes nothing writes nothing.

    Rounds that are open keep the units and contacts they froze.
    """
    with db.begin() as work:
        changes = roster_changes(_roster(work), roster)
        if changes:
            work.people.replace(roster.units, roster.contacts)
            data: dict[str, str | int] = dict(Counter(str(change.kind) for change in changes))
            work.log.append(Event(kind="register.imported", actor=by, at=now, data=data))
        return changes


def _roster(work: Work) -> Roster:
    return Roster(work.people.units(), work.people.contacts())
