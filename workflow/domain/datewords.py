"""Dates, times and spans as people read them, in Swedish ("sv") and English ("en").

Months, weekdays and word order are those of CLDR (a test compares every day); the forms are those the pages use:
weekday, date and clock, time left in working days. Swedish words begin small, see `at_start`.
An unknown language raises ValueError, and so does a naive datetime.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from workflow.domain.calendar import STOCKHOLM, Calendar, DeadlineWarning, WarningReason, iso_week, last_day, local_time
from workflow.domain.freedays import ENGLISH_NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    weekdays: tuple[str, ...]
    short_weekdays: tuple[str, ...]
    months: tuple[str, ...]
    clock: str
    at: str
    near: Mapping[int, str]  # days from today
    week: str
    working_day: tuple[str, str]  # one, several
    any_day: tuple[str, str]
    left: str
    late: str
    warnings: Mapping[WarningReason, str]
    free_days: Mapping[str, str]  # other names than the Swedish ones


_SWEDISH = _Words(
    weekdays=("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"),
    short_weekdays=("mån", "tis", "ons", "tors", "fre", "lör", "sön"),
    months=(
        "januari",
        "februari",
        "mars",
        "april",
        "maj",
        "juni",
        "juli",
        "augusti",
        "september",
        "oktober",
        "november",
        "december",
    ),
    clock="%H.%M",
    at="kl.",
    near={-1: "i går", 0: "i dag", 1: "i morgon"},
    week="v.",
    working_day=("arbetsdag", "arbetsdagar"),
    any_day=("dag", "dagar"),
    left="kvar",
    late="försenat",
    warnings={
        WarningReason.FREE_DAY: "{day} är en ledig dag ({name})",
        WarningReason.WEEKEND: "{day} är ingen arbetsdag",
        WarningReason.BRIDGE_DAY: "{day} är en klämdag",
        WarningReason.BEFORE_FREE_DAY: "{day} är dagen före en ledig dag ({name})",
        WarningReason.CHRISTMAS: "{day} är en mellandag, och då är många lediga",
        WarningReason.QUIET: "{day} ligger i en period då inga mejl skickas ({name})",
        WarningReason.JULY: "{day} ligger i juli, när många har semester",
        WarningReason.OUTSIDE_HOURS: "{day} är kontorstiden {name}, och klockslaget ligger utanför den",
    },
    free_days={},
)

_ENGLISH = _Words(
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    short_weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    clock="%H:%M",
    at="at",
    near={-1: "yesterday", 0: "today", 1: "tomorrow"},
    week="week",
    working_day=("working day", "working days"),
    any_day=("day", "days"),
    left="left",
    late="late",
    warnings={
        WarningReason.FREE_DAY: "{day} is a free day ({name})",
        WarningReason.WEEKEND: "{day} is not a working day",
        WarningReason.BRIDGE_DAY: "{day} is a bridge day between free days",
        WarningReason.BEFORE_FREE_DAY: "{day} is the day before a free day ({name})",
        WarningReason.CHRISTMAS: "{day} is between Christmas and New Year, when many are away",
        WarningReason.QUIET: "{day} is in a period in which no mail is sent ({name})",
        WarningReason.JULY: "{day} is in July, when many are on holiday",
        WarningReason.OUTSIDE_HOURS: "{day} has office hours {name}, and the time is outside them",
    },
    free_days=ENGLISH_NAMES,
)

_LANGUAGES = {"sv": _SWEDISH, "en": _ENGLISH}


def day(d: date, lang: str, *, year: bool = False) -> str:
    """`fredag 28 maj`, with `year` `fredag 28 maj 2027`."""
    return _dated(_words(lang).weekdays, d, lang, year=year)


def short_day(d: date, lang: str, *, year: bool = False) -> str:
    """For tables: `fre 28 maj`."""
    return _dated(_words(lang).short_weekdays, d, lang, year=year)


def clock(instant: datetime, lang: str, zone: ZoneInfo = STOCKHOLM) -> str:
    """`16.00`; English `16:00`."""
    return local_time(instant, zone).strftime(_words(lang).clock)


def moment(instant: datetime, lang: str, zone: ZoneInfo = STOCKHOLM, *, year: bool = True) -> str:
    """`fredag 28 maj 2027 kl. 16.00`."""
    return f"{day(local_time(instant, zone), lang, year=year)} {_words(lang).at} {clock(instant, lang, zone)}"


def moment_short(instant: datetime, lang: str, zone: ZoneInfo = STOCKHOLM, *, year: bool = False) -> str:
    """For tables: `fre 28 maj`, the local day of an instant."""
    return short_day(local_time(instant, zone), lang, year=year)


def due_moment(due: datetime, lang: str, zone: ZoneInfo = STOCKHOLM, *, year: bool = True) -> str:
    """As `moment`, but a due time of midnight is `kl. 24.00` of the day it ends."""
    return f"{day(last_day(due, zone), lang, year=year)} {_words(lang).at} {due_clock(due, lang, zone)}"


def due_clock(due: datetime, lang: str, zone: ZoneInfo = STOCKHOLM) -> str:
    """As `clock`, but a due time of midnight is `24.00`."""
    midnight = local_time(due, zone).time() == time.min
    return _words(lang).clock.replace("%H", "24").replace("%M", "00") if midnight else clock(due, lang, zone)


def relative(instant: datetime, now: datetime, lang: str, zone: ZoneInfo = STOCKHOLM) -> str:
    """In sentences: `i dag kl. 16.00`, `i går kl. …`, `i morgon kl. …`, else as `moment` (year only if another)."""
    near = _near(instant, now, lang, zone)
    if near:
        return f"{near} {_words(lang).at} {clock(instant, lang, zone)}"
    return moment(instant, lang, zone, year=_other_year(instant, now, zone))


def relative_short(instant: datetime, now: datetime, lang: str, zone: ZoneInfo = STOCKHOLM) -> str:
    """For tables: `i dag 10.00`, `i går 10.00`, `i morgon 10.00`, else `fre 28 maj` (year only if another)."""
    near = _near(instant, now, lang, zone)
    if near:
        return f"{near} {clock(instant, lang, zone)}"
    return moment_short(instant, lang, zone, year=_other_year(instant, now, zone))


def working_days(n: int, lang: str) -> str:
    """`1 arbetsdag`, `3 arbetsdagar`."""
    return _counted(n, _words(lang).working_day)


def days_until(last: date, today: date, calendar: Calendar, lang: str) -> str:
    """`4 arbetsdagar`; where a weekend is all that is left, `2 dagar`."""
    left = calendar.working_days_between(today, last)
    return working_days(left, lang) if left else _counted((last - today).days, _words(lang).any_day)


def _counted(n: int, words: tuple[str, str]) -> str:
    one, several = words
    return f"{n} {one if n == 1 else several}"


def late_words(n: int, lang: str) -> str:
    """Fill the column "Försenad": `3 arbetsdagar`; empty when nothing is late."""
    return working_days(n, lang) if n > 0 else ""


def time_left(due: datetime, now: datetime, calendar: Calendar, lang: str) -> str:
    """`4 arbetsdagar kvar`; on the last day `i dag kl. 16.00`; afterwards `3 arbetsdagar försenat`.

    With no working day left (it is Saturday, due on Sunday) the time itself: `i morgon kl. 16.00`.
    """
    words = _words(lang)
    late = calendar.days_late(due, now)
    if late:
        return f"{working_days(late, lang)} {words.late}"
    last = calendar.last_day(due)
    today = min(calendar.local(now).date(), last)  # at the stroke of midnight both days are true
    left = calendar.working_days_between(today, last)
    if left:
        return f"{working_days(left, lang)} {words.left}"
    return f"{words.near.get((last - today).days) or day(last, lang)} {words.at} {due_clock(due, lang, calendar.zone)}"


def period(start: date, end: date, lang: str) -> str:
    """First to last day: `1 januari–30 april 2027`, `1–30 april 2027`, `1 april 2027`."""
    _check_order(start, end)
    months = _words(lang).months
    last = f"{end.day} {months[end.month - 1]} {end.year}"
    if start == end:
        return last
    if start.year != end.year:
        return f"{start.day} {months[start.month - 1]} {start.year}–{last}"
    return f"{start.day}–{last}" if start.month == end.month else f"{start.day} {months[start.month - 1]}–{last}"


def months(start: date, end: date, lang: str, *, year: bool = False) -> str:
    """`januari–april`, `april`; with `year`, or over New Year, `november 2026–januari 2027`."""
    _check_order(start, end)
    names = _words(lang).months
    first, last = names[start.month - 1], names[end.month - 1]
    if start.year != end.year:
        return f"{first} {start.year}–{last} {end.year}"
    span = first if start.month == end.month else f"{first}–{last}"
    return f"{span} {end.year}" if year else span


def week(d: date, lang: str) -> str:
    """`v. 53`, by ISO 8601."""
    return f"{_words(lang).week} {iso_week(d)[1]}"


def warning(found: DeadlineWarning, lang: str) -> str:
    """`fredag 7 maj 2027 är en klämdag`; no full stop. A name the site entered itself stands as it is."""
    words = _words(lang)
    names = ", ".join(words.free_days.get(name, name) for name in found.name.split(", "))
    if found.reason is WarningReason.OUTSIDE_HOURS:
        names = names.replace(":", words.clock[2])
    return words.warnings[found.reason].format(day=day(found.day, lang, year=True), name=names)


def at_start(words: str) -> str:
    """Begin a sentence: `Fredag 28 maj` (str.capitalize would spoil `Friday 28 May`)."""
    return words[:1].upper() + words[1:]


def _words(lang: str) -> _Words:
    found = _LANGUAGES.get(lang)
    if found is None:
        raise ValueError(f"no words in the language {lang!r}; there are: {', '.join(_LANGUAGES)}")
    return found


def _dated(weekdays: tuple[str, ...], d: date, lang: str, *, year: bool) -> str:
    words = f"{weekdays[d.weekday()]} {d.day} {_words(lang).months[d.month - 1]}"
    return f"{words} {d.year}" if year else words


def _near(instant: datetime, now: datetime, lang: str, zone: ZoneInfo) -> str:
    away = local_time(instant, zone).date() - local_time(now, zone).date()
    return _words(lang).near.get(away.days, "")


def _other_year(instant: datetime, now: datetime, zone: ZoneInfo) -> bool:
    return local_time(instant, zone).year != local_time(now, zone).year


def _check_order(start: date, end: date) -> None:
    if end < start:
        raise ValueError(f"a period cannot end ({end}) before it starts ({start})")
