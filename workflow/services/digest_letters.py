"""Turning what needs doing into the coordinators' letters: every word read from how things stand at the claim."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from workflow.domain import datewords
from workflow.domain.arrivals import Arrival
from workflow.domain.calendar import Calendar
from workflow.domain.details import Correction
from workflow.domain.digest import Asked, Chores, Late, Waiting, reminded_of
from workflow.domain.incoming import IncomingKind
from workflow.domain.letters import Chore, ChoreList, Digest, Letter, ReviewReminder, RoundDigest
from workflow.domain.messages import Message, MessageKind, MessageState
from workflow.domain.people import Office
from workflow.domain.submissions import State
from workflow.domain.unconfirmed import Unconfirmed
from workflow.services.digest import Agenda

_NOBODY_KNOWN = {"sv": "Okänd adress", "en": "Unknown address"}
SHOWN = 12  # lines of a kind; the rest stands on the page
HANDED_IN = (State.SUBMITTED, State.APPROVED)


def compose_for_office(
    message: Message, agenda: Agenda, *, office: Office, calendar: Calendar, now: datetime
) -> Letter:
    """The digest, or the reminder of reviews."""
    writer = _Writer(message, agenda, office, calendar, now)
    return writer.digest() if message.kind is MessageKind.DIGEST else writer.reviews()


class _Writer:
    def __init__(self, message: Message, agenda: Agenda, office: Office, calendar: Calendar, now: datetime) -> None:
        self._message, self._agenda, self._office = message, agenda, office
        self._calendar, self._now = calendar, now
        self._language = message.language

    def digest(self) -> Digest:
        chores = [each for each in self._agenda.chores if each.anything]
        return Digest(
            **self._shared(chores),
            rounds=tuple(self._round(each, self._todo(each)) for each in chores),
            asked=sum(len(each.asked) for each in chores),
            mailed=sum(len(each.mailed) for each in chores) + len(self._agenda.mailed),
            late=sum(len(each.late) for each in chores),
            waiting=sum(len(each.waiting) for each in chores),
            undelivered=sum(len(each.failed) + len(each.unknown) for each in chores) + len(self._others_troubled()),
            no_contact=sum(len(each.without_contact) for each in chores),
            beside=self._list("beside", [self._beside(each) for each in self._agenda.mailed]),
            held=self._list("held", [self._held(each) for each in self._agenda.held]),
            failed=self._list("failed", self._troubled(MessageState.FAILED)),
            unknown=self._list("unknown", self._troubled(MessageState.UNKNOWN)),
            register=self._list("register", [self._wanted(each) for each in self._agenda.corrections]),
        )

    def reviews(self) -> ReviewReminder:
        account = self._agenda.account(self._message)
        chosen = reminded_of(self._message, account, self._agenda.chores, self._agenda.accounts) if account else ()
        by_round = {each.round.id: [one for one in each.waiting if one in chosen] for each in self._agenda.chores}
        chores = [each for each in self._agenda.chores if by_round[each.round.id]]
        lists = [self._list("waiting", [self._waiting(one) for one in by_round[each.round.id]]) for each in chores]
        return ReviewReminder(
            **self._shared(chores),
            waiting=len(chosen),
            longest=datewords.working_days(max((each.days for each in chosen), default=0), self._language),
            rounds=tuple(self._round(each, (found,)) for each, found in zip(chores, lists, strict=True)),
        )

    def _shared(self, chores: Sequence[Chores]) -> dict[str, Any]:
        return {
            "language": self._language,
            "first_name": self._message.to_name.split(" ", maxsplit=1)[0],
            "link": self._link(chores),
            "office": self._office.sender_name,
            "contact_name": self._office.contact_name,
            "contact_phone": self._office.contact_phone,
            "contact_email": self._office.contact_email,
        }

    def _link(self, chores: Sequence[Chores]) -> str:
        if not chores and not self._agenda.held:
            page = "register/uppgifter" if self._agenda.corrections else "inkommet"
            return f"{self._office.base_url}/{page}"
        if len(chores) == 1 and not self._agenda.held:
            return self._page(chores[0])
        return f"{self._office.base_url}/omgangar"

    def _wanted(self, correction: Correction) -> Chore:
        contact = correction.was.contact
        return Chore(unit=correction.was.unit_name, fact=contact.name or contact.email)

    def _others_troubled(self) -> tuple[Message, ...]:
        return self._agenda.troubled_for(self._message.to_email)

    def _troubled(self, state: MessageState) -> list[Chore]:
        found = (each for each in self._others_troubled() if each.state is state)
        return [Chore(unit=each.to_name or each.to_email, fact=str(each.kind), detail=each.to_email) for each in found]

    def _held(self, round_: Unconfirmed) -> Chore:
        late = "late" if round_.opens_at <= self._now else ""
        opens = datewords.moment(round_.opens_at, self._language, self._calendar.zone)
        return Chore(unit=round_.title(self._language), fact=late, detail=opens)

    def _page(self, chores: Chores) -> str:
        return f"{self._office.base_url}/omgang/{chores.round.id}"

    def _round(self, chores: Chores, todo: Iterable[ChoreList]) -> RoundDigest:
        days = sorted({self._calendar.last_day(each) for each in chores.round.due_at.values()})
        return RoundDigest(
            round=chores.round.title(self._language),
            due=", ".join(datewords.day(day, self._language) for day in days),
            units=len(chores.submissions) - chores.count(State.EXCUSED),
            handed_in=chores.count(*HANDED_IN),
            approved=chores.count(State.APPROVED),
            draft=chores.count(State.DRAFT),
            not_started=chores.count(State.NOT_STARTED),
            returned=chores.count(State.RETURNED),
            todo=tuple(each for each in todo if each.count),
        )

    def _todo(self, chores: Chores) -> tuple[ChoreList, ...]:
        return (
            self._list("asked", [self._asked(each) for each in chores.asked]),
            self._list("mailed", [self._mailed(each, chores) for each in chores.mailed]),
            self._list("late", [self._late(each) for each in chores.late]),
            self._list("waiting", [self._waiting(each) for each in chores.waiting]),
            self._list("failed", [self._mail(each, chores) for each in chores.failed]),
            self._list("unknown", [self._mail(each, chores) for each in chores.unknown]),
            self._list("no_contact", [Chore(unit=each.unit_name) for each in chores.without_contact]),
        )

    def _list(self, key: str, lines: Sequence[Chore]) -> ChoreList:
        return ChoreList(key=key, lines=tuple(lines[:SHOWN]), more=max(0, len(lines) - SHOWN))

    def _asked(self, asked: Asked) -> Chore:
        wished = datewords.due_moment(asked.wished, self._language, self._calendar.zone, year=False)
        return Chore(unit=asked.submission.unit_name, fact=wished)

    def _mailed(self, arrival: Arrival, chores: Chores) -> Chore:
        """Who wrote, or whom we do not reach; never what is in it."""
        unit = chores.names[arrival.submission]
        if arrival.kind is IncomingKind.BOUNCE:
            return Chore(unit=unit, fact="bounce", detail=arrival.address)
        if arrival.asked_until:
            return Chore(unit=unit, fact="asked", detail=datewords.day(arrival.asked_until, self._language))
        return Chore(unit=unit, fact="reply", detail=arrival.sender_name or arrival.sender)

    def _beside(self, arrival: Arrival) -> Chore:
        """About no unit: the kind of mail, and who wrote or whom we do not reach."""
        is_bounce = arrival.kind is IncomingKind.BOUNCE
        who = arrival.address if is_bounce else arrival.sender_name or arrival.sender
        return Chore(unit=who or _NOBODY_KNOWN[self._language], fact=str(arrival.kind))

    def _late(self, late: Late) -> Chore:
        contact = late.contact
        who = ", ".join(filter(None, (contact.name, contact.phone or contact.email))) if contact else ""
        return Chore(unit=late.submission.unit_name, fact=datewords.late_words(late.days, self._language), detail=who)

    def _waiting(self, waiting: Waiting) -> Chore:
        return Chore(
            unit=waiting.submission.unit_name,
            fact=datewords.day(waiting.since, self._language),
            detail=datewords.late_words(waiting.days, self._language),
        )

    def _mail(self, message: Message, chores: Chores) -> Chore:
        return Chore(unit=chores.names[message.submission], fact=str(message.kind), detail=message.to_email)
