"""One person of the register at a time: added, changed, given a last day; what is wrong is told all at once."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from workflow.domain.audit import Event
from workflow.domain.errors import NotFoundError, RefusedError, StaleWriteError
from workflow.domain.people import ONE_AT_A_TIME, Contact, Role
from workflow.domain.roster import is_mailbox, share_a_day
from workflow.ports import Database, Work

ADDED = "register.contact_added"
CHANGED = "register.contact_changed"
FIELDS = ("role", "name", "email", "phone", "language", "valid_from", "valid_to", "undeliverable_since")


class NamelessError(RefusedError):
    sentence = "Skriv ett namn. Bara en funktionsbrevlåda kan sakna namn."


class NoMailboxError(RefusedError):
    sentence = "”{address}” är ingen e-postadress. Skriv en adress, till exempel namn@forvaltningen.example."


class DaysReversedError(RefusedError):
    sentence = "Till och med-dagen ligger före från och med-dagen."


class TwoAtOnceError(RefusedError):
    sentence = "{other} har samma roll under samma tid. Ge {other} en till och med-dag först, eller välj en senare dag."


@dataclass(frozen=True, slots=True)
class Fault:
    """Something to put right: the field it stands in, and the sentence."""

    field: str
    error: RefusedError


@dataclass(frozen=True, slots=True)
class UnitPeople:
    """A unit's own contacts in the register's order, numbered from 1, and what names them as they stand."""

    contacts: tuple[Contact, ...]

    @property
    def seal(self) -> str:
        return sha256(repr(self.contacts).encode()).hexdigest()

    def numbered(self, number: int) -> Contact:
        """Raises NotFoundError."""
        if not 1 <= number <= len(self.contacts):
            raise NotFoundError(what=str(number))
        return self.contacts[number - 1]


def people_of(db: Database, unit: str) -> UnitPeople:
    """Raises NotFoundError where the register has no such unit."""
    with db.read() as work:
        return people_in(work, unit)


def faults(contact: Contact, others: Iterable[Contact]) -> tuple[Fault, ...]:
    """All that is wrong with a contact as it would stand beside the unit's other ones."""
    found = []
    if not contact.name and contact.role is not Role.FUNCTION_MAILBOX:
        found.append(Fault("name", NamelessError()))
    if not is_mailbox(contact.email):
        found.append(Fault("email", NoMailboxError(address=contact.email)))
    if contact.valid_from and contact.valid_to and contact.valid_from > contact.valid_to:
        found.append(Fault("until", DaysReversedError()))
    elif contact.role in ONE_AT_A_TIME:
        clash = next((each for each in others if each.role is contact.role and share_a_day(each, contact)), None)
        found += [Fault("role", TwoAtOnceError(other=clash.name))] if clash else []
    return tuple(found)


def save_contact(
    db: Database, contact: Contact, *, number: int, works: bool, seal: str, by: str, now: datetime
) -> Contact:
    """Put the contact in place of the unit's `number`th, or last where `number` is 0, and give it as it is kept.

    `works` says of the address whether mail arrives, wherever in the register it stands. What changes nothing writes
    nothing. Open rounds keep the contacts they froze. `seal` is that of the people shown: StaleWriteError when the
    unit's people are others by now. Raises NotFoundError, and the first of `faults`.
    """
    with db.begin() as work:
        work.people.hold()
        people = people_in(work, contact.unit)
        if people.seal != seal:
            raise StaleWriteError
        old = people.numbered(number) if number else None
        return put_contact(work, people, old, contact, works=works, by=by, now=now)


def put_contact(
    work: Work, people: UnitPeople, old: Contact | None, contact: Contact, *, works: bool, by: str, now: datetime
) -> Contact:
    """The same in a transaction of the caller's: in place of `old`, which is one of `people`, or last."""
    wrong = faults(contact, [each for each in people.contacts if each is not old])
    if wrong:
        raise wrong[0].error
    new = replace(contact, undeliverable_since=None if works else _since(old, contact, now))
    if new != old:
        _write(work, old, new)
        work.log.append(_event(old, new, by, now))
    return new


def people_in(work: Work, unit: str) -> UnitPeople:
    """Raises NotFoundError where the register has no such unit."""
    if all(each.id != unit for each in work.people.units()):
        raise NotFoundError(what=unit)
    return UnitPeople(tuple(each for each in work.people.contacts() if each.unit == unit))


def _since(old: Contact | None, new: Contact, now: datetime) -> datetime:
    return (old.undeliverable_since if old and _same_address(old, new) else None) or now


def _write(work: Work, old: Contact | None, new: Contact) -> None:
    contacts = work.people.contacts()
    kept = [new if each == old else each for each in contacts] if old else [*contacts, new]
    marked = [
        replace(each, undeliverable_since=new.undeliverable_since) if _same_address(each, new) else each
        for each in kept
    ]
    work.people.replace(work.people.units(), marked)


def _event(old: Contact | None, new: Contact, by: str, now: datetime) -> Event:
    data: dict[str, str | int] = {"unit": new.unit, "role": str(new.role), "works": int(not new.undeliverable_since)}
    if old:
        data["fields"] = ",".join(name for name in FIELDS if getattr(old, name) != getattr(new, name))
    return Event(kind=CHANGED if old else ADDED, actor=by, at=now, data=data)


def _same_address(one: Contact, other: Contact) -> bool:
    return one.email.casefold() == other.email.casefold()
