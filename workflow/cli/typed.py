"""Times, rounds and kinds of unit as people type them on a command line, and times as they are shown there."""

from collections.abc import Iterable
from datetime import date, datetime, time

import typer

from workflow.domain import datewords
from workflow.domain.calendar import Calendar, swedish_calendar
from workflow.domain.errors import RefusedError
from workflow.domain.people import UnitKind
from workflow.web.typed_time import TypedTime, read_day

OPENS_AT, ENDS_AT = "08:00", "16:00"
"""The clock meant by a date alone: rounds open in the morning and end in the afternoon."""


def instant(text: str, *, clock: str = ENDS_AT) -> datetime:
    """Read "2027-05-19", "2027-05-19 16:00" (what the clocks in the city show) or an instant with its zone.

    Raises RefusedError saying what cannot be read.
    """
    try:
        whole = datetime.fromisoformat(text.strip())
    except ValueError:
        whole = None
    if whole is not None and whole.tzinfo is not None:
        return whole
    day, _, at = text.strip().replace("T", " ").partition(" ")
    at = at.removesuffix(":00") if at.count(":") > 1 else at
    return TypedTime(day, at.strip() or clock).instant(swedish_calendar())


def usage_instant(text: str, option: str, *, clock: str = ENDS_AT) -> datetime:
    """As `instant`; what cannot be read is a wrong use of the option."""
    try:
        return instant(text, clock=clock)
    except RefusedError as error:
        raise typer.BadParameter(
            f"{text!r} is no time. Write 2027-05-19, '2027-05-19 16:00' or an ISO 8601 instant.", param_hint=option
        ) from error


def usage_day(text: str, option: str) -> date:
    try:
        return read_day(text)
    except RefusedError as error:
        raise typer.BadParameter(f"{text!r} is no date. Write 2027-05-19.", param_hint=option) from error


def shown(at: datetime) -> str:
    """The local time with its weekday, as in Wed 2027-05-19 16:00."""
    local = swedish_calendar().local(at)
    return f"{_weekday(local)} {local:%Y-%m-%d %H:%M}"


def shown_due(at: datetime) -> str:
    """The local time of a deadline: midnight is 24:00 of the day it ends."""
    calendar = swedish_calendar()
    local = calendar.local(at)
    last = calendar.last_day(at)
    return f"{_weekday(last)} {last} 24:00" if local.time() == time.min else shown(at)


def shown_week(at: datetime) -> str:
    """`shown_due` with the week: Wed 2027-05-19 16:00, week 20."""
    return f"{shown_due(at)}, {datewords.week(swedish_calendar().last_day(at), 'en')}"


def _weekday(d: date) -> str:
    return datewords.short_day(d, "en").partition(" ")[0]


def due_warnings(calendar: Calendar, due: datetime) -> list[str]:
    """What speaks against a last day, in sentences."""
    return [datewords.warning(each, "en") for each in calendar.due_warnings(due)]


def round_named(text: str) -> str:
    """2027-t1 means 2027-T1."""
    return text.strip().upper()


def unit_named(text: str) -> str:
    return text.strip().lower()


def pairs(given: Iterable[str], option: str, what: str) -> dict[str, str]:
    """Read KEY=VALUE, any number of them."""
    found: dict[str, str] = {}
    for each in given:
        key, sign, value = each.partition("=")
        if not sign or not key.strip():
            raise typer.BadParameter(f"{each!r} should be {what}.", param_hint=option)
        found[key.strip()] = value.strip()
    return found


def dues(given: Iterable[str], kinds: Iterable[UnitKind]) -> dict[UnitKind, datetime]:
    """--due 2027-05-19 is for all `kinds`; --due bolag=2027-05-26 for one kind, whatever stands before it."""
    common = [each for each in given if "=" not in each]
    own = pairs((each for each in given if "=" in each), "--due", "WHEN or KIND=WHEN")
    found = {kind: usage_instant(common[-1], "--due") for kind in kinds} if common else {}
    for kind, when in own.items():
        if kind not in set(UnitKind):
            raise typer.BadParameter(f"There is no kind {kind!r}: {', '.join(UnitKind)}.", param_hint="--due")
        found[UnitKind(kind)] = usage_instant(when, "--due")
    return found
