"""Working days, sending hours, and the one place where a local time becomes an instant.

Free days are data (`freedays.py`). Instants are aware datetimes, given back in UTC; naive ones are refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

from workflow.domain import freedays
from workflow.domain.errors import RefusedError

STOCKHOLM = ZoneInfo("Europe/Stockholm")

_DAY = timedelta(days=1)
_LAST = date.max - _DAY  # one day on from here there still is a date
_INSTANT = timedelta(microseconds=1)
_FRIDAY = 4
_DECEMBER = 12
# In this hour the clocks are moved: in spring it does not exist, in autumn it comes twice.
_MOVED_HOUR = (time(2), time(3))
# Between the Christmas holidays and New Year's Eve few are at work (domain rule: never send 27–30 December).
_CHRISTMAS_WEEK = range(27, 31)
_JULY = 7  # the month of holidays in Sweden
_LAST_MINUTE = time(23, 59)

Hours = tuple[time, time]
"""The local time of sending on a day: the first moment included, the last not."""


class OutsideCalendarError(RefusedError, ValueError):
    """A day for which the free days are not known; a guess would call Christmas Day a working day."""

    sentence = "Kalendern räcker inte till {day}. Den omfattar åren {first}–{last}."


class WarningReason(StrEnum):
    """Why a date is a poor last day."""

    FREE_DAY = "free_day"
    WEEKEND = "weekend"
    BRIDGE_DAY = "bridge_day"
    BEFORE_FREE_DAY = "before_free_day"
    CHRISTMAS = "christmas"
    QUIET = "quiet"
    JULY = "july"
    OUTSIDE_HOURS = "outside_hours"


@dataclass(frozen=True, slots=True)
class DeadlineWarning:
    """`name` is the Swedish name of the free day, on the day itself or (BEFORE_FREE_DAY) the day after.

    For QUIET it is what the site calls the quiet days, for OUTSIDE_HOURS the hours of the day ("07:00–18:00").
    """

    day: date
    reason: WarningReason
    name: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working days are Monday to Friday save `free_days` (date → Swedish name).

    `quiet_days` (date → why, in words) are working days on which nothing is sent. Mail leaves within `window`, save
    where a weekday (0 is Monday) or a day has hours of its own; on bridge days and 27–30 December only where the
    site says so. `years` are those the free days are known for (None: all); a question about a day outside raises
    OutsideCalendarError.
    """

    zone: ZoneInfo
    free_days: Mapping[date, str] = field(hash=False)
    quiet_days: Mapping[date, str] = field(default_factory=dict, hash=False)
    window: Hours = (time(7), time(18))
    weekday_hours: Mapping[int, Hours] = field(default_factory=dict, hash=False)
    day_hours: Mapping[date, Hours] = field(default_factory=dict, hash=False)
    sends_on_bridge_days: bool = False
    sends_at_christmas: bool = False
    years: range | None = None

    def __post_init__(self) -> None:
        for hours in (self.window, *self.weekday_hours.values(), *self.day_hours.values()):
            check_hours(hours)

    # --- days ---------------------------------------------------------------------------------------------------

    def is_working_day(self, d: date) -> bool:
        """Whether offices are open: Monday to Friday, neither a public holiday nor an eve that is free by custom."""
        self._check_day(d)
        return d.weekday() <= _FRIDAY and d not in self.free_days

    def is_bridge_day(self, d: date) -> bool:
        """Whether `d` is a klämdag: a single working day between two days that are not."""
        return self.is_working_day(d) and not self.is_working_day(d - _DAY) and not self.is_working_day(d + _DAY)

    def is_sending_day(self, d: date) -> bool:
        """Whether mail may leave: a working day and no quiet one; a klämdag or 27–30 December if the site says so."""
        if not self.is_working_day(d) or d in self.quiet_days:
            return False
        if is_christmas_week(d):
            return self.sends_at_christmas
        return self.sends_on_bridge_days or not self.is_bridge_day(d)

    def add_working_days(self, d: date, n: int) -> date:
        """Find the n-th working day after `d`, before it when n < 0; n = 0: `d` itself or else the next working day."""
        step = -_DAY if n < 0 else _DAY
        if n == 0:
            return next(day for day in _walk(d, step) if self.is_working_day(day))
        working = (day for day in _walk(d + step, step) if self.is_working_day(day))
        return next(day for count, day in enumerate(working, start=1) if count == abs(n))

    def working_days_between(self, a: date, b: date) -> int:
        """How many working days to go from `a` to `b`: those after `a` up to and including `b`.

        When b < a: minus those before `a` back to and including `b`, so that it always undoes `add_working_days`.
        """
        step, sign = (_DAY, 1) if b >= a else (-_DAY, -1)
        days = (a + step * (i + 1) for i in range(abs((b - a).days)))
        return sign * sum(self.is_working_day(day) for day in days)

    def sending_day_on_or_before(self, d: date) -> date:
        return next(day for day in _walk(d, -_DAY) if self.is_sending_day(day))

    def sending_day_on_or_after(self, d: date) -> date:
        return next(day for day in _walk(d, _DAY) if self.is_sending_day(day))

    def deadline_warnings(self, d: date) -> tuple[DeadlineWarning, ...]:
        """Say what speaks against `d` as a last day; empty when nothing does. The date is never moved."""
        if d in self.free_days:
            return (DeadlineWarning(d, WarningReason.FREE_DAY, self.free_days[d]),)
        if not self.is_working_day(d):
            return (DeadlineWarning(d, WarningReason.WEEKEND),)
        return tuple(DeadlineWarning(d, reason, name) for reason, name in self._against(d))

    def due_warnings(self, due: datetime) -> tuple[DeadlineWarning, ...]:
        """As `deadline_warnings`, and when nobody can be called at that hour; 23.59 and 24.00 mean the whole day."""
        d, clock = self.last_day(due), self.local(due).time().replace(second=0, microsecond=0)
        found = self.deadline_warnings(d)
        opens, closes = self.hours(d)
        if opens <= clock <= closes or clock in {_LAST_MINUTE, time.min} or not self.is_working_day(d):
            return found
        return (*found, DeadlineWarning(d, WarningReason.OUTSIDE_HOURS, f"{opens:%H:%M}–{closes:%H:%M}"))

    def _against(self, d: date) -> Iterator[tuple[WarningReason, str]]:
        if is_christmas_week(d):
            yield WarningReason.CHRISTMAS, ""
        elif self.is_bridge_day(d):
            yield WarningReason.BRIDGE_DAY, ""
        if d in self.quiet_days:
            yield WarningReason.QUIET, self.quiet_days[d]
        elif d.month == _JULY:
            yield WarningReason.JULY, ""
        if name := self.free_days.get(d + _DAY):
            yield WarningReason.BEFORE_FREE_DAY, name

    # --- instants -----------------------------------------------------------------------------------------------

    def at(self, d: date, t: time) -> datetime:
        """Resolve the clock on the wall showing `t` on `d` to its instant, in UTC.

        Raises ValueError for 02:00–03:00, on any night (see _MOVED_HOUR), and for a time that carries its own zone.
        """
        _check_wall_time(t)
        _check_is_day(d)
        if not MINYEAR < d.year < MAXYEAR:
            raise OutsideCalendarError(day=d.isoformat(), first=MINYEAR + 1, last=MAXYEAR - 1)
        return datetime.combine(d, t, tzinfo=self.zone).astimezone(UTC)

    def local(self, instant: datetime) -> datetime:
        """Read the instant off the clock on the wall. Raises ValueError when it is naive."""
        return local_time(instant, self.zone)

    def end_of_day(self, d: date) -> datetime:
        """Give the instant at which `d` is over: next local midnight."""
        _check_is_day(d)
        return self.at(min(d, _LAST) + _DAY, time.min)

    def last_day(self, due: datetime) -> date:
        """Give the local day a due time belongs to (see `last_day`)."""
        return last_day(due, self.zone)

    def hours(self, d: date) -> Hours:
        """When mail may leave if `d` is a sending day: the day's own hours, else the weekday's, else `window`."""
        return self.day_hours.get(d) or self.weekday_hours.get(d.weekday()) or self.window

    def sending_at(self, d: date, t: time) -> datetime:
        """The instant of `t` on `d`; where that lies outside the day's own hours, the moment they begin."""
        opens, closes = self.hours(d)
        return self.at(d, t if opens <= t < closes else opens)

    def in_window(self, instant: datetime) -> bool:
        """Whether mail may leave at this instant: a sending day and inside its hours."""
        local = self.local(instant)
        opens, closes = self.hours(local.date())
        return opens <= local.time() < closes and self.is_sending_day(local.date())

    def next_window(self, instant: datetime) -> datetime:
        """Find the first instant from this one on at which mail may leave; the instant itself when it is inside."""
        if self.in_window(instant):
            return instant
        local = self.local(instant)
        passed = local.time() >= self.hours(local.date())[0]
        day = self.sending_day_on_or_after(local.date() + _DAY * passed)
        return self.at(day, self.hours(day)[0])

    def days_late(self, due: datetime, at: datetime) -> int:
        """Working days from the last day to the day of `at`; 0 when not late (`at` equal to `due` is in time).

        What comes after the hour is late by at least 1: also on the last day itself, or on the weekend after it.
        """
        handed_in = self.local(at).date()
        return max(1, self.working_days_between(self.last_day(due), handed_in)) if at > due else 0

    def _check_day(self, d: date) -> None:
        _check_is_day(d)
        if self.years is not None and d.year not in self.years:
            raise OutsideCalendarError(day=d.isoformat(), first=self.years[0], last=self.years[-1])


