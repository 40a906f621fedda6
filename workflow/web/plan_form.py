"""The dates of a round in the making: as typed, as read, and what is wrong or unwise about them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from workflow.domain.calendar import Calendar
from workflow.domain.codes import LinkMode
from workflow.domain.errors import RefusedError
from workflow.domain.forms import Form
from workflow.domain.people import UnitKind
from workflow.domain.plans import RoundPlan, RoundPlans
from workflow.domain.rounds import Round
from workflow.web.typed_time import TypedTime, typed_of

OPENS, CLOSES = "opens", "closes"


class DueTooEarlyError(RefusedError):
    sentence = "Sista dagen måste komma efter att omgången har öppnat."


class DueTooLateError(RefusedError):
    sentence = "Sista dagen får inte komma efter att omgången har stängt."


class ClosesTooEarlyError(RefusedError):
    sentence = "Omgången måste stänga efter att den har öppnat."


@dataclass(frozen=True, slots=True)
class PlanForm:
    """`typed` and `read` by field: "opens", "closes", and each kind of unit; `problems` are (field, error)."""

    typed: Mapping[str, TypedTime]
    read: Mapping[str, datetime]
    problems: tuple[tuple[str, RefusedError], ...]

    def round_of(self, plan: RoundPlan, plans: RoundPlans, form: Form, links: LinkMode) -> Round:
        """Only for dates without problems."""
        return Round(
            id=plan.id,
            year=plan.year,
            period=plans.period(plan.period),
            form=form,
            policy=plans.policy,
            opens_at=self.read[OPENS],
            due_at={kind: self.read[kind] for kind in plan.due_at},
            closes_at=self.read[CLOSES],
            links=links,
        )


def as_planned(plan: RoundPlan, calendar: Calendar) -> dict[str, TypedTime]:
    """The plan's own dates, as they would be typed; fields in the order of the page."""
    times: dict[str, datetime] = {OPENS: plan.opens_at, **_dues(plan), CLOSES: plan.closes_at}
    return {field: typed_of(at, calendar) for field, at in times.items()}


def read_dates(typed: Mapping[str, TypedTime], calendar: Calendar) -> PlanForm:
    """Read every field, and say all that is wrong at once."""
    read: dict[str, datetime] = {}
    problems: list[tuple[str, RefusedError]] = []
    for field, each in typed.items():
        try:
            read[field] = each.instant(calendar)
            calendar.deadline_warnings(calendar.last_day(read[field]))  # is the day inside the calendar at all?
        except RefusedError as error:
            problems.append((field, error))
    return PlanForm(typed, read, (*problems, *_disorder(read)))


def _dues(plan: RoundPlan) -> dict[str, datetime]:
    return {kind: plan.due_at[kind] for kind in UnitKind if kind in plan.due_at}


def _disorder(read: Mapping[str, datetime]) -> Iterator[tuple[str, RefusedError]]:
    opens, closes = read.get(OPENS), read.get(CLOSES)
    for field, at in read.items():
        if field in {OPENS, CLOSES}:
            continue
        if opens and at <= opens:
            yield field, DueTooEarlyError()
        elif closes and at > closes:
            yield field, DueTooLateError()
    if opens and closes and closes <= opens:
        yield CLOSES, ClosesTooEarlyError()
