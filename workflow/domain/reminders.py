"""The reminder policy as data, and which reminder is due under the one effective deadline."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from enum import StrEnum
from itertools import count, zip_longest

from workflow.domain.calendar import Calendar
from workflow.domain.messages import BEFORE_THE_LAST_DAY, NOT_MEANT, TOO_LATE, MessageKind
from workflow.domain.people import Role
from workflow.domain.submissions import OWED, State


class Anchor(StrEnum):
    """What a step counts its working days from.

    RETURNED_DUE is the last day of a unit that has been sent back for a supplement. A policy without such steps
    reminds of it by its DUE steps; one that has some uses them instead.
    """

    OPENED = "opened"
    DUE = "due"
    RETURNED_DUE = "returned_due"


class Audience(StrEnum):
    """Whom a reminder is written to. CONTACT is the contact person, in their absence the deputy."""

    CONTACT = "contact"
    DEPUTY = "deputy"
    HEAD = "head"


class Condition(StrEnum):
    """In which state of what is owed a step goes; asked when it is due, and again when the mail is written."""

    ANY = "any"
    NOT_STARTED = "not_started"
    DRAFT = "draft"
    RETURNED = "returned"

    @property
    def states(self) -> frozenset[State]:
        return OWED if self is Condition.ANY else frozenset({State(self.value)})


_LETTERS = {Anchor.OPENED: "O", Anchor.DUE: "T", Anchor.RETURNED_DUE: "R"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the policy: `offset` working days from the anchor (negative before), at a local time.

    `every` > 0 repeats the step each so many working days until the round closes (from the opening: until the last
    day). `copies` are the roles in copy. `subject` and `opening` are own words per language, in place of the mail's.
    """

    offset: int
    at: time
    mail: MessageKind
    anchor: Anchor = Anchor.DUE
    to: Audience = Audience.CONTACT
    copies: tuple[Role, ...] = ()
    condition: Condition = Condition.ANY
    every: int = 0
    subject: Mapping[str, str] = field(default_factory=dict, hash=False)
    opening: Mapping[str, str] = field(default_factory=dict, hash=False)

    def key(self, offset: int) -> str:
        """The name of an occasion in the ledger: T-5, O+3, R+1; one that does not go to the contact says to whom."""
        to = "" if self.to is Audience.CONTACT else f":{self.to}"
        return f"{_LETTERS[self.anchor]}{offset:+d}{to}"

    def has_occasion(self, key: str) -> bool:
        """Whether the key is one of this step's."""
        offset = slot_offset(key)
        if offset is None or self.key(offset) != key:
            return False
        past = offset - self.offset
        return past == 0 or bool(self.every and past > 0 and past % self.every == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The steps in order of offset."""

    steps: tuple[Step, ...]

    @property
    def audiences(self) -> tuple[Audience, ...]:
        return tuple(each for each in Audience if any(step.to is each for step in self.steps))

    def step(self, key: str, state: State) -> Step | None:
        """The step behind a slot for a unit in this state; None for a state that it is not meant for."""
        return next((each for each in self.steps if state in each.condition.states and each.has_occasion(key)), None)


def slot_offset(key: str) -> int | None:
    """The working days in a slot's key (T-5 → -5); None for a key that is no reminder's."""
    number = key.partition(":")[0][1:]
    return int(number) if key[:1] in _LETTERS.values() and number[:1] in "+-" and number[1:].isdigit() else None


def slot_audience(key: str) -> Audience:
    """Whom a slot's key is for (T-3:deputy → DEPUTY); CONTACT for a key that does not say."""
    told = key.partition(":")[2]
    return Audience(told) if slot_offset(key) is not None and told in set(Audience) else Audience.CONTACT


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One reminder of one unit to one audience: its identity (`key`, e.g. T-5, T+8) and when it goes.

    The key is the slot's meaning, not its date, so that moving a deadline never makes two of the same. `steps` are the
    lines of the policy behind it, one per condition; `copies` all roles that they name. `announces` are the roles that
    the next reminder will also go to.
    """

    key: str
    offset: int
    send_at: datetime
    mail: MessageKind
    steps: tuple[Step, ...] = ()
    announces: tuple[Role, ...] = ()
    is_last: bool = False

    @property
    def copies(self) -> tuple[Role, ...]:
        return tuple(role for role in Role if any(role in step.copies for step in self.steps))

    def step(self, state: State) -> Step | None:
        return next((each for each in self.steps if state in each.condition.states), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePlan:
    """What should have happened by now: at most one reminder to send, and the ones it leaves behind, with reasons."""

    send: Slot | None
    skip: tuple[tuple[Slot, str], ...]


SUPERSEDED = "superseded"


def slots(
    policy: Policy,
    *,
    due_at: datetime,
    since: datetime,
    until: datetime,
    calendar: Calendar,
    opened_at: datetime | None = None,
    returned: bool = False,
    to: Audience = Audience.CONTACT,
) -> tuple[Slot, ...]:
    """All reminders of one deadline to one audience, in time order, on sending days inside the window.

    A slot on or before the local day on which the deadline came into force (`since`) does not exist: whoever was
    told of a date today is not reminded of it today. Slots at or after `until` (the closing) do not exist either.
    The last one after the deadline says that it is the last.
    """
    anchored = _Anchored(due_at, opened_at or since, until, calendar)
    first_day = calendar.local(since).date()
    found: dict[str, Slot] = {}
    for step in _steps_for(policy, to, returned=returned):
        for offset, send_at in anchored.occasions(step):
            if calendar.local(send_at).date() > first_day:
                key = step.key(offset)
                made = found.get(key) or Slot(key=key, offset=offset, send_at=send_at, mail=step.mail)
                found[key] = replace(made, steps=(*made.steps, step))
    ordered = sorted(_one_a_day(found.values(), calendar), key=lambda slot: slot.send_at)
    return _with_outlook(ordered)


def _steps_for(policy: Policy, to: Audience, *, returned: bool) -> list[Step]:
    own = any(step.anchor is Anchor.RETURNED_DUE for step in policy.steps)
    wanted = {Anchor.RETURNED_DUE} if returned and own else {Anchor.OPENED, Anchor.DUE}
    return [step for step in policy.steps if step.to is to and step.anchor in wanted]


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What the steps of one deadline are counted from."""

    due_at: datetime
    opened_at: datetime
    until: datetime
    calendar: Calendar

    def occasions(self, step: Step) -> Iterator[tuple[int, datetime]]:
        """Offset and instant of each occasion of one step; only a repeating one has several.

        Before the deadline a day off moves the reminder earlier, after an anchor later: never closer than the policy
        says. One that counts from the opening ends before the last day.
        """
        due_day = self.calendar.last_day(self.due_at)
        for turn in count():
            offset = step.offset + turn * step.every
            day = self._day(step, offset, due_day)
            send_at = self.calendar.at(day, step.at)
            from_opening = step.anchor is Anchor.OPENED
            if send_at >= self.until or (from_opening and day >= due_day):
                return
            if offset <= 0 and send_at >= self.due_at:
                return
            if step.mail is MessageKind.LAST_DAY and day != due_day:
                return  # "today is the last day" would be untrue on the Friday before a Sunday
            yield offset, send_at
            if not step.every:
                return

    def _day(self, step: Step, offset: int, due_day: date) -> date:
        base = self.calendar.local(self.opened_at).date() if step.anchor is Anchor.OPENED else due_day
        day = self.calendar.add_working_days(base, offset) if offset else base
        return self.calendar.sending_day_on_or_after(day) if offset > 0 else self.calendar.sending_day_on_or_before(day)


def _one_a_day(found: Collection[Slot], calendar: Calendar) -> tuple[Slot, ...]:
    """One reminder per local day: the one closest to the deadline's meaning (greatest offset) stays."""
    days: dict[date, Slot] = {}
    for slot in sorted(found, key=lambda each: (each.steps[0].anchor is not Anchor.OPENED, each.offset)):
        days[calendar.local(slot.send_at).date()] = slot
    return tuple(days.values())


def _with_outlook(ordered: Sequence[Slot]) -> tuple[Slot, ...]:
    """Each knows to whom the next one also goes; the last one after the deadline knows that it is the last."""
    found = []
    for slot, following in zip_longest(ordered, ordered[1:]):
        new = tuple(role for role in following.copies if role not in slot.copies) if following else ()
        is_last = following is None and slot.mail not in BEFORE_THE_LAST_DAY
        found.append(replace(slot, announces=new, is_last=is_last))
    return tuple(found)


def due_by(
    all_slots: Sequence[Slot],
    *,
    known: Collection[str],
    due_at: datetime,
    now: datetime,
    state: State = State.NOT_STARTED,
    until: datetime | None = None,
    going: Collection[str] = (),
) -> DuePlan:
    """Collapse what is due: the newest that is meant for the unit's state goes, all others are skipped.

    Nothing disappears unaccounted. `known` holds the keys already in the ledger for this deadline, `going` those of
    them that are still to go. A reminder from before the deadline is never sent after it: it would say something
    untrue. One for a later hour, up to `until`, is taken with those that are due by now, if it is meant.
    """
    day_ends = until or now
    due = [
        slot
        for slot in all_slots
        if slot.key not in known and (slot.send_at <= now or (slot.send_at <= day_ends and _is_meant(slot, state)))
    ]
    if not due:
        return DuePlan(send=None, skip=())
    meant = [slot for slot in due if _is_meant(slot, state)]
    newest = meant[-1] if meant else None
    skip = tuple((slot, SUPERSEDED if slot in meant else NOT_MEANT) for slot in due if slot is not newest)
    if newest is None:
        return DuePlan(send=None, skip=skip)
    # A later one that lies ahead still is known too, where a person has decided about it: it replaces nothing.
    if any(_takes_its_place(slot, newest, known if slot.send_at <= now else going, day_ends) for slot in all_slots):
        return DuePlan(send=None, skip=(*skip, (newest, SUPERSEDED)))
    if newest.mail in BEFORE_THE_LAST_DAY and now >= due_at:
        return DuePlan(send=None, skip=(*skip, (newest, TOO_LATE)))
    return DuePlan(send=newest, skip=skip)


def _is_meant(slot: Slot, state: State) -> bool:
    return not slot.steps or slot.step(state) is not None


def _takes_its_place(slot: Slot, newest: Slot, among: Collection[str], day_ends: datetime) -> bool:
    return slot.key in among and newest.send_at < slot.send_at <= day_ends


def next_after(all_slots: Sequence[Slot], *, known: Collection[str], now: datetime) -> Slot | None:
    """The next reminder that will go, if nothing changes."""
    return next((slot for slot in all_slots if slot.key not in known and slot.send_at > now), None)
