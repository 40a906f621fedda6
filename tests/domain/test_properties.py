"""The calendar and the reminder plan against a brute-force model, over every date that the free days are known for.

The model shares nothing with the product but the table of free days: it counts along a list of working days, looks at
each day of a round in turn, and knows summer time by the EU's rule (directive 2000/84/EC), not by a zone database.

`python -m pytest tests/domain/test_properties.py -m faults` opens a round on each of the 36,525 days.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import count, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.domain.calendar import Calendar, iso_week, swedish_calendar
from workflow.domain.freedays import FREE_DAYS, YEARS
from workflow.domain.messages import TOO_LATE, MessageKind
from workflow.domain.reminders import SUPERSEDED, Policy, Slot, Step, due_by, slots

CALENDAR = swedish_calendar()
DAY = timedelta(days=1)
FIRST, LAST = date(2020, 1, 1), date(2119, 12, 31)
OPENINGS = [FIRST + DAY * number for number in range((LAST - FIRST).days + 1)]
LONGEST_TAIL = 45  # days from the last day to the closing

SHIPPED = Policy(
    steps=(
        Step(offset=-10, at=time(9), mail=MessageKind.REMINDER),
        Step(offset=-5, at=time(9), mail=MessageKind.REMINDER),
        Step(offset=-1, at=time(9), mail=MessageKind.REMINDER),
        Step(offset=0, at=time(8), mail=MessageKind.LAST_DAY),
        Step(offset=1, at=time(10), mail=MessageKind.OVERDUE),
        Step(offset=3, at=time(10), mail=MessageKind.OVERDUE),
        Step(offset=8, at=time(10), mail=MessageKind.OVERDUE, every=5),
    )
)


# --- the model: working days ---------------------------------------------------------------------------------------

ALL_DAYS = [date(YEARS[0], 1, 1) + DAY * number for number in range((date(YEARS[-1], 12, 31) - FIRST).days + 366)]
WORKING = [day for day in ALL_DAYS if day.isoweekday() < 6 and day not in FREE_DAYS]
OPEN = frozenset(WORKING)
SENDING = [
    day for day in WORKING if (day - DAY in OPEN or day + DAY in OPEN) and not (day.month == 12 and 27 <= day.day <= 30)
]


def nth_working_day(day: date, number: int) -> date:
    """The number-th one after the day, or before it; the day itself for 0."""
    if number == 0:
        return day
    return (
        WORKING[bisect_right(WORKING, day) + number - 1] if number > 0 else WORKING[bisect_left(WORKING, day) + number]
    )


def sending_day(day: date, *, later: bool) -> date:
    return SENDING[bisect_left(SENDING, day)] if later else SENDING[bisect_right(SENDING, day) - 1]


# --- the model: clocks and weeks -----------------------------------------------------------------------------------


@cache
def last_sunday(year: int, month: int) -> date:
    return next(day for day in (date(year, month, 31) - DAY * back for back in count()) if day.isoweekday() == 7)


def instant(day: date, clock: time) -> datetime:
    """Summer time from 01:00 UTC on the last Sunday in March to 01:00 UTC on the last one in October."""
    wall = datetime.combine(day, clock)
    begins = datetime.combine(last_sunday(day.year, 3), time(2))  # by the winter clock
    ends = datetime.combine(last_sunday(day.year, 10), time(3))  # by the summer clock
    return (wall - timedelta(hours=2 if begins <= wall < ends else 1)).replace(tzinfo=UTC)


def week(day: date) -> tuple[int, int]:
    """ISO 8601: a week belongs to the year of its Thursday."""
    thursday = day + DAY * (4 - day.isoweekday())
    return thursday.year, (thursday - date(thursday.year, 1, 1)).days // 7 + 1


# --- the model: a round's reminders, day by day -----------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A deadline at a time of day, known since an instant, in a round that closes at another."""

    policy: Policy
    since_day: date
    since: datetime
    due_day: date
    due: datetime
    until: datetime

    def slots(self) -> tuple[Slot, ...]:
        return slots(self.policy, due_at=self.due, since=self.since, until=self.until, calendar=CALENDAR)

    def model(self) -> list[tuple[str, datetime, bool]]:
        """Every day between knowing and closing: whichever offset asks for it, the greatest one, if in time."""
        wanted: dict[date, list[tuple[int, datetime]]] = {}
        for step in self.policy.steps:
            for offset in range(step.offset, 100, step.every or 1000):
                day = sending_day(nth_working_day(self.due_day, offset), later=offset > 0)
                at = instant(day, step.at)
                is_true = step.mail is not MessageKind.LAST_DAY or day == self.due_day
                if is_true and at < self.until and day > self.since_day and (offset > 0 or at < self.due):
                    wanted.setdefault(day, []).append((offset, at))
        chosen = [max(asked) for _, asked in sorted(wanted.items())]
        return [
            (f"T{offset:+d}", at, place == len(chosen) and offset > 0)
            for place, (offset, at) in enumerate(chosen, start=1)
        ]


