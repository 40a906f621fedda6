"""`tertial calendar YEAR`: every Monday to Friday that is not like the others, and why."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated

import typer

from workflow.adapters.calendars import load_calendar
from workflow.adapters.roundplans import load_round_plans
from workflow.cli import later
from workflow.cli.output import AsJson, Record, field, listing, result
from workflow.cli.shell import Shell, command
from workflow.domain import datewords
from workflow.domain.calendar import Calendar, Hours, is_christmas_week, swedish_calendar
from workflow.domain.details import occasion
from workflow.domain.freedays import ENGLISH_NAMES
from workflow.resources import Resources
from workflow.services.details import everybody

app = typer.Typer()

COLUMNS = (
    field("day", "day"),
    field("week", "week"),
    field("is", "what"),
    field("name", "name"),
    field("mail", "mail"),
)
_FRIDAY = 4


@command(app, "calendar")
def calendar(
    shell: Shell,
    year: Annotated[int, typer.Argument(metavar="YEAR", min=1900, max=2999)],
    *,
    json: AsJson = False,
) -> None:
    """The year's free days, klämdagar, quiet days and days with own hours, as config/calendar.toml makes them."""
    settings = shell.settings()
    file = Resources(settings.config_dir, settings.templates_dir).config("calendar.toml")
    found = load_calendar(file, swedish_calendar())
    rows = [*(row for day in _days(year) if (row := _row(found, day))), *_yearly(shell, found, year)]
    rows.sort(key=lambda row: str(row["date"]))
    listing(rows, COLUMNS, json_too=json)
    if not json:
        working = sum(found.is_working_day(day) for day in _days(year))
        sending = sum(found.is_sending_day(day) for day in _days(year))
        result(f"{working} working days; mail leaves on {sending} of them, {_span(found.window)}.")


def _yearly(shell: Shell, among: Calendar, year: int) -> list[Record]:
    """When everybody in the register is asked whether it is right, and how many they are where there is a register."""
    settings = shell.settings()
    file = Resources(settings.config_dir, settings.templates_dir).config("rounds.toml")
    policy = load_round_plans(file, among).details
    if not policy.sends or (among.years is not None and year not in among.years):
        return []
    at = occasion(year, policy, among).asks_at
    day = among.local(at).date()
    return [
        {
            "date": day.isoformat(),
            "day": datewords.day(day, "en", year=True),
            "week": datewords.week(day, "en"),
            "what": "yearly question",
            "name": f"whether the register is right, to {_people(shell)}",
            "mail": f"from {among.local(at):%H:%M}",
        }
    ]


def _people(shell: Shell) -> str:
    if not later.migrate.is_current(shell.settings().database_url):
        return "everybody in it"
    with shell.house.db.read() as work:
        return f"{len(everybody(work, shell.house.calendar, shell.now()))} people of today's"


def _days(year: int) -> Iterator[date]:
    first = date(year, 1, 1)
    return (first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days))


def _row(among: Calendar, day: date) -> Record | None:
    """None for a weekend, and for a working day like the others."""
    name = among.free_days.get(day, "")
    if day.weekday() > _FRIDAY and not name:
        return None
    what = "free" if name else _odd(among, day)
    if not what:
        return None
    return {
        "date": day.isoformat(),
        "day": datewords.day(day, "en", year=True),
        "week": datewords.week(day, "en"),
        "what": what,
        "name": ENGLISH_NAMES.get(name, name) or among.quiet_days.get(day, ""),
        "mail": _span(among.hours(day)) if among.is_sending_day(day) else "none",
    }


def _odd(among: Calendar, day: date) -> str:
    if day in among.quiet_days:
        return "quiet"
    if is_christmas_week(day):
        return "between Christmas and New Year"
    if among.is_bridge_day(day):
        return "klämdag"
    return "own hours" if among.hours(day) != among.window else ""


def _span(hours: Hours) -> str:
    return f"{hours[0]:%H:%M}–{hours[1]:%H:%M}"
