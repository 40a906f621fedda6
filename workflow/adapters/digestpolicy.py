"""The table [digest] of rounds.toml: when the coordinators have their mail, and when of reviews that wait."""

from datetime import time

from workflow.adapters import configfaults as faults
from workflow.adapters.tomltables import Table
from workflow.domain.calendar import Calendar
from workflow.domain.digest import DigestPolicy
from workflow.domain.phrases import say

LONGEST_WAIT = 60  # working days


def read_digest(top: Table, calendar: Calendar) -> DigestPolicy:
    """What is left out is as shipped; a fault is noted with its line."""
    shipped = DigestPolicy()
    if not top.has("digest"):
        return shipped
    table = top.table("digest")
    table.only("send", "at", "review_after", "review_every")
    return DigestPolicy(
        sends=table.flag("send", default=shipped.sends),
        at=_at(table, calendar) if table.has("at") else shipped.at,
        review_after=table.number("review_after", 0, LONGEST_WAIT, default=shipped.review_after),
        review_every=table.number("review_every", 0, LONGEST_WAIT, default=shipped.review_every),
    )


def _at(table: Table, calendar: Calendar) -> time:
    at = table.clock("at")
    opens, closes = calendar.window
    if not opens <= at < closes:
        what = say(faults.OUTSIDE_WINDOW, value=f"{at:%H:%M}")
        table.fault("at", what, say(faults.WINDOW, opens=f"{opens:%H:%M}", closes=f"{closes:%H:%M}"))
    return at
