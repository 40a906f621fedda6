"""Who answers for a unit and from when to when: its own contacts, and after its last day those of the unit after it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from workflow.domain.people import ANSWERING, Contact, Unit
from workflow.domain.roster import is_mailbox

_DAY = timedelta(days=1)


class Register:
    """Units and contacts as the register holds them, looked up by unit."""

    def __init__(self, units: Iterable[Unit], contacts: Iterable[Contact]) -> None:
        self.units = tuple(units)
        self._units = {unit.id: unit for unit in self.units}
        self._contacts: dict[str, list[Contact]] = {}
        for contact in contacts:
            self._contacts.setdefault(contact.unit, []).append(contact)

    def contacts_of(self, unit: str) -> tuple[Contact, ...]:
        """Its own, in the register's order."""
        return tuple(self._contacts.get(unit, ()))

    def people_for(self, unit: Unit) -> tuple[Contact, ...]:
        """Everybody who answers for `unit`, each with the dates between which they are the right one.

        A unit that ends in the middle of a round still owes its answer: it is about a time in which it existed. After
        its last day the contacts of the unit that replaced it answer for it, and then those of the next one; where
        nobody does, its own contacts go on.
        """
        if not unit.replaced_by or unit.valid_to is None:
            return self.contacts_of(unit.id)
        found: list[Contact] = []
        first: date | None = None
        line = self.line(unit)
        for place, each in enumerate(line, start=1):
            last = each.valid_to if self._is_answered_for_by(line[place:]) else None
            found += [clipped for contact in self.contacts_of(each.id) if (clipped := _within(contact, first, last))]
            if last is None:
                break
            first = last + _DAY
        return tuple(found)

    def line(self, unit: Unit) -> tuple[Unit, ...]:
        """The unit, the one that replaced it, and so on; a circle in the register ends where it closes."""
        seen: dict[str, Unit] = {}
        here: Unit | None = unit
        while here is not None and here.id not in seen:
            seen[here.id] = here
            here = self._units.get(here.replaced_by)
        return tuple(seen.values())

    def home(self, unit: str, on: date) -> Unit | None:
        """Where its contacts stand on that day: itself, or the unit that has taken its place by then."""
        found = self._units.get(unit)
        line = self.line(found) if found else ()
        return next((each for each in line if each.is_valid(on)), found)

    def predecessors(self, unit: str) -> tuple[Unit, ...]:
        """The units that `unit` replaced directly, in the register's order."""
        return tuple(each for each in self.units if each.replaced_by == unit and each.id != unit)

    def _is_answered_for_by(self, units: Iterable[Unit]) -> bool:
        return any(contact.role in ANSWERING for each in units for contact in self.contacts_of(each.id))


def answering(people: Iterable[Contact], on: date) -> tuple[Contact, ...]:
    """Those who may answer on that day."""
    return tuple(each for each in people if each.role in ANSWERING and each.is_valid(on))


def is_left_alone(people: Sequence[Contact], first: date, last: date) -> bool:
    """Whether there is a day in between (both included) on which nobody may answer."""
    changes = {first} | {each.valid_to + _DAY for each in people if each.valid_to}
    return any(not answering(people, day) for day in changes if first <= day <= last)


def unreachable(people: Iterable[Contact], first: date, last: date) -> tuple[Contact, ...]:
    """Those of that time (both days included) whose address is missing, malformed, or one that mail comes back from."""
    return tuple(
        each
        for each in people
        if (each.valid_from is None or each.valid_from <= last)
        and (each.valid_to is None or first <= each.valid_to)
        and (each.undeliverable_since or not is_mailbox(each.email))
    )


def _within(contact: Contact, first: date | None, last: date | None) -> Contact | None:
    """The contact between these days; None where nothing of their time is left."""
    starts = max(filter(None, (contact.valid_from, first)), default=None)
    ends = min(filter(None, (contact.valid_to, last)), default=None)
    if starts and ends and starts > ends:
        return None
    return replace(contact, valid_from=starts, valid_to=ends)
