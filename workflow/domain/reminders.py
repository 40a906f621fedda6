"""The reminder policy as data, and which reminder is due for whom under the one effective deadline."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, time
from itertools import count

from workflow.domain.calendar import Calendar
from workflow.domain.messages import MessageKind
from workflow.domain.people import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the policy: `offset` working days from the last day (negative before), at a local time.

    `every` > 0 repeats the step each so many working days until the round closes.
    """

    offset: int
    at: time
    mail: MessageKind
    copies: tuple[Role, ...] = ()
    every: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The steps in order of offset."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One reminder of one submission: its identity (`key`, e.g. T-5, T+8) and when it goes.

    The key is the slot's meaning, not its date, so that moving a deadline never makes two of the same.
    """

    key: str
    offset: int
    send_at: datetime
    mail: MessageKind
    copies: tuple[Role, ...]
    is_last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePlan:
    """What should have happened by now: at most one reminder to send, and the ones it leaves behind, with reasons."""

    send: Slot | None
    skip: tuple[tuple[Slot, str], ...]


SUPERSEDED = "superseded"
TOO_LATE = "too_late"


def slots(
    policy: Policy,
    *,
    due_at: datetime,
    since: datetime,
    until: datetime,
    calendar: Calendar,
) -> tuple[Slot, ...]:
    """All reminders of one deadline, in time order, on sending days inside the window.

    A slot on or before the local day on which the deadline came into force (`since`) does not exist: whoever was
    told of a date today is not reminded of it today. Slots at or after `until` (the closing) do not exist either.
    The last one after the deadline says that it is the last.
    """
    first_day = calendar.local(since).date()
    found: dict[str, Slot] = {}
    for step in policy.steps:
        for offset, send_at in _occasions(step, due_at, until, calendar):
            if calendar.local(send_at).date() > first_day:
                key = f"T{offset:+d}"
                found[key] = Slot(key=key, offset=offset, send_at=send_at, mail=step.mail, copies=step.copies)
    ordered = sorted(_one_a_day(found.values(), calendar), key=lambda slot: slot.send_at)
    return _with_last(tuple(ordered))


def _occasions(step: Step, due_at: datetime, until: datetime, calendar: Calendar) -> Iterator[tuple[int, datetime]]:
    """Offset and instant of each occasion of one step; only a repeating one has several.

    Before the deadline a day off moves the reminder earlier, after it later: never closer than the policy says.
    """
    due_day = calendar.last_day(due_at)
    for turn in count():
        offset = step.offset + turn * step.every
        day = calendar.add_working_days(due_day, offset) if offset else due_day
        day = calendar.sending_day_on_or_after(day) if offset > 0 else calendar.sending_day_on_or_before(day)
        send_at = calendar.sending_at(day, step.at)
        if send_at >= until or (offset <= 0 and send_at >= due_at):
            return
        yield offset, send_at
        if not step.every:
            return


def _one_a_day(found: Collection[Slot], calendar: Calendar) -> tuple[Slot, ...]:
    """One reminder per local day: the one closest to the deadline's meaning (greatest offset) stays."""
    days: dict[object, Slot] = {}
    for slot in sorted(found, key=lambda each: each.offset):
        days[calendar.local(slot.send_at).date()] = slot
    return tuple(days.values())


def _with_last(ordered: tuple[Slot, ...]) -> tuple[Slot, ...]:
    if not ordered or ordered[-1].offset <= 0:
        return ordered
    last = ordered[-1]
    marked = Slot(
        key=last.key, offset=last.offset, send_at=last.send_at, mail=last.mail, copies=last.copies, is_last=True
    )
    return (*ordered[:-1], marked)


def due_by(all_slots: tuple[Slot, ...], *, known: Collection[str], due_at: datetime, now: datetime) -> DuePlan:
    """Collapse what is due: the newest goes, older ones are skipped; nothing disappears unaccounted.

    `known` holds the keys already in the ledger for this deadline. A reminder from before the deadline is never
    sent after it: it would say something untrue.
    """
    due = [slot for slot in all_slots if slot.send_at <= now and slot.key not in known]
    if not due:
        return DuePlan(send=None, skip=())
    newest = due[-1]
    skip = [(slot, SUPERSEDED) for slot in due[:-1]]
    later_is_known = any(slot.key in known and slot.send_at > newest.send_at for slot in all_slots)
    if later_is_known:
        return DuePlan(send=None, skip=(*skip, (newest, SUPERSEDED)))
    if newest.offset <= 0 and now >= due_at:
        return DuePlan(send=None, skip=(*skip, (newest, TOO_LATE)))
    return DuePlan(send=newest, skip=tuple(skip))


def next_after(all_slots: tuple[Slot, ...], *, known: Collection[str], now: datetime) -> Slot | None:
    """The next reminder that will go, if nothing changes."""
    return next((slot for slot in all_slots if slot.key not in known and slot.send_at > now), None)
