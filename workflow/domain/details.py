"""The yearly question whether the register is right about somebody: when it goes, what it shows, what was answered."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from hashlib import sha256

from workflow.domain.calendar import Calendar
from workflow.domain.errors import StaleWriteError
from workflow.domain.messages import TOO_LATE, Message, MessageState
from workflow.domain.people import Contact, Role, Unit, fold_address
from workflow.domain.roster import is_mailbox

CATCH_UP = timedelta(days=30)
"""How long after its day a year's question may begin to go; then the year is passed over."""
LINK_LIFE = timedelta(days=60)
LEFT_REGISTER = "left_register"
DETAILS_CHANGED = "details_changed"
ANSWERED = "answered"
PLACES, UNTIL = "places", "until"
"""Keys of a message's `detail`: what the register said when it was planned, and when its link ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsPolicy:
    """Each year on `month`-`day`, or the first sending day after it, at `at`. `sends` False: never.

    Who has not answered `remind_after` days later is asked once more (0: never).
    """

    sends: bool = True
    month: int = 12
    day: int = 1
    at: time = time(9)
    remind_after: int = 14


@dataclass(frozen=True, slots=True)
class Occasion:
    """One year's question: the instant from which it goes."""

    year: int
    asks_at: datetime

    @property
    def until(self) -> datetime:
        """From then on it is too late to begin."""
        return self.asks_at + CATCH_UP


def occasion(year: int, policy: DetailsPolicy, calendar: Calendar) -> Occasion:
    day = calendar.sending_day_on_or_after(date(year, policy.month, policy.day))
    return Occasion(year, calendar.sending_at(day, policy.at))


def under_way(policy: DetailsPolicy, calendar: Calendar, now: datetime) -> Occasion | None:
    """The latest whose moment has come; None before the first that the calendar knows."""
    found = [occasion(year, policy, calendar) for year in _years(calendar, now, -1, 0)]
    return next((each for each in reversed(found) if each.asks_at <= now), None)


def coming(policy: DetailsPolicy, calendar: Calendar, now: datetime) -> Occasion | None:
    """The next one; None where nothing is sent, or the calendar ends."""
    found = [occasion(year, policy, calendar) for year in _years(calendar, now, 0, 1)] if policy.sends else []
    return next((each for each in found if each.asks_at > now), None)


def reminds_at(asked_at: datetime, policy: DetailsPolicy, calendar: Calendar) -> datetime | None:
    """When somebody who was asked then is asked once more; None: never."""
    if not policy.remind_after:
        return None
    day = calendar.local(asked_at).date() + timedelta(days=policy.remind_after)
    return calendar.sending_at(calendar.sending_day_on_or_after(day), policy.at)


def _years(calendar: Calendar, now: datetime, *steps: int) -> list[int]:
    this = calendar.local(now).year
    return [this + step for step in steps if calendar.years is None or this + step in calendar.years]


# --- what the register says of a person ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """What somebody is to a unit, as the register has it."""

    unit_name: str
    contact: Contact

    @property
    def address(self) -> str:
        return fold_address(self.contact.email)


def places_on(found: Iterable[tuple[Unit, Contact]], day: date) -> tuple[Place, ...]:
    """Who is right on a day, in a unit that exists on it, under an address that works as far as anybody knows."""
    return tuple(
        Place(unit.name, replace(contact, undeliverable_since=None))
        for unit, contact in found
        if unit.is_valid(day)
        and contact.is_valid(day)
        and is_mailbox(contact.email)
        and not contact.undeliverable_since
    )


def by_address(places: Iterable[Place]) -> dict[str, tuple[Place, ...]]:
    """Each person with all their places, in the register's order."""
    found: dict[str, tuple[Place, ...]] = {}
    for place in places:
        found[place.address] = (*found.get(place.address, ()), place)
    return found


def pack(places: Iterable[Place]) -> str:
    """The places as text, the same for the same places."""
    return json.dumps([plain(place) for place in places], ensure_ascii=False)


def unpack(text: str) -> tuple[Place, ...]:
    return tuple(place_of(row) for row in json.loads(text))


