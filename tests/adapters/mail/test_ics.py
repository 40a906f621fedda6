"""The deadline in a calendar: it stays one appointment, and it asks nobody to reply."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import icalendar
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workflow.adapters.mail.ics import calendar_entry
from workflow.ports import LINK_SECRET, CalendarEntry

DUE = datetime(2027, 5, 19, 16, 0, tzinfo=timezone(timedelta(hours=2)))
ENTRY = CalendarEntry(
    uid="2027-T1.sdn-haa@stadsledningskontoret.example",
    sequence=0,
    summary="Sista dag: lämna underlag om näringsliv, tertialrapport 1 2027; Hägersten-Älvsjö stadsdelsnämnd",
    description="Lämnas senast onsdag 19 maj 2027 kl. 16.00.\nLänken finns i mejlet.",
    url="https://tertial.example/",
    due_at=DUE,
    stamp=datetime(2027, 5, 3, 6, 30, tzinfo=UTC),
    organizer_name="Uppföljning näringsliv, Stockholms stad",
    organizer_email="naringsliv@stadsledningskontoret.example",
)


words = st.text(max_size=200) | st.text("aÅöé漢0 .@:()–-_", max_size=90)  # the second: mostly nothing to escape
moments = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))]), min_value=datetime(2000, 1, 1))  # noqa: DTZ001 - a bound
entries = st.builds(
    CalendarEntry,
    uid=words.filter(bool),
    sequence=st.integers(0, 99),
    summary=words,
    description=words,
    url=st.sampled_from(("", "https://tertial.example/", f"https://tertial.example/l/{LINK_SECRET}")),
    due_at=moments,
    stamp=moments,
    organizer_name=words,
    organizer_email=st.just("naringsliv@stadsledningskontoret.example"),
)


def by_library(entry: CalendarEntry) -> bytes:
    """The whole calendar by the library's components: the measure of our lines."""
    calendar = icalendar.Calendar()
    for name, value in {"prodid": "-//Tertial//SV", "version": "2.0", "calscale": "GREGORIAN"}.items():
        calendar.add(name, value)
    calendar.add("method", "PUBLISH")
    event, alarm = icalendar.Event(), icalendar.Alarm()
    due = entry.due_at.astimezone(UTC)
    organizer = icalendar.vCalAddress(f"mailto:{entry.organizer_email}")
    organizer.params["CN"] = entry.organizer_name
    for name, value in {"uid": entry.uid, "summary": entry.summary, "description": entry.description}.items():
        event.add(name, value)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.stamp.astimezone(UTC))
    event.add("dtstart", due - timedelta(minutes=30))
    event.add("dtend", due)
    if entry.url and LINK_SECRET not in entry.url:
        event.add("url", entry.url)
    event.add("organizer", organizer)
    event.add("transp", "TRANSPARENT")
    alarm.add("action", "DISPLAY")
    alarm.add("description", entry.summary)
    alarm.add("trigger", timedelta(days=-1))
    event.add_component(alarm)
    calendar.add_component(event)
    whole: bytes = calendar.to_ical()
    return whole


@given(entry=entries)
@settings(max_examples=150, deadline=None)
@example(ENTRY)
def test_the_bytes_are_those_of_the_librarys_own_components(entry: CalendarEntry) -> None:
    assert calendar_entry(entry).content == by_library(entry)


def event(entry: CalendarEntry) -> icalendar.Event:
    calendar = icalendar.Calendar.from_ical(calendar_entry(entry).content)
    assert isinstance(calendar, icalendar.Calendar)
    (found,) = calendar.events
    return found


def test_the_half_hour_before_the_deadline_in_utc() -> None:
    found = event(ENTRY)
    assert found.start == datetime(2027, 5, 19, 13, 30, tzinfo=UTC)
    assert found.end == datetime(2027, 5, 19, 14, 0, tzinfo=UTC)
    assert b"DTEND:20270519T140000Z" in calendar_entry(ENTRY).content


def test_words_come_through_whole() -> None:
    found = event(ENTRY)
    assert str(found["summary"]) == ENTRY.summary
    assert str(found["description"]) == ENTRY.description
    assert found["organizer"] == "mailto:naringsliv@stadsledningskontoret.example"
    assert found["organizer"].params["CN"] == ENTRY.organizer_name
    assert str(found["url"]) == ENTRY.url


def test_it_publishes_and_leaves_the_day_free() -> None:
    enclosure = calendar_entry(ENTRY)
    assert (enclosure.name, enclosure.media_type) == (
        "sista-dag.ics",
        "text/calendar; method=PUBLISH; charset=utf-8",
    )
    assert b"\r\nMETHOD:PUBLISH\r\n" in enclosure.content
    assert b"ATTENDEE" not in enclosure.content
    assert b"\r\nTRANSP:TRANSPARENT\r\n" in enclosure.content


def test_it_reminds_one_day_before() -> None:
    (alarm,) = event(ENTRY).alarms.times
    assert alarm.trigger == datetime(2027, 5, 18, 13, 30, tzinfo=UTC)


def test_a_moved_deadline_moves_the_same_appointment() -> None:
    first = event(ENTRY)
    moved = event(replace(ENTRY, sequence=1, due_at=DUE + timedelta(days=7)))
    assert moved["uid"] == first["uid"]
    assert (first["sequence"], moved["sequence"]) == (0, 1)
    assert moved.start - first.start == timedelta(days=7)


def test_a_personal_link_never_reaches_a_shared_calendar() -> None:
    enclosure = calendar_entry(replace(ENTRY, url=f"https://tertial.example/l/k.{LINK_SECRET}"))
    assert b"\r\nURL" not in enclosure.content
    assert LINK_SECRET.encode() not in enclosure.content


def test_the_same_entry_gives_the_same_bytes_in_short_lines() -> None:
    content = calendar_entry(ENTRY).content
    assert content == calendar_entry(replace(ENTRY, due_at=DUE.astimezone(UTC))).content
    assert content.endswith(b"\r\n")
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))


def test_line_breaks_in_words_add_no_property() -> None:
    found = event(replace(ENTRY, summary="A\r\nATTENDEE:mailto:x@evil.example", organizer_name='B"\r\nX-EVIL:1'))
    assert "attendee" not in found
    assert "x-evil" not in found


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        calendar_entry(replace(ENTRY, due_at=datetime(2027, 5, 19, 16, 0)))  # noqa: DTZ001 - the fault under test
