"""Rounds that should have opened but that nobody has confirmed: what stands on top of the coordinators' pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.domain.errors import ConfigError
from workflow.domain.plans import RoundPlan
from workflow.domain.rounds import Round, RoundState
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
    now, there = desk.now(), all_rounds(desk.house.db)
    held = [
        InVain(each.title(desk.language), each.opens_at, f"/omgang/{each.id}", f"/omgang/{each.id}/oppna")
        for each in there
        if each.waits_in_vain(now)
    ]
    try:
        plans = desk.house.plans()
    except ConfigError:
        return tuple(held)
    titles = {each.id: plans.period(each.period).name(each.year, desk.language) for each in plans.rounds}
    forgotten = [
        InVain(titles[each.id], each.opens_at, f"/omgangar/ny?plan={each.id}")
        for each in unused(plans.rounds, [each for each in there if each.state is not RoundState.CANCELLED], now)
        if not each.confirmed and each.opens_at <= now and not _called_off(each, there)
    ]
    return tuple(sorted([*held, *forgotten], key=lambda each: each.opens_at))


def unused(plans: Sequence[RoundPlan], there: Sequence[Round], now: datetime) -> tuple[RoundPlan, ...]:
    """The calendar's rounds whose place is free and whose time is not past; a cancelled one has left its place."""
    taken = {each.id for each in there if each.state is not RoundState.CANCELLED}
    return tuple(each for each in plans if each.id not in taken and each.closes_at > now)


def _called_off(plan: RoundPlan, there: Sequence[Round]) -> bool:
    """Somebody has decided that it is not to be held: nothing to remind them of."""
    return any(each.id == plan.id for each in there)