def case(opened: date, length: int, tail: int, clock: time = time(16), policy: Policy = SHIPPED) -> Case:
    due_day = opened + DAY * length
    due_at = instant(due_day + DAY * (clock == time.min), clock)  # midnight ends the day, it does not begin it
    return Case(
        policy=policy,
        since_day=opened,
        since=instant(opened, time(8)),
        due_day=due_day,
        due=due_at,
        until=instant(due_day + DAY * tail, time(16)),
    )


def check(asked: Case) -> None:
    """Equal to the model; and what a person would want to be true of it, said without the model."""
    found = asked.slots()
    assert [(slot.key, slot.send_at, slot.is_last) for slot in found] == asked.model(), asked
    days = [CALENDAR.local(slot.send_at).date() for slot in found]
    assert all(one < other for one, other in pairwise(days)), asked
    assert all(CALENDAR.in_window(slot.send_at) for slot in found), asked
    assert all(asked.since < slot.send_at < asked.until for slot in found), asked
    assert all((slot.offset <= 0) == (slot.send_at < asked.due) for slot in found), asked
    for slot, day in zip(found, days, strict=True):
        away = CALENDAR.working_days_between(asked.due_day, day)
        assert away <= slot.offset if slot.offset <= 0 else away >= slot.offset, (asked, slot)


# --- calendar --------------------------------------------------------------------------------------------------------


def test_every_day_of_the_table_is_what_the_model_says() -> None:
    open_days = {day for day in ALL_DAYS if YEARS[0] <= day.year <= YEARS[-1] and CALENDAR.is_working_day(day)}
    assert open_days == OPEN
    inner = [day for day in ALL_DAYS if FIRST <= day <= LAST]
    assert [day for day in inner if CALENDAR.is_sending_day(day)] == [day for day in SENDING if FIRST <= day <= LAST]


def test_iso_weeks_of_every_day() -> None:
    assert [day for day in ALL_DAYS if iso_week(day) != week(day)] == []


@pytest.mark.parametrize("clock", [time(0), time(1, 59), time(3), time(7), time(16), time(23, 59)], ids=str)
def test_the_clock_on_the_wall_on_every_day_and_both_dst_nights(clock: time) -> None:
    assert [day for day in OPENINGS if CALENDAR.at(day, clock) != instant(day, clock)] == []


