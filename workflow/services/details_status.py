"""Who has answered this year's question whether the register is right, who has not, and when the next one goes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from workflow.domain.calendar import Calendar
from workflow.domain.details import Check, DetailsPolicy, Place, Said, coming, under_way
from workflow.domain.messages import PENDING, Message, MessageState
from workflow.domain.people import sort_key
from workflow.ports import Database
from workflow.services.details import KIND, everybody


class Standing(StrEnum):
    """How it stands with somebody who was asked, those first who need somebody's attention."""

    CHANGE = "change"
    FAILED = "failed"
    WAITING = "waiting"
    PLANNED = "planned"
    GONE = "gone"
    RIGHT = "right"


ORDER = tuple(Standing)
ARRIVED = frozenset({MessageState.SENT, MessageState.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """Somebody who was asked. `places` are those of today: nobody's who has left. Times are None before they come."""

    check: Check
    places: tuple[Place, ...]
    standing: Standing
    asked_at: datetime | None
    again_at: datetime | None

    @property
    def name(self) -> str:
        return next((each.contact.name for each in self.places if each.contact.name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsStatus:
    """`year` is that of the last question (0: none has gone). `next_at` and `next_people`: the next, as of today."""

    sends: bool
    year: int
    people: tuple[Answerer, ...]
    next_at: datetime | None
    next_people: int

    def count(self, *standings: Standing) -> int:
        return sum(each.standing in standings for each in self.people)

    @property
    def answered(self) -> int:
        return self.count(Standing.RIGHT, Standing.CHANGE)


def details_status(db: Database, policy: DetailsPolicy, *, calendar: Calendar, now: datetime) -> DetailsStatus:
    with db.read() as work:
        last = under_way(policy, calendar, now)
        checks = work.details.of_year(last.year) if last else ()
        mails = work.outbox.list(kinds={KIND}) if checks else ()
        today = everybody(work, calendar, now)
    ledger: dict[str, list[Message]] = {}
    for mail in mails:
        ledger.setdefault(mail.link, []).append(mail)
    people = [_answerer(each, today.get(each.address, ()), ledger.get(each.id, ())) for each in checks]
    following = coming(policy, calendar, now)
    next_at = following.asks_at if following else None
    if policy.sends and last and not checks and now < last.until:  # the next tick in the hours of sending
        next_at = calendar.next_window(now)
    return DetailsStatus(
        sends=policy.sends,
        year=last.year if last and checks else 0,
        people=tuple(sorted(people, key=lambda each: (ORDER.index(each.standing), sort_key(each.name)))),
        next_at=next_at,
        next_people=len(today),
    )


def _answerer(check: Check, places: tuple[Place, ...], mails: Sequence[Message]) -> Answerer:
    gone = sorted(each.sent_at or each.due_at for each in mails if each.state in ARRIVED)
    return Answerer(
        check=check,
        places=places,
        standing=_standing(check, places, mails),
        asked_at=gone[0] if gone else None,
        again_at=gone[1] if len(gone) > 1 else None,
    )


def _standing(check: Check, places: tuple[Place, ...], mails: Iterable[Message]) -> Standing:
    if check.said:
        return Standing.RIGHT if check.said is Said.RIGHT else Standing.CHANGE
    if not places:
        return Standing.GONE
    states = {each.state for each in mails}
    if states & ARRIVED:
        return Standing.WAITING
    return Standing.PLANNED if states & PENDING else Standing.FAILED
