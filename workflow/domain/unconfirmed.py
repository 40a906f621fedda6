"""Rounds that open only when a person says so: planned and held, or still only in the calendar file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.domain.plans import RoundPlan, RoundPlans
from workflow.domain.rounds import Round, RoundState


@dataclass(frozen=True, slots=True, kw_only=True)
class Unconfirmed:
    """One such round. `is_planned` says that it stands in the database, and not only in rounds.toml."""

    id: str
    titles: tuple[str, str]
    opens_at: datetime
    is_planned: bool

    def title(self, language: str) -> str:
        return self.titles[language != "sv"]


def unconfirmed(there: Sequence[Round], plans: RoundPlans | None, now: datetime) -> tuple[Unconfirmed, ...]:
    """All whose closing is to come, the first to open first. `plans` None: a calendar file that cannot be read."""
    held = [
        Unconfirmed(id=each.id, titles=(each.title("sv"), each.title("en")), opens_at=each.opens_at, is_planned=True)
        for each in there
        if each.is_held and now < each.closes_at
    ]
    return tuple(sorted([*held, *_forgotten(there, plans, now)], key=lambda each: each.opens_at))


def unused(plans: Sequence[RoundPlan], there: Sequence[Round], now: datetime) -> tuple[RoundPlan, ...]:
    """The calendar's rounds whose place is free and whose time is not past; a cancelled one has left its place."""
    taken = {each.id for each in there if each.state is not RoundState.CANCELLED}
    return tuple(each for each in plans if each.id not in taken and each.closes_at > now)


def _forgotten(there: Sequence[Round], plans: RoundPlans | None, now: datetime) -> list[Unconfirmed]:
    """Without those that somebody has called off: nobody needs to be reminded of what was decided."""
    if plans is None:
        return []
    known = {each.id for each in there}
    waiting = (each for each in unused(plans.rounds, there, now) if not each.confirmed and each.id not in known)
    return [
        Unconfirmed(
            id=each.id,
            titles=(_title(each, plans, "sv"), _title(each, plans, "en")),
            opens_at=each.opens_at,
            is_planned=False,
        )
        for each in waiting
    ]


def _title(plan: RoundPlan, plans: RoundPlans, language: str) -> str:
    return plans.period(plan.period).name(plan.year, language)
