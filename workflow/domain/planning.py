"""What is due for whom: the one plan that the scheduler carries out and the preview plays through."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from workflow.domain.addressing import addressee, as_copies, copied, right_until
from workflow.domain.calendar import Calendar
from workflow.domain.messages import GIVE_UP_AFTER, Message, MessageState, end_of_day
from workflow.domain.people import Role, fold_address
from workflow.domain.reminders import Audience, Slot, due_by, slot_audience, slots
from workflow.domain.rounds import Round
from workflow.domain.submissions import OWED, Recipient, State, Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One unit in a round, with its people and its mails."""

    submission: Submission
    recipients: Sequence[Recipient] = ()
    ledger: Sequence[Message] = ()

    def known(self) -> frozenset[str]:
        """The slots of the present deadline that the ledger already accounts for."""
        revision = self.submission.deadline_revision
        return frozenset(each.slot for each in self.ledger if each.is_reminder and each.deadline_revision == revision)

    def waiting(self) -> tuple[Message, ...]:
        """The reminders in the ledger that are still to go."""
        return tuple(each for each in self.ledger if each.is_reminder and each.state is MessageState.PLANNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The reminders of one unit to one person. `known` are those the ledger already accounts for."""

    case: Case
    to: Recipient
    slots: tuple[Slot, ...]
    known: AbstractSet[str]

    @property
    def submission(self) -> Submission:
        return self.case.submission

    def is_own(self, message: Message) -> bool:
        """Whether a reminder of this unit is one of this ladder: written to its person, or in their place."""
        audience = slot_audience(self.slots[0].key) if self.slots else None
        return message.recipient == self.to.id or slot_audience(message.slot) is audience


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One reminder that the ledger lacks. `skipped` says why it does not go, "" when it does."""

    ladder: Ladder
    slot: Slot
    skipped: str = ""

    def row(self, message_id: str, *, link: str, now: datetime) -> Message:
        """As the ledger takes it up, addressed as things stand."""
        submission, to = self.ladder.submission, self.ladder.to
        copies = self._copies(now)
        message = Message(
            id=message_id,
            round=submission.round,
            submission=submission.id,
            recipient=to.id,
            kind=self.slot.mail,
            slot=self.slot.key,
            deadline_revision=submission.deadline_revision,
            to_name=to.name,
            to_email=to.email,
            copies=as_copies(copies),
            link=link,
            language=to.language,
            due_at=self.slot.send_at,
            give_up_at=max(self.slot.send_at, now) + GIVE_UP_AFTER,
            detail=self._detail(copies, now),
            created_at=now,
            right_until=right_until(to, *copies),
        )
        return message.skip(self.skipped) if self.skipped else message

    def _copies(self, now: datetime) -> tuple[Recipient, ...]:
        step = self.slot.step(self.ladder.submission.state)
        return self._others(step.copies if step else (), now)

    def _others(self, roles: Collection[str], now: datetime) -> tuple[Recipient, ...]:
        return copied(self.ladder.case.recipients, roles, self.ladder.to, max(self.slot.send_at, now))

    def _detail(self, copies: Iterable[Recipient], now: datetime) -> dict[str, str]:
        """What the letter says of the reminder itself."""
        there = {each.role for each in self._others(tuple(Role), now)}
        states = {state for step in self.slot.steps for state in step.condition.states}
        return {
            "copies": ",".join(each.role for each in copies),
            "last": "yes" if self.slot.is_last else "",
            "next": ",".join(role for role in self.slot.announces if role in there),
            "states": "" if states >= OWED else ",".join(sorted(states)),
        }


@dataclass(frozen=True, slots=True)
class Timetable:
    """The slots of a round's deadlines. Most units share one, so each is worked out once."""

    round: Round
    calendar: Calendar
    _made: dict[object, tuple[Slot, ...]] = field(default_factory=dict, compare=False)

    def of(self, submission: Submission, to: Audience = Audience.CONTACT) -> tuple[Slot, ...]:
        """All reminders of a unit under its effective deadline, whether or not they will be needed."""
        returned = submission.state is State.RETURNED
        key = (submission.due_at, submission.due_set_at, returned, to)
        if key not in self._made:
            self._made[key] = slots(
                self.round.policy,
                due_at=submission.due_at,
                since=submission.due_set_at,
                until=self.round.closes_at,
                calendar=self.calendar,
                opened_at=self.round.opened_at or self.round.opens_at,
                returned=returned,
                to=to,
            )
        return self._made[key]

    def ladders(self, case: Case, now: datetime, *, known: AbstractSet[str] | None = None) -> tuple[Ladder, ...]:
        """Those that the unit has somebody for; none when it owes nothing. `known`: other slots than the ledger's.

        One for each audience of the policy and each of its people: what is due by now is for whoever is right now,
        what is to come for whoever is right then.
        """
        if not case.submission.is_owed:
            return ()
        known = case.known() if known is None else known
        return tuple(
            Ladder(case=case, to=to, slots=theirs, known=known)
            for audience in self.round.policy.audiences
            for to, theirs in _shared_out(case.recipients, audience, self.of(case.submission, audience), now)
        )


def _shared_out(
    recipients: Sequence[Recipient], audience: Audience, all_slots: tuple[Slot, ...], now: datetime
) -> Iterator[tuple[Recipient, tuple[Slot, ...]]]:
    """Whose turn each slot is. Most units have nobody who changes in the middle of a round."""
    if not any(each.starts_at or each.ends_at for each in recipients):
        if to := addressee(recipients, now, audience):
            yield to, all_slots
        return
    turns = [(addressee(recipients, max(slot.send_at, now), audience), slot) for slot in all_slots]
    for person in dict.fromkeys(to for to, _ in turns if to):
        yield person, tuple(slot for to, slot in turns if to == person)


def by_person(ladders: Iterable[Ladder], calendar: Calendar) -> Mapping[str, tuple[Ladder, ...]]:
    """Each person's ladders, by address: what is for one day goes together."""
    found: dict[str, list[Ladder]] = {}
    for ladder in ladders:
        found.setdefault(fold_address(ladder.to.email), []).append(ladder)
    return {person: _together(theirs, calendar) for person, theirs in found.items()}


def _together(ladders: Sequence[Ladder], calendar: Calendar) -> tuple[Ladder, ...]:
    """One person's reminders of one local day go at the earliest of their times.

    All are true by then: a reminder is true all day until its last moment, an overdue one from its first.
    """
    if len(ladders) == 1:
        return tuple(ladders)
    earliest: dict[date, datetime] = {}
    for slot in (slot for ladder in ladders for slot in ladder.slots):
        day = calendar.local(slot.send_at).date()
        earliest[day] = min(slot.send_at, earliest.get(day, slot.send_at))
    return tuple(
        replace(
            ladder,
            slots=tuple(replace(slot, send_at=earliest[calendar.local(slot.send_at).date()]) for slot in ladder.slots),
        )
        for ladder in ladders
    )


@dataclass(frozen=True, slots=True)
class Turn:
    """What is to be done about one person's reminders: `dues` the ledger lacks, `overtaken` give way to newer ones."""

    dues: tuple[Due, ...] = ()
    overtaken: tuple[Message, ...] = ()


_NOTHING = Turn()


def turn_of(
    ladders: Collection[Ladder], waiting: Mapping[str, Sequence[Message]], *, now: datetime, calendar: Calendar
) -> Turn:
    """One person's turn at `now`; `waiting` are the planned reminders by submission.

    Whoever is written to today, because something is due or has had to wait over night, is told of all that is for
    today: its later hours are planned at once, to go along. And what has waited gives way to today's.
    """
    if not any(_has_business(ladder, waiting.get(ladder.submission.id, ()), now) for ladder in ladders):
        return _NOTHING
    until = end_of_day(calendar, now)
    dues: list[Due] = []
    overtaken: dict[str, Message] = {}
    for ladder in ladders:
        own = [each for each in waiting.get(ladder.submission.id, ()) if ladder.is_own(each)]
        mine = _due_for(ladder, own, now, until)
        dues += mine
        newest = next((due.slot for due in mine if not due.skipped), None)
        overtaken |= {each.key: each for each in _overtaken(ladder, own, newest, now, until)}
    return Turn(tuple(dues), tuple(overtaken.values()))


def _has_business(ladder: Ladder, waiting: Sequence[Message], now: datetime) -> bool:
    if any(slot.send_at <= now and slot.key not in ladder.known for slot in ladder.slots):
        return True
    return any(ladder.is_own(each) and not each.lies_ahead(now) for each in waiting)


def _due_for(ladder: Ladder, own: Iterable[Message], now: datetime, until: datetime) -> list[Due]:
    """What the ledger lacks of one ladder."""
    submission = ladder.submission
    plan = due_by(
        ladder.slots,
        known=ladder.known,
        going={each.slot for each in own},
        due_at=submission.due_at,
        now=now,
        until=until,
        state=submission.state,
    )
    skipped = [Due(ladder=ladder, slot=slot, skipped=why) for slot, why in plan.skip]
    return [*skipped, Due(ladder=ladder, slot=plan.send)] if plan.send else skipped


def _overtaken(
    ladder: Ladder, own: Sequence[Message], newest: Slot | None, now: datetime, until: datetime
) -> list[Message]:
    """Those that would leave today in the place of a newer one of this ladder."""
    times = {slot.key: slot.send_at for slot in ladder.slots}
    revision = ladder.submission.deadline_revision
    today = [times[each.slot] for each in own if each.due_at <= until and _is_timed(each, times, revision)]
    last = max([*today, *([newest.send_at] if newest else ())], default=None)
    found = []
    for each in own:
        if _is_timed(each, times, revision):
            is_older = last is not None and times[each.slot] < last
        else:
            is_older = newest is not None and not each.lies_ahead(now)
        found += [each] if is_older else []
    return found


def _is_timed(message: Message, times: Mapping[str, datetime], revision: int) -> bool:
    return message.deadline_revision == revision and message.slot in times
