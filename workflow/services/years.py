"""A year's rounds planned at once, held ones confirmed, and those whose time came while nobody had."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from workflow.domain.audit import Event
from workflow.domain.calendar import Calendar
from workflow.domain.errors import NotFoundError, StaleWriteError
from workflow.domain.forms import Form
from workflow.domain.plans import RoundPlans
from workflow.domain.rounds import Round, RoundState
from workflow.ports import Database
from workflow.services.rounds import Readiness, check_dates, make_round, put_in_calendar, readiness


class EmptyYearError(NotFoundError):
    sentence = "config/rounds.toml har inga omgångar för {year}. Den har för: {years}."


class Fate(StrEnum):
    """What becomes of one of the year's rounds when the year is planned."""

    PLANNED = "planned"
    HELD = "held"
    THERE = "there"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class YearRound:
    """One round of the year: as it stands in the calendar, else as rounds.toml has it."""

    round: Round
    readiness: Readiness
    fate: Fate

    @property
    def is_new(self) -> bool:
        return self.fate in {Fate.PLANNED, Fate.HELD}


def year_ahead(
    db: Database, plans: RoundPlans, form: Callable[[str], Form], year: int, *, calendar: Calendar, now: datetime
) -> tuple[YearRound, ...]:
    """What planning the year would do; nothing is changed.

    Raises EmptyYearError, DeadlineError and FarDeadlineError for what rounds.toml has of the year.
    """
    wanted = [make_round(plan, plans, form(plan.form)) for plan in plans.rounds if plan.year == year]
    if not wanted:
        years = sorted({plan.year for plan in plans.rounds})
        raise EmptyYearError(year=year, years=", ".join(map(str, years)) or "–")
    with db.read() as work:
        there = {each.id: each for each in work.rounds.all()}
    found = [_meet(each, there.get(each.id), now) for each in wanted]
    return tuple(YearRound(round_, readiness(db, round_, calendar), fate) for round_, fate in found)


def _meet(wanted: Round, there: Round | None, now: datetime) -> tuple[Round, Fate]:
    if there and there.state is not RoundState.CANCELLED:
        return there, Fate.THERE
    if wanted.closes_at <= now:
        return wanted, Fate.OVER
    check_dates(wanted, now)
    return wanted, Fate.PLANNED if wanted.confirmed else Fate.HELD


def plan_year(db: Database, ahead: Iterable[YearRound], *, by: str, now: datetime) -> tuple[YearRound, ...]:
    """Put the year's new rounds in the calendar, all or none; what somebody else has planned meanwhile stays theirs."""
    planned = []
    with db.begin() as work:
        for each in ahead:
            stands = each.is_new and put_in_calendar(work, each.round, by=by, now=now)
            planned.append(each if stands or not each.is_new else replace(each, fate=Fate.THERE))
    return tuple(planned)


def confirm_round(db: Database, round_id: str, *, by: str, now: datetime, version: int | None = None) -> Round:
    """Let a held round open by itself when its time comes; at once if it has come.

    `version` is the one whose dates were seen. Raises NotHeldError, StaleWriteError.
    """
    with db.begin() as work:
        held = work.rounds.get(round_id, lock=True)
        confirmed = held.confirm()
        if version not in {None, held.version}:
            raise StaleWriteError
        work.rounds.save(confirmed)
        work.log.append(Event(kind="round.confirmed", actor=by, at=now, round=round_id))
        return confirmed


def waiting_in_vain(db: Database, *, now: datetime) -> tuple[Round, ...]:
    """The rounds that should have opened, but that nobody has confirmed; the oldest first."""
    with db.read() as work:
        return tuple(each for each in reversed(work.rounds.all()) if each.waits_in_vain(now))