def test_a_day_has_24_hours_but_for_the_two_nights_of_each_year() -> None:
    lengths = {day: (CALENDAR.end_of_day(day) - CALENDAR.at(day, time.min)) // timedelta(hours=1) for day in OPENINGS}
    odd = {day: hours for day, hours in lengths.items() if hours != 24}
    years = range(FIRST.year, LAST.year + 1)
    assert odd == {last_sunday(y, 3): 23 for y in years} | {last_sunday(y, 10): 25 for y in years}


@given(st.sampled_from(OPENINGS), st.integers(-80, 80).filter(bool))
def test_counting_working_days_is_counting_along_the_list(day: date, number: int) -> None:
    assert CALENDAR.add_working_days(day, number) == nth_working_day(day, number)


@given(st.sampled_from(OPENINGS), st.integers(0, 90), st.sampled_from([time(0, 1), time(8), time(16, 1), time(23)]))
def test_lateness_is_counting_along_the_list_and_at_least_one(day: date, days: int, clock: time) -> None:
    due, at = instant(day, time(16)), instant(day + DAY * days, clock)
    counted = bisect_right(WORKING, day + DAY * days) - bisect_right(WORKING, day)
    assert CALENDAR.days_late(due, at) == (max(1, counted) if at > due else 0)


# --- reminders -------------------------------------------------------------------------------------------------------

CLOCKS = st.sampled_from([time(0), time(9), time(12), time(16), time(23, 59)])


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any offsets in order, any minute of the window; the last step may go on and on."""
    offsets = sorted(draw(st.sets(st.integers(-15, 12), max_size=6)))
    every = draw(st.sampled_from([0, 1, 3, 5])) if offsets and offsets[-1] > 0 else 0
    steps = []
    for offset in offsets:
        at = time(draw(st.integers(7, 17)), draw(st.sampled_from([0, 30, 59])))
        kind = MessageKind.OVERDUE if offset > 0 else MessageKind.REMINDER
        steps.append(Step(offset=offset, at=at, mail=kind, every=every if offset == offsets[-1] else 0))
    return Policy(steps=tuple(steps))


@settings(max_examples=400)
@given(st.sampled_from(OPENINGS), st.integers(0, 90), st.integers(0, LONGEST_TAIL), CLOCKS, policies())
def test_any_policy_gives_the_slots_of_the_model(
    opened: date, length: int, tail: int, clock: time, policy: Policy
) -> None:
    check(case(opened, length, tail, clock, policy))


@pytest.mark.parametrize("length", [12, 30, 64])
def test_the_shipped_policy_through_a_hundred_years(length: int) -> None:
    """Every 37th day: each weekday, each month, and each holiday's neighbourhood comes by."""
    for opened in OPENINGS[::37]:
        check(case(opened, length, 25))


@pytest.mark.parametrize("zone", ["Europe/Helsinki", "America/New_York", "Australia/Lord_Howe", "UTC"])
def test_in_any_zone_each_reminder_leaves_once_at_the_wall_time_that_is_stated(zone: str) -> None:
    """Every 73rd day of a hundred years: a zone moves instants, never days, hours or the order of reminders."""
    there = replace(CALENDAR, zone=ZoneInfo(zone))
    for opened in OPENINGS[::73]:
        here = case(opened, 30, 25)
        due_at, since, until = (_as_shown(each, there) for each in (here.due, here.since, here.until))
        found = slots(SHIPPED, due_at=due_at, since=since, until=until, calendar=there)
        assert all(there.in_window(slot.send_at) for slot in found), opened
        assert [(slot.key, _wall(slot.send_at, there)) for slot in found] == [
            (slot.key, _wall(slot.send_at, CALENDAR)) for slot in here.slots()
        ], opened


def _wall(instant: datetime, calendar: Calendar) -> datetime:
    return calendar.local(instant).replace(tzinfo=None)


def _as_shown(instant: datetime, there: Calendar) -> datetime:
    wall = _wall(instant, CALENDAR)
    return there.at(wall.date(), wall.time())


@pytest.mark.faults
@pytest.mark.timeout(900)
@pytest.mark.parametrize("length", [12, 30, 64])
def test_the_shipped_policy_for_a_round_opened_on_every_single_day(length: int) -> None:
    for opened in OPENINGS:
        check(case(opened, length, 25))


# --- reconciling -----------------------------------------------------------------------------------------------------


def ticks(asked: Case, gaps: list[int]) -> Iterator[datetime]:
    """From the opening until after the closing, so many hours apart, again and again."""
    now = asked.since
    for place in count():
        now += timedelta(hours=gaps[place % len(gaps)])
        yield now
        if now > asked.until:
            return


@settings(max_examples=300)
@given(
    st.sampled_from(OPENINGS),
    st.integers(5, 60),
    st.integers(1, LONGEST_TAIL),
    st.lists(st.integers(1, 24 * 9), min_size=1, max_size=8),
)
def test_however_long_nobody_looked_each_slot_is_accounted_for_once_and_no_stale_one_goes(
    opened: date, length: int, tail: int, gaps: list[int]
) -> None:
    asked = case(opened, length, tail)
    found = asked.slots()
    sent: list[tuple[Slot, datetime]] = []
    skipped: dict[str, str] = {}
    for now in ticks(asked, gaps):
        known = {slot.key for slot, _ in sent} | skipped.keys()
        plan = due_by(found, known=known, due_at=asked.due, now=now)
        skipped |= {slot.key: why for slot, why in plan.skip}
        sent += [(plan.send, now)] if plan.send else []
    keys = [slot.key for slot, _ in sent] + list(skipped)
    assert sorted(keys) == sorted(slot.key for slot in found)
    assert set(skipped.values()) <= {SUPERSEDED, TOO_LATE}
    for slot, now in sent:
        assert slot.send_at <= now
        assert slot.offset > 0 or now < asked.due
        assert not any(slot.send_at < other.send_at <= now for other in found), "a newer one was due already"


def test_looking_every_half_hour_sends_every_slot_in_its_half_hour() -> None:
    """What a scheduler that is never down does, for three years of rounds (a hundred openings)."""
    for opened in OPENINGS[:: len(OPENINGS) // 100]:
        asked = case(opened, 28, 20)
        found, known = asked.slots(), set[str]()
        for slot in found:
            plan = due_by(found, known=known, due_at=asked.due, now=slot.send_at + timedelta(minutes=29))
            assert (plan.send, plan.skip) == (slot, ())
            known.add(slot.key)
