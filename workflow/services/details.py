"""Asking everybody in the register, once a year, whether it is right about them; and once more who has not answered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.domain.audit import Event
from workflow.domain.calendar import Calendar
from workflow.domain.details import (
    LINK_LIFE,
    PLACES,
    UNTIL,
    Check,
    DetailsPolicy,
    Occasion,
    Place,
    again_slot,
    by_address,
    first_slot,
    open_slot,
    pack,
    places_on,
    reminds_at,
    under_way,
    why_untrue,
)
from workflow.domain.messages import GIVE_UP_AFTER, Message, MessageKind, MessageState
from workflow.ports import Database, Secrets, Work
from workflow.services.rounds import SYSTEM

KIND = MessageKind.DETAILS_CHECK
_MAY_HAVE_GONE = frozenset({MessageState.SENT, MessageState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Roll:
    """What the mails of one transaction are true of: who was asked, and what the register says of them now."""

    checks: Mapping[str, Check]
    places: Mapping[str, tuple[Place, ...]]
    now: datetime

    def against(self, message: Message) -> str:
        """Why this mail must not go any more, or ""."""
        check = self.checks.get(message.link)
        return why_untrue(message, check, self.places.get(message.address, ()), self.now)


def read_roll(work: Work, messages: Iterable[Message], *, calendar: Calendar, now: datetime) -> Roll:
    asked = [each for each in messages if each.kind is KIND]
    return Roll(
        work.details.checks({each.link for each in asked}),
        by_address(places_on(work.people.at({each.address for each in asked}), calendar.local(now).date())),
        now,
    )


def everybody(work: Work, calendar: Calendar, now: datetime) -> dict[str, tuple[Place, ...]]:
    """Whom the register has today, by address, each with all their places."""
    units = {each.id: each for each in work.people.units()}
    found = ((units[each.unit], each) for each in work.people.contacts())
    return by_address(places_on(found, calendar.local(now).date()))


def plan_details(db: Database, policy: DetailsPolicy, *, secrets: Secrets, calendar: Calendar, now: datetime) -> int:
    """Plan what is due of this year's question; gives how many mails. Nothing outside the hours of sending.

    The first tick of the occasion asks everybody who stands in the register then; whoever comes later is asked next
    year. Whoever has not answered is asked once more. What fell because the register changed is written anew.
    """
    if not policy.sends or not calendar.in_window(now):
        return 0
    year = under_way(policy, calendar, now)
    if year is None:
        return 0
    planner = _Planner(policy, year, secrets, calendar, now)
    with db.read() as work:
        checks = work.details.of_year(year.year)
        rows = planner.lacking(work, checks) if checks else []
        first = not checks and now < year.until and bool(everybody(work, calendar, now))
    if first:
        return planner.ask(db)
    return planner.write(db, rows) if rows else 0


@dataclass(frozen=True, slots=True)
class _Planner:
    policy: DetailsPolicy
    year: Occasion
    secrets: Secrets
    calendar: Calendar
    now: datetime

    def ask(self, db: Database) -> int:
        """Whoever asks the same people at the same time finds them asked."""
        with db.begin() as work:
            people = everybody(work, self.calendar, self.now)
            checks = {address: self._check(address) for address in people}
            new = work.details.ask(checks.values())
            asked = [each for each in checks.values() if each.id in new]
            return self._plan(work, [self._row(each, first_slot(each), people[each.address]) for each in asked])

    def lacking(self, work: Work, checks: Sequence[Check]) -> list[Message]:
        """The mails that are due and have no row."""
        waiting = [each for each in checks if not each.said and self.now < each.expires_at]
        if not waiting:
            return []
        ledger: dict[str, list[Message]] = {}
        for row in work.outbox.list(kinds={KIND}):
            ledger.setdefault(row.link, []).append(row)
        due = [(each, slot) for each in waiting if (slot := self._due_slot(each, ledger.get(each.id, ())))]
        people = everybody(work, self.calendar, self.now) if due else {}
        return [self._row(each, slot, people[each.address]) for each, slot in due if each.address in people]

    def write(self, db: Database, rows: Sequence[Message]) -> int:
        with db.begin() as work:
            return self._plan(work, rows)

    def _plan(self, work: Work, rows: Sequence[Message]) -> int:
        planned = work.outbox.plan(rows)
        if planned:
            data: dict[str, str | int] = {"year": self.year.year, "planned": planned}
            work.log.append(Event(kind="details.asked", actor=SYSTEM, at=self.now, data=data))
        return planned

    def _due_slot(self, check: Check, rows: Sequence[Message]) -> str:
        if slot := open_slot(first_slot(check), rows):
            return slot if self.now < self.year.until else ""
        gone = [each.sent_at or each.due_at for each in rows if each.state in _MAY_HAVE_GONE]
        again = reminds_at(min(gone), self.policy, self.calendar) if gone else None
        return open_slot(again_slot(check), rows) if again and self.now >= again else ""

    def _check(self, address: str) -> Check:
        id_ = self.secrets.new_id()
        return Check(
            id=id_,
            year=self.year.year,
            address=address,
            secret_sha256=self.secrets.digest(self.secrets.link_secret(id_)),
            created_at=self.now,
            expires_at=self.calendar.end_of_day(self.calendar.local(self.now).date() + LINK_LIFE),
        )

    def _row(self, check: Check, slot: str, places: tuple[Place, ...]) -> Message:
        """To the person as the first of their places names them."""
        contact = places[0].contact
        return Message(
            id=self.secrets.new_id(),
            round="",
            submission="",
            recipient="",
            kind=KIND,
            slot=slot,
            deadline_revision=0,
            to_name=contact.name,
            to_email=contact.email,
            link=check.id,
            language=contact.language,
            due_at=self.now,
            give_up_at=self.now + GIVE_UP_AFTER,
            detail={PLACES: pack(places), UNTIL: check.expires_at.isoformat()},
            created_at=self.now,
        )
