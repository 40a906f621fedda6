"""The last day as a calendar file: one appointment that moves when the deadline moves (RFC 5545)."""

from datetime import UTC, timedelta
from typing import Final

from icalendar import Alarm, Calendar, Event, vCalAddress

from workflow.domain.messages import Enclosure
from workflow.ports import LINK_SECRET, CalendarEntry

# PUBLISH (RFC 5546 §3.2.1) tells of a date. REQUEST would be an invitation to a meeting: calendars would ask the
# reader to accept or decline, and mail each answer to the coordinators.
METHOD: Final = "PUBLISH"
NAME: Final = "sista-dag.ics"
_LENGTH: Final = timedelta(minutes=30)
_ALARM_BEFORE: Final = timedelta(days=1)


def calendar_entry(entry: CalendarEntry) -> Enclosure:
    """Make the half hour before the deadline an appointment that leaves the day free, with an alarm a day before.

    The same entry gives the same bytes. A URL that holds the marker of a personal link is left out: calendars are
    shared with colleagues and phones, and a personal link is not. Raises ValueError when a time is naive.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Tertial//SV")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", METHOD)
    calendar.add_component(_event(entry))
    return Enclosure(name=NAME, media_type=f"text/calendar; method={METHOD}; charset=utf-8", content=calendar.to_ical())


def _event(entry: CalendarEntry) -> Event:
    if entry.due_at.tzinfo is None or entry.stamp.tzinfo is None:
        raise ValueError("a calendar entry needs times with a zone")
    due = entry.due_at.astimezone(UTC)
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.stamp.astimezone(UTC))
    event.add("dtstart", due - _LENGTH)
    event.add("dtend", due)
    event.add("summary", entry.summary)
    event.add("description", entry.description)
    if entry.url and LINK_SECRET not in entry.url:
        event.add("url", entry.url)
    event.add("organizer", _organizer(entry))
    event.add("transp", "TRANSPARENT")
    event.add_component(_alarm(entry))
    return event


def _organizer(entry: CalendarEntry) -> vCalAddress:
    organizer = vCalAddress(f"mailto:{entry.organizer_email}")
    organizer.params["CN"] = entry.organizer_name
    return organizer


def _alarm(entry: CalendarEntry) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", entry.summary)
    alarm.add("trigger", -_ALARM_BEFORE)
    return alarm
