"""The day that somebody asks for in a mail, in Swedish or English: a proposal for a coordinator, never a decision."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

_FARTHEST: Final = timedelta(days=400)
_LONGEST: Final = 4_000  # characters; whoever asks for time does so at the beginning

_WEEKDAYS: Final = (
    ("måndag", "monday"),
    ("tisdag", "tuesday"),
    ("onsdag", "wednesday"),
    ("torsdag", "thursday"),
    ("fredag", "friday"),
    ("lördag", "saturday"),
    ("söndag", "sunday"),
)
_MONTHS: Final = (
    ("januari", "january", "jan"),
    ("februari", "february", "feb"),
    ("mars", "march", "mar"),
    ("april", "apr"),
    ("maj", "may"),
    ("juni", "june", "jun"),
    ("juli", "july", "jul"),
    ("augusti", "august", "aug"),
    ("september", "sept", "sep"),
    ("oktober", "october", "okt", "oct"),
    ("november", "nov"),
    ("december", "dec"),
)
_NUMBERS: Final = {
    word: number
    for number, words in enumerate(
        (("en", "ett", "a", "an", "one"), ("två", "two", "ett par", "a couple of"), ("tre", "three"), ("fyra", "four")),
        start=1,
    )
    for word in words
}


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_WEEKDAY: Final = {word: number for number, words in enumerate(_WEEKDAYS) for word in words}
_MONTH: Final = {word: number for number, words in enumerate(_MONTHS, start=1) for word in words}
_UNTIL: Final = r"(?:till?(?: och med)?|t\. ?o\. ?m\.?|t o m|tom|senast|until|by|before|through)"
_ASKED: Final = re.compile(
    r"\b(?:"
    r"(?P<year>20\d\d)-(?P<iso_month>\d\d)-(?P<iso_day>\d\d)"
    rf"|(?P<day>\d{{1,2}})(?::?[ae]|st|nd|rd|th)?\.? (?:of )?(?P<month>{_any(_MONTH)})\b\.?(?: (?P<its_year>20\d\d))?"
    rf"|(?P<en_month>{_any(_MONTH)}) (?P<en_day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<en_year>20\d\d))?"
    r"|(?P<slash_day>\d{1,2})/(?P<slash_month>\d{1,2})(?![/\d])"
    rf"|{_UNTIL} (?:(?P<next>nästa|next) |(?:nu|på|on|this|kommande) )?"
    rf"(?P<weekday>{_any(_WEEKDAY)})(?:en)?\b(?! (?:den |the )?\d)"
    rf"|{_UNTIL} (?P<near>i ?morgon|i ?övermorgon|tomorrow)\b"
    rf"|(?P<count>\d{{1,2}}|{_any(_NUMBERS)}) (?P<more>extra |more )?(?P<unit>veckor|vecka|weeks?|dagar|dag|days?)"
    r"(?P<longer> (?:till|extra|längre|mer|more|longer)\b)?"
    r")"
)


def asked_day(text: str, *, today: date, last_day: date) -> date | None:
    """The first day in the text that would give more time: after `last_day` and after today, within some 400 days.

    A weekday is the next one after today; a day and a month without a year come next; "a week more" counts from the
    last day, or from today if that is over. None when no such day is named.
    """
    said = " ".join(text[:_LONGEST].casefold().split())
    start = max(today, last_day)
    found = (day for each in _ASKED.finditer(said) for day in _days(each, today, start))
    return next((day for day in found if start < day <= today + _FARTHEST), None)


def _days(found: re.Match[str], today: date, start: date) -> Iterator[date]:
    said = {name: value for name, value in found.groupdict().items() if value}
    if "weekday" in said:
        yield _weekday(_WEEKDAY[said["weekday"]], today, is_next="next" in said)
    elif "near" in said:
        yield today + timedelta(days=2 if "över" in said["near"] else 1)
    elif "unit" in said:
        if "more" in said or "longer" in said:
            yield start + _span(said["count"], said["unit"])
    else:
        yield from _dated(said, today)


def _dated(said: dict[str, str], today: date) -> Iterator[date]:
    """Without a year: the first that is not before today. What is no date gives nothing."""
    day = next(said[name] for name in ("iso_day", "day", "en_day", "slash_day") if name in said)
    named = said.get("month") or said.get("en_month") or ""
    month = _MONTH.get(named) or int(said.get("iso_month") or said.get("slash_month") or 0)
    year = said.get("year") or said.get("its_year") or said.get("en_year")
    for each in (int(year),) if year else (today.year, today.year + 1):
        try:
            dated = date(each, month, int(day))
        except ValueError:
            continue
        if year or dated >= today:
            yield dated
            return


def _weekday(wanted: int, today: date, *, is_next: bool) -> date:
    """The next one after today; "next Friday" is that of next week."""
    if is_next:
        return today - timedelta(days=today.weekday()) + timedelta(days=7 + wanted)
    return today + timedelta(days=(wanted - today.weekday() - 1) % 7 + 1)


def _span(count: str, unit: str) -> timedelta:
    number = int(count) if count.isdigit() else _NUMBERS[count]
    return timedelta(weeks=number) if unit.startswith(("v", "w")) else timedelta(days=number)
