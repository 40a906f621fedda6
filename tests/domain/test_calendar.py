"""Working days, sending hours, instants: the dates of the city's year, the nights the clocks move, and laws."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.domain.calendar import (
    STOCKHOLM,
    Calendar,
    DeadlineWarning,
    OutsideCalendarError,
    WarningReason,
    iso_week,
    swedish_calendar,
)

SWEDEN = swedish_calendar()
# A margin to both ends of the table, so that counting never runs out of it.
DAYS = st.dates(date(2020, 1, 1), date(2058, 12, 31))
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2058, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 (bounds must be naive)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def days_of(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]


# --- days -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("year", "count"), [(2026, 251), (2027, 253)])
def test_number_of_working_days(year: int, count: int) -> None:
    assert sum(SWEDEN.is_working_day(d) for d in days_of(year)) == count


@pytest.mark.parametrize(
    ("year", "bridges"),
    [(2026, {"2026-01-02", "2026-01-05", "2026-05-15"}), (2027, {"2027-05-07"}), (2024, {"2024-05-10", "2024-06-07"})],
)
def test_bridge_days_outside_christmas(year: int, bridges: set[str]) -> None:
    found = {d.isoformat() for d in days_of(year) if SWEDEN.is_bridge_day(d) and d.month < 12}
    assert found == bridges


def test_bridge_days_at_christmas() -> None:
    assert [d for d in range(20, 32) if SWEDEN.is_bridge_day(date(2024, 12, d))] == [23, 27, 30]


@pytest.mark.parametrize("text", ["2026-01-01", "2026-01-06", "2026-04-03", "2026-05-14", "2026-06-19", "2027-12-31"])
def test_free_days_are_no_working_days(text: str) -> None:
    assert not SWEDEN.is_working_day(date.fromisoformat(text))


@pytest.mark.parametrize(
    ("text", "sends"),
    [
        ("2027-05-28", True),
        ("2027-05-07", False),  # klämdag
        ("2027-05-01", False),
        ("2027-05-29", False),  # Saturday
        ("2027-12-23", True),
        ("2027-12-27", False),
        ("2027-12-30", False),
        ("2028-01-03", True),
        ("2027-11-29", True),  # 27–30 is quiet in December only
        ("2026-12-31", False),
    ],
)
def test_sending_days(text: str, sends: bool) -> None:
    assert SWEDEN.is_sending_day(date.fromisoformat(text)) is sends


def test_a_site_may_add_quiet_days_that_still_count_as_working_days() -> None:
    closed = date(2027, 5, 28)
    calendar = replace(SWEDEN, quiet_days={closed: "planeringsdag"})
    assert not calendar.is_sending_day(closed)
    assert calendar.is_working_day(closed)
    assert calendar.sending_day_on_or_after(closed) == date(2027, 5, 31)
    assert calendar.sending_day_on_or_before(closed) == date(2027, 5, 27)


def test_sending_day_search_skips_christmas() -> None:
    assert SWEDEN.sending_day_on_or_after(date(2026, 12, 24)) == date(2027, 1, 4)
    assert SWEDEN.sending_day_on_or_before(date(2027, 1, 1)) == date(2026, 12, 23)
    assert SWEDEN.sending_day_on_or_before(date(2027, 5, 28)) == date(2027, 5, 28)


@pytest.mark.parametrize(
    ("start", "n", "end"),
    [
        ("2027-05-28", -10, "2027-05-14"),
        ("2027-05-10", -1, "2027-05-07"),  # a klämdag is a working day
        ("2027-05-10", -2, "2027-05-05"),
        ("2027-05-28", 1, "2027-05-31"),
        ("2027-05-29", 0, "2027-05-31"),
        ("2027-05-28", 0, "2027-05-28"),
        ("2027-05-29", 1, "2027-05-31"),
        ("2027-05-29", -1, "2027-05-28"),
        ("2026-12-23", 1, "2026-12-28"),
    ],
)
def test_add_working_days(start: str, n: int, end: str) -> None:
    assert SWEDEN.add_working_days(date.fromisoformat(start), n) == date.fromisoformat(end)


@pytest.mark.parametrize(
    ("a", "b", "count"),
    [
        ("2027-05-24", "2027-05-28", 4),
        ("2027-05-28", "2027-05-24", -4),
        ("2027-05-28", "2027-05-28", 0),
        ("2027-05-28", "2027-05-30", 0),
        ("2027-05-28", "2027-05-31", 1),
        ("2027-05-05", "2027-05-10", 2),
        ("2027-05-31", "2027-05-29", 0),
    ],
)
def test_working_days_between(a: str, b: str, count: int) -> None:
    assert SWEDEN.working_days_between(date.fromisoformat(a), date.fromisoformat(b)) == count


@given(DAYS, st.integers(-60, 60).filter(bool))
def test_between_undoes_add(d: date, n: int) -> None:
    reached = SWEDEN.add_working_days(d, n)
    assert SWEDEN.is_working_day(reached)
    assert SWEDEN.working_days_between(d, reached) == n


@given(DAYS, st.integers(0, 40), st.integers(0, 40))
def test_working_days_add_up(d: date, first: int, second: int) -> None:
    middle, end = d + timedelta(days=first), d + timedelta(days=first + second)
    between = SWEDEN.working_days_between
    assert between(d, middle) + between(middle, end) == between(d, end)


@given(DAYS)
def test_a_bridge_day_is_a_working_day_on_which_nothing_is_sent(d: date) -> None:
    if SWEDEN.is_bridge_day(d):
        assert SWEDEN.is_working_day(d)
        assert not SWEDEN.is_sending_day(d)


@pytest.mark.parametrize("text", ["2018-12-31", "2121-01-01"])
def test_days_outside_the_table_are_refused(text: str) -> None:
    with pytest.raises(OutsideCalendarError, match="2019–2120"):
        SWEDEN.is_working_day(date.fromisoformat(text))
    with pytest.raises(ValueError, match=text):
        SWEDEN.deadline_warnings(date.fromisoformat(text))


def test_an_instant_is_not_taken_for_a_day() -> None:
    with pytest.raises(TypeError):
        SWEDEN.is_working_day(utc("2027-05-01 10:00"))


# --- warnings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2027-05-28", []),
        ("2027-05-06", [(WarningReason.FREE_DAY, "Kristi himmelsfärdsdag")]),
        ("2027-05-01", [(WarningReason.FREE_DAY, "första maj")]),
        ("2027-05-08", [(WarningReason.WEEKEND, "")]),
        ("2027-05-07", [(WarningReason.BRIDGE_DAY, "")]),
        ("2027-05-05", [(WarningReason.BEFORE_FREE_DAY, "Kristi himmelsfärdsdag")]),
        ("2027-04-30", [(WarningReason.BEFORE_FREE_DAY, "första maj")]),
        ("2026-01-05", [(WarningReason.BRIDGE_DAY, ""), (WarningReason.BEFORE_FREE_DAY, "trettondedag jul")]),
    ],
)
def test_deadline_warnings(text: str, expected: list[tuple[WarningReason, str]]) -> None:
    d = date.fromisoformat(text)
    assert SWEDEN.deadline_warnings(d) == tuple(DeadlineWarning(d, reason, name) for reason, name in expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-28", [WarningReason.CHRISTMAS]),
        ("2026-12-30", [WarningReason.CHRISTMAS, WarningReason.BEFORE_FREE_DAY]),
        ("2027-07-08", [WarningReason.JULY]),
        ("2027-08-12", []),
        ("2024-12-23", [WarningReason.BRIDGE_DAY, WarningReason.BEFORE_FREE_DAY]),
    ],
)
def test_days_on_which_many_are_away(text: str, expected: list[WarningReason]) -> None:
    assert [each.reason for each in SWEDEN.deadline_warnings(date.fromisoformat(text))] == expected


def test_a_quiet_period_is_named_in_place_of_july() -> None:
    d = date(2027, 7, 8)
    calendar = replace(SWEDEN, quiet_days={d: "semesterveckor"})
    assert calendar.deadline_warnings(d) == (DeadlineWarning(d, WarningReason.QUIET, "semesterveckor"),)


@pytest.mark.parametrize(
    ("due", "warned"),
    [
        ("2027-05-28 14:00", False),
        ("2027-05-28 16:00", False),  # 18.00 sharp
        ("2027-05-28 16:01", True),
        ("2027-05-28 04:00", True),
        ("2027-05-28 21:59", False),  # 23.59 means the whole day
        ("2027-05-28 22:00", False),  # and so does 24.00
        ("2027-05-28 22:01", True),  # Saturday: a weekend, and nothing about hours
    ],
)
def test_a_last_hour_at_which_nobody_can_be_called(due: str, *, warned: bool) -> None:
    found = [each.reason for each in SWEDEN.due_warnings(utc(due))]
    weekend = utc(due) > utc("2027-05-28 22:00")
    assert found == ([WarningReason.WEEKEND] if weekend else [WarningReason.OUTSIDE_HOURS] if warned else [])


def test_reading_warnings_never_moves_anything() -> None:
    """Every date of fifteen years: what speaks against a day is said of that day, and sending days have no reason."""
    for year in range(2026, 2041):
        for d in days_of(year):
            found = SWEDEN.deadline_warnings(d)
            assert {each.day for each in found} <= {d}
            assert found or SWEDEN.is_sending_day(d), d


# --- instants ---------------------------------------------------------------------------------------------------------


def test_a_deadline_that_day_ends_at_next_local_midnight() -> None:
    assert SWEDEN.end_of_day(date(2027, 1, 22)) == utc("2027-01-22 23:00")
    assert SWEDEN.end_of_day(date(2026, 5, 29)) == utc("2026-05-29 22:00")
    assert SWEDEN.last_day(utc("2027-01-22 23:00")) == date(2027, 1, 22)
    assert SWEDEN.last_day(utc("2027-01-22 23:00") + timedelta(seconds=1)) == date(2027, 1, 23)


def test_eight_in_the_morning_in_winter_and_summer() -> None:
    assert SWEDEN.at(date(2027, 1, 22), time(8)) == utc("2027-01-22 07:00")
    assert SWEDEN.at(date(2027, 5, 28), time(8)) == utc("2027-05-28 06:00")
    assert SWEDEN.at(date(2027, 5, 28), time(8)).tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2027-03-28", 23), ("2027-10-31", 25)]
)
def test_the_nights_the_clocks_move(text: str, hours: int) -> None:
    d = date.fromisoformat(text)
    assert SWEDEN.end_of_day(d) - SWEDEN.at(d, time.min) == timedelta(hours=hours)
    assert SWEDEN.at(d, time(3)) - SWEDEN.at(d, time.min) == timedelta(hours=hours - 21)


@pytest.mark.parametrize("t", [time(2), time(2, 30), time(2, 59, 59, 999999)])
@pytest.mark.parametrize("text", ["2027-03-28", "2026-10-25", "2027-05-28"])
def test_the_moved_hour_is_refused_on_every_night(text: str, t: time) -> None:
    with pytest.raises(ValueError, match="02:00–03:00"):
        SWEDEN.at(date.fromisoformat(text), t)


@pytest.mark.parametrize("text", ["2026-03-29", "2026-10-25", "2027-03-28", "2027-10-31"])
def test_a_deadline_at_the_end_of_a_day_on_which_the_clocks_move(text: str) -> None:
    """24.00 is next midnight, 23.59 a minute before it; both belong to the day, which ends when people say it does."""
    d = date.fromisoformat(text)
    due, minute = SWEDEN.end_of_day(d), SWEDEN.at(d, time(23, 59))
    assert due - minute == timedelta(minutes=1)
    assert SWEDEN.last_day(due) == SWEDEN.last_day(minute) == d
    assert SWEDEN.local(due).time() == time.min
    assert SWEDEN.days_late(due, due) == 0
    assert SWEDEN.days_late(due, due + timedelta(seconds=1)) == 1
    assert [each.day for each in SWEDEN.due_warnings(due)] == [d]  # all four are Sundays


def test_the_ends_of_time_are_refused_in_words() -> None:
    for d in (date.min, date.max):
        with pytest.raises(OutsideCalendarError):
            SWEDEN.end_of_day(d) if d == date.max else SWEDEN.at(d, time(8))


def test_naive_times_are_refused() -> None:
    naive = datetime(2027, 5, 28, 10)  # noqa: DTZ001 (the fault under test)
    due = utc("2027-05-28 14:00")
    for ask in (
        SWEDEN.local,
        SWEDEN.in_window,
        SWEDEN.next_window,
        SWEDEN.last_day,
        lambda n: SWEDEN.days_late(due, n),
    ):
        with pytest.raises(ValueError, match="without a zone"):
            ask(naive)
    with pytest.raises(ValueError, match="zone of its own"):
        SWEDEN.at(date(2027, 5, 28), time(10, tzinfo=UTC))


@given(DAYS, st.times().filter(lambda t: not time(2) <= t < time(3)))
def test_wall_time_becomes_an_instant_and_back(d: date, t: time) -> None:
    assert SWEDEN.local(SWEDEN.at(d, t)).replace(tzinfo=None) == datetime.combine(d, t)


# --- the sending window -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("2027-05-28 04:59", False),
        ("2027-05-28 05:00", True),
        ("2027-05-28 15:59", True),
        ("2027-05-28 16:00", False),
        ("2027-01-22 05:30", False),
        ("2027-01-22 06:00", True),
        ("2027-05-29 10:00", False),
        ("2027-05-07 10:00", False),
    ],
)
def test_in_window(text: str, inside: bool) -> None:
    assert SWEDEN.in_window(utc(text)) is inside


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("2027-05-28 10:00", "2027-05-28 10:00"),
        ("2027-05-28 03:00", "2027-05-28 05:00"),
        ("2027-05-28 16:00", "2027-05-31 05:00"),
        ("2027-05-29 03:00", "2027-05-31 05:00"),
        ("2027-05-05 20:00", "2027-05-10 05:00"),  # over Kristi himmelsfärdsdag and its klämdag
        ("2026-12-23 17:30", "2027-01-04 06:00"),
        ("2027-03-26 10:00", "2027-03-30 05:00"),  # Easter, and summer time begins
    ],
)
def test_next_window(text: str, then: str) -> None:
    assert SWEDEN.next_window(utc(text)) == utc(then)


@given(INSTANTS)
def test_next_window_is_inside_not_earlier_and_stays(instant: datetime) -> None:
    found = SWEDEN.next_window(instant)
    assert SWEDEN.in_window(found)
    assert found >= instant
    assert SWEDEN.next_window(found) == found


@pytest.mark.parametrize("window", [(time(18), time(7)), (time(7), time(7)), (time(2, 30), time(7))])
def test_an_impossible_window_is_refused(window: tuple[time, time]) -> None:
    with pytest.raises(ValueError, match=r"window|clocks"):
        Calendar(STOCKHOLM, {}, window=window)


# --- late -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "at", "days"),
    [
        ("2027-05-28 14:00", "2027-05-28 13:59", 0),
        ("2027-05-28 14:00", "2027-05-28 14:00", 0),
        ("2027-05-28 14:00", "2027-05-28 14:01", 1),  # same day
        ("2027-05-28 14:00", "2027-05-30 10:00", 1),  # Sunday after
        ("2027-05-28 14:00", "2027-05-31 10:00", 1),
        ("2027-05-28 14:00", "2027-06-01 10:00", 2),
        ("2027-05-19 14:00", "2027-05-24 08:00", 3),
        ("2027-01-22 23:00", "2027-01-22 23:00", 0),  # due at midnight
        ("2027-01-22 23:00", "2027-01-25 08:00", 1),
        ("2027-05-05 14:00", "2027-05-10 08:00", 2),
    ],
)
def test_days_late(due: str, at: str, days: int) -> None:
    assert SWEDEN.days_late(utc(due), utc(at)) == days


@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=90)), st.timedeltas(timedelta(0), timedelta(days=90)))
def test_lateness_never_shrinks(due: datetime, wait: timedelta, more: timedelta) -> None:
    assert SWEDEN.days_late(due, due + wait) <= SWEDEN.days_late(due, due + wait + more)


# --- the rest ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2026-12-28", (2026, 53)), ("2027-01-01", (2026, 53)), ("2027-01-04", (2027, 1)), ("2027-12-31", (2027, 52))],
)
def test_iso_weeks(text: str, expected: tuple[int, int]) -> None:
    assert iso_week(date.fromisoformat(text)) == expected


def test_a_calendar_is_a_value() -> None:
    again = Calendar(ZoneInfo("Europe/Stockholm"), dict(SWEDEN.free_days), years=SWEDEN.years)
    assert again == SWEDEN
    assert hash(again) == hash(SWEDEN)
