"""The table [details] of rounds.toml: when everybody in the register is asked whether it is right about them."""

from datetime import date

from workflow.adapters import configfaults as faults
from workflow.adapters.tomltables import Table
from workflow.domain.calendar import Calendar
from workflow.domain.details import LINK_LIFE, DetailsPolicy
from workflow.domain.phrases import say

_COMMON_YEAR = 2027  # without 29 February: a date that each year has


def read_details(top: Table, calendar: Calendar) -> DetailsPolicy:
    """What is left out is as shipped; a fault is noted with its line."""
    shipped = DetailsPolicy()
    if not top.has("details"):
        return shipped
    table = top.table("details")
    table.only("send", "date", "at", "remind_after")
    day = _day(table) if table.has("date") else None
    at = table.clock("at") if table.has("at") else shipped.at
    opens, closes = calendar.window
    if not opens <= at < closes:
        what = say(faults.OUTSIDE_WINDOW, value=f"{at:%H:%M}")
        table.fault("at", what, say(faults.WINDOW, opens=f"{opens:%H:%M}", closes=f"{closes:%H:%M}"))
    return DetailsPolicy(
        sends=table.flag("send", default=shipped.sends),
        month=day.month if day else shipped.month,
        day=day.day if day else shipped.day,
        at=at,
        remind_after=table.number("remind_after", 0, LINK_LIFE.days - 1, default=shipped.remind_after),
    )


def _day(table: Table) -> date | None:
    typed = table.text("date")
    try:
        return date.fromisoformat(f"{_COMMON_YEAR}-{typed}") if typed else None
    except ValueError:
        what = say(faults.BAD_DATE, value=typed, key="date")
        table.fault("date", what, say(faults.WANTED, wanted=say(faults.A_DAY_OF_THE_YEAR)))
        return None
