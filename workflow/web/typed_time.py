"""Days and clock times as people type them: year-month-day, and 16.00 or 16:00."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time

from workflow.domain import datewords
from workflow.domain.calendar import Calendar, OutsideCalendarError
from workflow.domain.errors import RefusedError

_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_CLOCK = re.compile(r"(\d{1,2})(?:[.:](\d{2}))?")
_MIDNIGHT = (24, 0)


class UnreadableDayError(RefusedError):
    sentence = "”{typed}” är inget datum. Skriv år-månad-dag, till exempel 2027-05-31."


class UnreadableClockError(RefusedError):
    sentence = "”{typed}” är inget klockslag. Skriv till exempel 16.00."


class MovedClockError(RefusedError):
    sentence = "Välj ett klockslag utanför 02.00–03.00: den timmen ställs klockorna om."


@dataclass(frozen=True, slots=True)
class TypedTime:
    """A day and a clock as they stand in their two fields."""

    day: str
    clock: str

    def instant(self, calendar: Calendar) -> datetime:
        """The instant meant; 24.00 ends the day. Raises RefusedError saying which field cannot be read."""
        day = read_day(self.day)
        hour, minute = read_clock(self.clock)
        if (hour, minute) == _MIDNIGHT:
            return calendar.end_of_day(day)
        try:
            return calendar.at(day, time(hour, minute))
        except OutsideCalendarError:
            raise
        except ValueError:
            raise MovedClockError from None


def read_day(text: str) -> date:
    """Raises UnreadableDayError."""
    found = _DAY.fullmatch(text.strip())
    try:
        return date(*(int(part) for part in found.groups())) if found else _refuse(text)
    except ValueError:
        return _refuse(text)


def read_clock(text: str) -> tuple[int, int]:
    """Hour and minute, 24.00 included. Raises UnreadableClockError."""
    found = _CLOCK.fullmatch(text.strip())
    hour, minute = (int(found[1]), int(found[2] or 0)) if found else (99, 0)
    if (hour, minute) == _MIDNIGHT or (hour < _MIDNIGHT[0] and minute < len(range(60))):
        return hour, minute
    raise UnreadableClockError(typed=text)


def typed_of(instant: datetime, calendar: Calendar) -> TypedTime:
    """An instant as it would be typed; midnight is 24.00 of the day it ends, as on every page."""
    words = datewords.due_moment(instant, "sv", calendar.zone).rpartition(" ")[2]
    return TypedTime(calendar.last_day(instant).isoformat(), words)


def _refuse(text: str) -> date:
    raise UnreadableDayError(typed=text)