def local_time(instant: datetime, zone: ZoneInfo) -> datetime:
    """Give the same instant as the clocks of the zone show it. Raises ValueError when it is naive."""
    if instant.utcoffset() is None:
        raise ValueError(f"a time without a zone is no instant: {instant}")
    return instant.astimezone(zone)


def last_day(due: datetime, zone: ZoneInfo) -> date:
    """Give the local day a due time belongs to: midnight ends the day before, it does not begin a new one."""
    return local_time(due - _INSTANT, zone).date()


def iso_week(d: date) -> tuple[int, int]:
    """Year and number of the week by ISO 8601; 2027-01-01 belongs to (2026, 53)."""
    week = d.isocalendar()
    return week.year, week.week


def is_christmas_week(d: date) -> bool:
    """27–30 December, the days between the Christmas holidays and New Year's Eve."""
    return d.month == _DECEMBER and d.day in _CHRISTMAS_WEEK


def check_hours(hours: Hours) -> None:
    """Raise ValueError for hours that do not open before they close, or begin or end where the clocks are moved."""
    opens, closes = hours
    _check_wall_time(opens)
    _check_wall_time(closes)
    if opens >= closes:
        raise ValueError(f"the sending window must open before it closes: {opens}–{closes}")


@cache
def swedish_calendar() -> Calendar:
    """Stockholm's time and the free days of `freedays.py`; what a site changes (calendar.toml) comes on top."""
    return Calendar(STOCKHOLM, freedays.FREE_DAYS, years=freedays.YEARS)


def _walk(d: date, step: timedelta) -> Iterator[date]:
    while True:
        yield d
        d += step


def _check_wall_time(t: time) -> None:
    if t.tzinfo is not None:
        raise ValueError(f"a time on the wall has no zone of its own: {t}")
    if _MOVED_HOUR[0] <= t < _MOVED_HOUR[1]:
        raise ValueError(f"{t:%H:%M} lies in the hour in which the clocks are moved; choose one outside 02:00–03:00")


def _check_is_day(d: date) -> None:
    if isinstance(d, datetime):
        raise TypeError(f"an instant is not a day: {d}; ask local() for its date")
