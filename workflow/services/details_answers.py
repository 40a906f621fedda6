"""What somebody answers by the link in the yearly mail: that the register is right, or what should be changed in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hmac import compare_digest

from workflow.domain.audit import Event
from workflow.domain.calendar import Calendar
from workflow.domain.details import (
    Check,
    Correction,
    CorrectionState,
    Place,
    Said,
    Wish,
    by_address,
    places_on,
    seal,
)
from workflow.domain.errors import LinkError, RefusedError, StaleWriteError
from workflow.domain.people import Contact, Office, Role, fold_address
from workflow.ports import Database, Secrets, Work
from workflow.services.contacts import Fault, faults


class NothingChangedError(RefusedError):
    sentence = "Ändra det som är fel, eller välj att uppgifterna stämmer."


class SameAddressError(RefusedError):
    sentence = "Skriv namn och e-post till den som har tagit över: {address} är din egen adress."


class NothingWrittenError(RefusedError):
    sentence = "Skriv vad som ska ändras."


class NothingAskedError(RefusedError):
    sentence = "Välj vad som ska ändras, eller gå tillbaka och svara att uppgifterna stämmer."


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Who is asked, what the register says of them today, and what they have asked to have changed, oldest first."""

    check: Check
    places: tuple[Place, ...]
    corrections: tuple[Correction, ...]

    @property
    def seal(self) -> str:
        return seal(self.places)

    @property
    def language(self) -> str:
        return self.places[0].contact.language if self.places else ""

    @property
    def waiting(self) -> tuple[Correction, ...]:
        return tuple(each for each in self.corrections if each.is_open)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """What somebody asks for about one of their places; for OTHER, `note` alone says it."""

    wish: Wish
    name: str = ""
    email: str = ""
    phone: str = ""
    role: Role = Role.PRIMARY
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What every look at the link needs. `token` is `<id>.<secret>`."""

    db: Database
    secrets: Secrets
    calendar: Calendar
    office: Office
    now: datetime
    token: str

    def look(self) -> Question:
        """Changes nothing. Raises LinkError, the same for every cause."""
        with self.db.read() as work:
            return self._question(work)

    def confirm(self, shown: str) -> Question:
        """All is right as it was shown; what was asked for before is taken back. Raises LinkError, StaleWriteError."""
        with self.db.begin() as work:
            asked = self._locked(work, shown)
            if asked.check.said is Said.RIGHT and not asked.waiting:
                return asked
            _take_back(work, asked.waiting, asked.check, self.now)
            return self._answered(work, asked, Said.RIGHT, "details.confirmed", {})

    def ask_for(self, wishes: Mapping[int, Wished], shown: str) -> Question:
        """Ask for changes, by the number of the place (from 0), in place of what was asked for before.

        Raises LinkError, StaleWriteError, and the first of `problems`.
        """
        with self.db.begin() as work:
            asked = self._locked(work, shown)
            if wrong := problems(asked.places, wishes):
                raise wrong[0][1].error
            _take_back(work, asked.waiting, asked.check, self.now)
            new = [self._correction(asked, asked.places[number], each) for number, each in sorted(wishes.items())]
            work.details.request(new)
            return self._answered(work, asked, Said.CHANGE, "details.change_asked", {"changes": len(new)})

    def _answered(self, work: Work, asked: Question, said: Said, event: str, more: Mapping[str, str | int]) -> Question:
        work.details.answer(asked.check.answer(said, self.now))
        data: dict[str, str | int] = {"check": asked.check.id, "year": asked.check.year, **more}
        work.log.append(Event(kind=event, actor=asked.check.id, at=self.now, data=data))
        return self._question(work)

    def _locked(self, work: Work, shown: str) -> Question:
        asked = self._question(work, lock=True)
        if not asked.places or asked.seal != shown:
            raise StaleWriteError
        return asked

    def _question(self, work: Work, *, lock: bool = False) -> Question:
        id_, _, secret = self.token.partition(".")
        is_text = self.token.isascii() and self.token.isprintable()
        check = work.details.checks([id_], lock=lock).get(id_) if is_text else None
        if check is None or not compare_digest(check.secret_sha256, self.secrets.digest(secret)):
            raise LinkError(what="link", office=self.office.contact_email)
        if self.now >= check.expires_at:
            raise LinkError(what="link", office=self.office.contact_email)
        today = self.calendar.local(self.now).date()
        places = by_address(places_on(work.people.at([check.address]), today)).get(check.address, ())
        return Question(check=check, places=places, corrections=work.details.corrections(check=check.id))

    def _correction(self, asked: Question, was: Place, wished: Wished) -> Correction:
        kept = was.contact if wished.wish is Wish.OTHER else wished
        return Correction(
            id=self.secrets.new_id(),
            check=asked.check.id,
            was=was,
            wish=wished.wish,
            name=kept.name,
            email=kept.email,
            phone=kept.phone,
            role=kept.role,
            note=wished.note,
            asked_at=self.now,
        )


def problems(places: Sequence[Place], wishes: Mapping[int, Wished]) -> list[tuple[int, Fault]]:
    """All that is wrong, by the number of the place. Where nothing at all is asked for, that is told of place 0."""
    if not wishes:
        return [(0, Fault("wish", NothingAskedError()))]
    return [(number, fault) for number, each in sorted(wishes.items()) for fault in _faults(places[number], each)]


def _faults(place: Place, wished: Wished) -> tuple[Fault, ...]:
    was = place.contact
    if wished.wish is Wish.OTHER:
        return () if wished.note else (Fault("note", NothingWrittenError()),)
    role = was.role if wished.wish is Wish.SUCCESSOR else wished.role
    new = replace(was, name=wished.name, email=wished.email, phone=wished.phone, role=role)
    if wished.wish is Wish.SUCCESSOR and fold_address(new.email) == place.address:
        return (Fault("email", SameAddressError(address=was.email)),)
    if new == was and not wished.note:
        return (Fault("wish", NothingChangedError()),)
    return faults(new, _none())


def _none() -> Iterable[Contact]:
    """Whether another holds the role is asked when it is applied."""
    return ()


def _take_back(work: Work, waiting: Iterable[Correction], check: Check, now: datetime) -> None:
    for each in waiting:
        work.details.change(each, each.close(CorrectionState.REPLACED, by=check.id, at=now))
