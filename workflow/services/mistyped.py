"""A person entered by mistake: taken out of the register again, as long as nothing anywhere tells of them."""

from datetime import datetime

from workflow.domain.audit import Event
from workflow.domain.errors import RefusedError, StaleWriteError
from workflow.domain.people import Contact, fold_address, search_key
from workflow.ports import Database, Work
from workflow.services.contacts import people_in

REMOVED = "register.contact_removed"


class KnownError(RefusedError):
    """Somebody that more than the register tells of: their time can be ended, and they stay."""


class InRoundError(KnownError):
    sentence = "{who} finns med i en omgång och kan inte tas bort. Ge personen en till och med-dag i stället."


class WrittenToError(KnownError):
    sentence = "Det finns mejl till {who}, som därför inte kan tas bort. Ge personen en till och med-dag i stället."


class AskedForError(KnownError):
    sentence = (
        "{who} står i en begäran om ändring i registret och kan inte tas bort. "
        "Ge personen en till och med-dag i stället."
    )


def why_kept(db: Database, unit: str, number: int) -> KnownError | None:
    """Why the unit's `number`th contact cannot be removed; None when they can. Raises NotFoundError."""
    with db.read() as work:
        return _known(work, people_in(work, unit).numbered(number))


def remove_contact(db: Database, unit: str, number: int, *, seal: str, by: str, now: datetime) -> Contact:
    """Take the unit's `number`th contact out of the register, and give them as they stood.

    `seal` is that of the people shown: StaleWriteError when the unit's people are others by now. Raises NotFoundError,
    and KnownError for somebody who is in a round, in the ledger of mails or in a correction, under this address or
    under one that they had before.
    """
    with db.begin() as work:
        work.people.hold()
        people = people_in(work, unit)
        if people.seal != seal:
            raise StaleWriteError
        contact = people.numbered(number)
        if known := _known(work, contact):
            raise known
        work.people.replace(work.people.units(), _without(work.people.contacts(), unit, number))
        data = {"unit": unit, "role": str(contact.role)}
        work.log.append(Event(kind=REMOVED, actor=by, at=now, data=data))
        return contact


def _without(contacts: tuple[Contact, ...], unit: str, number: int) -> list[Contact]:
    """By place: the same person entered twice may be alike in everything."""
    places = [place for place, each in enumerate(contacts) if each.unit == unit]
    return [each for place, each in enumerate(contacts) if place != places[number - 1]]


def _known(work: Work, contact: Contact) -> KnownError | None:
    who, address = contact.name or contact.email, fold_address(contact.email)
    theirs = {address} - {""}
    others = {fold_address(each.email) for each in work.people.contacts()} - theirs
    rounds = {fold_address(each) for each in _in_rounds(work, contact)}
    if rounds - others:
        return InRoundError(who=who)
    if work.outbox.written_to(address=address, name=contact.name) - others:
        return WrittenToError(who=who)
    if theirs & {fold_address(each.email) for each in work.details.corrections()}:
        return AskedForError(who=who)
    return None


def _in_rounds(work: Work, contact: Contact) -> list[str]:
    """The addresses under which the person, or somebody of their name in the unit, is in a round."""
    name = search_key(contact.name)
    mine = [each.id for each in work.submissions.of_unit(contact.unit)]
    named = [each for each in work.recipients.of(*mine) if name and search_key(each.name) == name] if mine else []
    at = work.recipients.at(contact.email) if contact.email.strip() else ()
    return [each.email for each in (*at, *named)]
