"""Rounds that should have opened but that nobody has confirmed: what stands on top of the coordinators' pages."""

from dataclasses import dataclass
from datetime import datetime

from workflow.domain.errors import ConfigError
from workflow.domain.unconfirmed import Unconfirmed, unconfirmed
from workflow.services.rounds import all_rounds
from workflow.web.office import Office


@dataclass(frozen=True, slots=True)
class InVain:
    """One such round: planned and held, or still only in the calendar file."""

    title: str
    opens_at: datetime
    dates: str
    opening: str = ""


def in_vain(desk: Office) -> tuple[InVain, ...]:
    """The oldest first. A calendar that cannot be read hides nothing that is in the database."""
    try:
        plans = desk.house.plans()
    except ConfigError:
        plans = None
    now = desk.now()
    waiting = unconfirmed(all_rounds(desk.house.db), plans, now)
    return tuple(_shown(each, desk.language) for each in waiting if each.opens_at <= now)


def _shown(each: Unconfirmed, language: str) -> InVain:
    title = each.title(language)
    if each.is_planned:
        return InVain(title, each.opens_at, f"/omgang/{each.id}", f"/omgang/{each.id}/oppna")
    return InVain(title, each.opens_at, f"/omgangar/ny?plan={each.id}")
