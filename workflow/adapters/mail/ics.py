"""The last day as a calendar file: one appointment that moves when the deadline moves (RFC 5545)."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from icalendar import Parameters, vCalAddress, vText, vUri
from icalendar.parser import Contentline

from workflow.domain.messages import Enclosure
from workflow.ports import LINK_SECRET, CalendarEntry

# PUBLISH (RFC 5546 §3.2.1) tells of a date. REQUEST would be an invitation to a meeting: calendars would ask the
# reader to accept or decline, and mail each answer to the coordinators.
METHOD: Final = "PUBLISH"
NAME: Final = "sista-dag.ics"
_LENGTH: Final = timedelta(minutes=30)
_NONE: Final = Parameters()
_PLAIN: Final = re.compile(r"[\w @.:()–-]*")
_LINE: Final = 75  # octets, RFC 5545 §3.1


def calendar_entry(entry: CalendarEntry) -> Enclosure:
    """Make the half hour before the deadline an appointment that leaves the day free, with an alarm a day before.

    The same entry gives the same bytes. A URL that holds the marker of a personal link is left out: calendars are
    shared with colleagues and phones, and a personal link is not. Raises ValueError when a time is naive.
    """
    content = "".join(f"{line}\r\n" for line in _lines(entry)).encode()
    return Enclosure(name=NAME, media_type=f"text/calendar; method={METHOD}; charset=utf-8", content=content)


def _lines(entry: CalendarEntry) -> Iterator[str]:
    """What never varies stands here; what varies is escaped and folded by the library, a line at a time.

    Its Calendar and Event give the same bytes (tests/adapters/mail/test_ics.py), five times slower.
    """
    due = _utc(entry.due_at)
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tertial//SV", "CALSCALE:GREGORIAN", f"METHOD:{METHOD}")
    yield "BEGIN:VEVENT"
    yield _text("SUMMARY", entry.summary)
    yield from (f"DTSTART:{_moment(due - _LENGTH)}", f"DTEND:{_moment(due)}", f"DTSTAMP:{_moment(_utc(entry.stamp))}")
    yield _text("UID", entry.uid)
    yield f"SEQUENCE:{entry.sequence:d}"
    yield _text("DESCRIPTION", entry.description)
    yield _organizer(entry.organizer_email, entry.organizer_name)
    yield "TRANSP:TRANSPARENT"
    if entry.url and LINK_SECRET not in entry.url:
        yield _address(entry.url)
    yield from (
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        _text("DESCRIPTION", entry.summary),
        "TRIGGER:-P1D",
        "END:VALARM",
    )
    yield from ("END:VEVENT", "END:VCALENDAR")


def _text(name: str, value: str) -> str:
    """The library takes 20 µs for a line in which there is nothing to escape or fold."""
    line = f"{name}:{value}"
    if _PLAIN.fullmatch(value) and len(line.encode()) <= _LINE:
        return line
    return _line(name, vText(value))


def _line(name: str, value: vText | vUri | vCalAddress, parameters: Parameters = _NONE) -> str:
    folded: bytes = Contentline.from_parts(name, parameters, value).to_ical()
    return folded.decode()


@lru_cache(maxsize=8)
def _address(url: str) -> str:
    return _line("URL", vUri(url))


@lru_cache(maxsize=8)
def _organizer(email: str, name: str) -> str:
    organizer = vCalAddress(f"mailto:{email}")
    organizer.params["CN"] = name
    return _line("ORGANIZER", organizer, organizer.params)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a calendar entry needs times with a zone")
    return moment.astimezone(UTC)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"
