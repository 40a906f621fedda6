"""calendar.toml: what a site changes in the calendar, year by year, every fault with its line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from workflow.adapters import configfaults as faults
from workflow.adapters.tomltables import Table, open_toml
from workflow.domain.calendar import Calendar, Hours, check_hours
from workflow.domain.errors import ConfigError
from workflow.domain.phrases import say

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
LONGEST = 62  # days in one entry: the summer is shorter, a mistyped year is not
_NOBODY = date.min  # stands in for a faulty day while the rest is read


def load_calendar(path: Path, shipped: Calendar) -> Calendar:
    """The shipped calendar with the file's changes. Raises ConfigError for the first fault."""
    calendar, found = _read(path, shipped)
    if found:
        raise found[0]
    return calendar


def check_calendar(path: Path, shipped: Calendar) -> tuple[ConfigError, ...]:
    """Every fault in the order of lines, none for a good file."""
    return _read(path, shipped)[1]


def _read(path: Path, shipped: Calendar) -> tuple[Calendar, tuple[ConfigError, ...]]:
    file = open_toml(path)
    if file.found:
        return shipped, file.faults
    top = file.top
    top.only("sending", "free", "working", "quiet", "hours")
    sending = top.table("sending") if top.has("sending") else Table(file, ("sending",), {})
    sending.only("opens", "closes", "bridge_days", "christmas", *WEEKDAYS)
    window = _hours(sending, shipped.window)
    calendar = replace(
        shipped,
        free_days=_free_days(top, shipped),
        quiet_days=dict(_named_days(top, _Days("quiet"), shipped)),
        window=window,
        weekday_hours=_weekdays(sending, window),
        sends_on_bridge_days=sending.flag("bridge_days", default=shipped.sends_on_bridge_days),
        sends_at_christmas=sending.flag("christmas", default=shipped.sends_at_christmas),
    )
    calendar = replace(calendar, day_hours=_day_hours(top, calendar))
    return calendar, file.faults


# --- days ------------------------------------------------------------------------------------------------------------


def _free_days(top: Table, shipped: Calendar) -> Mapping[date, str]:
    """The library's days, with those that are free only here, without those on which work is done here."""
    free, worked = _Days("free"), _Days("working")
    days = {**shipped.free_days, **dict(_named_days(top, free, shipped))}
    for table in top.tables("working"):
        table.only("day", "name")
        day = _day(table, "day", shipped)
        if day == _NOBODY or not worked.take(table, day):
            continue
        if day in free.lines:
            what = say(faults.FREE_AND_WORKED, value=day.isoformat(), first=free.lines[day])
            table.fault("day", what, say(faults.FREE_OR_WORKED))
        elif day.weekday() not in range(len(WEEKDAYS)):
            table.fault("day", say(faults.WEEKEND, value=day.isoformat()), say(faults.ONLY_FREE))
        elif day not in shipped.free_days:
            table.fault("day", say(faults.NOT_FREE, value=day.isoformat()), say(faults.ONLY_FREE))
        days.pop(day, None)
    return days


@dataclass(frozen=True, slots=True)
class _Days:
    """The days of every [[key]] read so far, each with the line of the entry that it stands in."""

    key: str
    lines: dict[date, int] = field(default_factory=dict)

    def take(self, table: Table, day: date) -> bool:
        """False, with a fault, for a day that an earlier entry has."""
        if day in self.lines:
            what = say(faults.DAY_TWICE, value=day.isoformat(), key=self.key, first=self.lines[day])
            table.fault("day" if table.has("day") else None, what, say(faults.KEEP_ONE_DAY))
            return False
        self.lines[day] = table.line()
        return True


def _named_days(top: Table, seen: _Days, shipped: Calendar) -> Iterator[tuple[date, str]]:
    """Each day of every [[key]], with its name; none is named twice."""
    for table in top.tables(seen.key):
        name = table.text("name")
        for day in _span(table, shipped):
            if not seen.take(table, day):
                break
            yield day, name


def _span(table: Table, shipped: Calendar) -> tuple[date, ...]:
    """The one `day`, or every day from `first` to `last`; none with a fault."""
    table.only("day", "first", "last", "name")
    if table.has("day") or not (table.has("first") or table.has("last")):
        day = _day(table, "day", shipped)
        return () if day == _NOBODY else (day,)
    first, last = _day(table, "first", shipped), _day(table, "last", shipped)
    if _NOBODY in {first, last}:
        return ()
    if not 0 <= (last - first).days < LONGEST:
        what = say(faults.BAD_SPAN, first=first.isoformat(), last=last.isoformat())
        table.fault("last", what, say(faults.SPAN_LIKE, longest=LONGEST))
        return ()
    return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))


def _day(table: Table, key: str, shipped: Calendar) -> date:
    day = table.day(key)
    if day is None:
        return _NOBODY
    if shipped.years is not None and day.year not in shipped.years:
        what = say(faults.BAD_DATE, value=day.isoformat(), key=key)
        table.fault(key, what, say(faults.YEARS, first=shipped.years[0], last=shipped.years[-1]))
        return _NOBODY
    return day


# --- hours -----------------------------------------------------------------------------------------------------------


def _hours(table: Table, otherwise: Hours) -> Hours:
    """The table's `opens` and `closes`; what is left out is as otherwise."""
    opens, closes = (
        table.clock(key) if table.has(key) else usual for key, usual in zip(("opens", "closes"), otherwise, strict=True)
    )
    try:
        check_hours((opens, closes))
    except ValueError:
        key = "closes" if table.has("closes") else "opens" if table.has("opens") else None
        table.fault(key, say(faults.BAD_HOURS, opens=f"{opens:%H:%M}", closes=f"{closes:%H:%M}"), say(faults.HOURS))
        return otherwise
    return opens, closes


def _weekdays(sending: Table, window: Hours) -> Mapping[int, Hours]:
    found = {}
    for number, name in enumerate(WEEKDAYS):
        if sending.has(name):
            table = sending.table(name)
            table.only("opens", "closes")
            found[number] = _hours(table, window)
    return found


def _day_hours(top: Table, calendar: Calendar) -> Mapping[date, Hours]:
    """Only of days on which something is sent: hours of any other would never hold, and somebody believes they do."""
    seen, found = _Days("hours"), dict[date, Hours]()
    for table in top.tables("hours"):
        table.only("day", "opens", "closes")
        day, hours = _day(table, "day", calendar), _hours(table, calendar.window)
        if day == _NOBODY or not seen.take(table, day):
            continue
        if not calendar.is_sending_day(day):
            table.fault("day", say(faults.NOTHING_SENT, value=day.isoformat()), say(faults.DROP_HOURS))
        found[day] = hours
    return found