def seal(places: Iterable[Place]) -> str:
    """What tells whether the register still says what somebody was shown."""
    return sha256(pack(places).encode()).hexdigest()


def plain(place: Place) -> dict[str, str]:
    contact = place.contact
    return {
        "unit_name": place.unit_name,
        "unit": contact.unit,
        "role": str(contact.role),
        "name": contact.name,
        "email": contact.email,
        "phone": contact.phone,
        "language": contact.language,
        "from": contact.valid_from.isoformat() if contact.valid_from else "",
        "to": contact.valid_to.isoformat() if contact.valid_to else "",
    }


def place_of(row: dict[str, str]) -> Place:
    first, last = (date.fromisoformat(row[key]) if row[key] else None for key in ("from", "to"))
    contact = Contact(
        unit=row["unit"],
        role=Role(row["role"]),
        name=row["name"],
        email=row["email"],
        phone=row["phone"],
        language=row["language"],
        valid_from=first,
        valid_to=last,
    )
    return Place(row["unit_name"], contact)


# --- who was asked, and what they said ------------------------------------------------------------------------------


class Said(StrEnum):
    """The answer to a year's question."""

    NOTHING = ""
    RIGHT = "right"
    CHANGE = "change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A person who is asked in a year: one of each address and year, for ever. The id is also the link's."""

    id: str
    year: int
    address: str
    secret_sha256: str
    created_at: datetime
    expires_at: datetime
    said: Said = Said.NOTHING
    answered_at: datetime | None = None

    def answer(self, said: Said, at: datetime) -> "Check":
        return replace(self, said=said, answered_at=at)


def why_untrue(message: Message, check: Check | None, places: tuple[Place, ...], now: datetime) -> str:
    """Why the question, or its reminder, must not go any more, or ""."""
    if check is None or check.said:
        return ANSWERED
    if now >= check.expires_at:
        return TOO_LATE
    if not places:
        return LEFT_REGISTER
    return "" if pack(places) == message.detail.get(PLACES) else DETAILS_CHANGED


def first_slot(check: Check) -> str:
    return str(check.year)


def again_slot(check: Check) -> str:
    return f"{check.year}-again"


def open_slot(slot: str, rows: Iterable[Message]) -> str:
    """The slot under which a mail may be planned; "" where it is accounted for.

    One that fell because the register changed before it left is written anew under a number of its own.
    """
    taken = [each for each in rows if each.slot.partition(".")[0] == slot]
    if any(each.state is not MessageState.CANCELLED or each.reason != DETAILS_CHANGED for each in taken):
        return ""
    return f"{slot}.{len(taken) + 1}" if taken else slot


# --- corrections ----------------------------------------------------------------------------------------------------


class CorrectionClosedError(StaleWriteError):
    sentence = "Begäran är redan avgjord. Läs om sidan."


class Wish(StrEnum):
    """What somebody wants changed. OTHER stands in their own words alone."""

    CHANGE = "change"
    SUCCESSOR = "successor"
    OTHER = "other"


class CorrectionState(StrEnum):
    ASKED = "asked"
    APPLIED = "applied"
    REFUSED = "refused"
    HANDLED = "handled"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A request about one place, `was` as it was shown. Nothing changes in the register until a coordinator says so.

    For CHANGE, name, e-mail, phone and role are the whole of what it should be; for SUCCESSOR, those of the other one.
    """

    id: str
    check: str
    was: Place
    wish: Wish
    name: str = ""
    email: str = ""
    phone: str = ""
    role: Role = Role.PRIMARY
    note: str = ""
    state: CorrectionState = CorrectionState.ASKED
    asked_at: datetime
    decided_at: datetime | None = None
    decided_by: str = ""

    @property
    def is_open(self) -> bool:
        return self.state is CorrectionState.ASKED

    @property
    def wanted(self) -> Contact:
        """The contact as it would stand, or the one who takes over."""
        return replace(self.was.contact, name=self.name, email=self.email, phone=self.phone, role=self.role)

    def close(self, state: CorrectionState, *, by: str, at: datetime) -> "Correction":
        """Raises CorrectionClosedError for one that is closed."""
        if not self.is_open:
            raise CorrectionClosedError
        return replace(self, state=state, decided_by=by, decided_at=at)
