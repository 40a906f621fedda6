"""rounds.toml: periods, reminder policy and planned rounds, every fault with its line."""

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from workflow.adapters import configfaults as faults
from workflow.adapters.detailspolicy import read_details
from workflow.adapters.digestpolicy import read_digest
from workflow.adapters.policysteps import read_policy
from workflow.adapters.tomltables import Table, open_toml
from workflow.domain.calendar import Calendar
from workflow.domain.codes import LinkMode
from workflow.domain.errors import ConfigError
from workflow.domain.people import UnitKind
from workflow.domain.phrases import say
from workflow.domain.plans import RoundPlan, RoundPlans
from workflow.domain.rounds import Period, PeriodType

LANGUAGES = ("sv", "en")
_NEVER = datetime.min.replace(tzinfo=UTC)  # stands in for a faulty time while the rest is read


def load_round_plans(path: Path, calendar: Calendar, *, forms: Collection[str] | None = None) -> RoundPlans:
    """Read the plans; local times become instants by `calendar`. With `forms`, each round's form must be one of them.

    Raises ConfigError for the first fault; `check_round_plans` gives them all.
    """
    plans, found = _read(path, calendar, forms)
    if plans is None or found:
        raise found[0]
    return plans


def check_round_plans(
    path: Path, calendar: Calendar, *, forms: Collection[str] | None = None
) -> tuple[ConfigError, ...]:
    """Every fault in the order of lines, none for a good file."""
    return _read(path, calendar, forms)[1]


def _read(
    path: Path, calendar: Calendar, forms: Collection[str] | None
) -> tuple[RoundPlans | None, tuple[ConfigError, ...]]:
    file = open_toml(path)
    if file.found:
        return None, file.faults
    top = file.top
    top.only("period", "policy", "digest", "details", "round")
    periods = _periods(top)
    policy = read_policy(top.table("policy"), calendar)
    rounds = _rounds(top, calendar, [period.code for period in periods], forms)
    digest, details = read_digest(top, calendar), read_details(top, calendar)
    plans = RoundPlans(periods=periods, policy=policy, rounds=rounds, digest=digest, details=details)
    return plans, file.faults


# --- periods ---------------------------------------------------------------------------------------------------------


def _periods(top: Table) -> tuple[Period, ...]:
    tables = top.tables("period")
    if not tables:
        top.fault("period", say(faults.NO_ENTRIES, key="period"), say(faults.ADD_KEY, example="[[period]]"))
    periods = tuple(_period(table) for table in tables)
    _refuse_twice(tables, "code", [period.code for period in periods])
    return periods


def _period(table: Table) -> Period:
    table.only("code", "title", "type", "number", "cumulative", "first_month", "last_month")
    code = table.text("code")
    if code and not re.fullmatch(r"[A-Z][A-Z0-9]{0,7}", code):
        table.fault("code", say(faults.BAD_KEY, key="code", value=code), say(faults.CODE_FORM))
    title = table.table("title")
    title.only(*LANGUAGES)
    first, last = _typed_months(table) if table.has("type") else _plain_months(table)
    return Period(
        code=code,
        title={language: title.text(language) for language in LANGUAGES},
        first_month=first,
        last_month=last,
    )


def _typed_months(table: Table) -> tuple[int, int]:
    """The months of the `number`-th tertial, quarter or half-year; there is but one year."""
    for key in ("first_month", "last_month"):
        if table.has(key):
            table.fault(key, say(faults.NOT_WITH, key=key, other="type"), say(faults.KEEP_ONE))
    named = table.choice("type", list(PeriodType))
    kind = PeriodType(named) if named else PeriodType.YEAR
    number = table.number("number", 1, kind.per_year, default=1 if kind is PeriodType.YEAR else None)
    return kind.months(number, cumulative=table.flag("cumulative", default=False))


def _plain_months(table: Table) -> tuple[int, int]:
    for key in ("number", "cumulative"):
        if table.has(key):
            table.fault(
                key, say(faults.ONLY_WITH, key=key, other="type"), say(faults.ADD_KEY, example='type = "tertial"')
            )
    first = table.number("first_month", 1, 12)
    return first, table.number("last_month", first, 12)


# --- rounds ----------------------------------------------------------------------------------------------------------


def _rounds(
    top: Table, calendar: Calendar, periods: Collection[str], forms: Collection[str] | None
) -> tuple[RoundPlan, ...]:
    tables = top.tables("round")
    rounds = [_round(table, calendar, periods, forms) for table in tables]
    _refuse_twice(tables, "period", [plan.id if plan.period else "" for plan in rounds])
    return tuple(sorted(rounds, key=lambda plan: plan.opens_at))


def _round(table: Table, calendar: Calendar, periods: Collection[str], forms: Collection[str] | None) -> RoundPlan:
    table.only("year", "period", "form", "opens", "due", "closes", "confirmed", "links")
    form = table.text("form")
    if forms is not None and form and form not in forms:
        table.fault("form", say(faults.UNKNOWN_FORM, value=form), faults.choose(form, forms))
    plan = RoundPlan(
        year=table.number("year", *_years(calendar)),
        period=table.choice("period", periods),
        form=form,
        opens_at=_instant(table, "opens", calendar),
        due_at=_due(table.table("due"), calendar),
        closes_at=_instant(table, "closes", calendar),
        confirmed=table.flag("confirmed", default=False),
        links=_links(table),
    )
    _check_order(table, plan)
    return plan


def _links(table: Table) -> LinkMode:
    chosen = table.choice("links", list(LinkMode)) if table.has("links") else ""
    return LinkMode(chosen) if chosen else LinkMode.DIRECT


def _due(table: Table, calendar: Calendar) -> dict[UnitKind, datetime]:
    kinds = [kind.value for kind in UnitKind]
    table.only(*kinds)
    if not table.values and table.place in table.file.lines:  # left out altogether is said already
        table.fault(None, say(faults.MISSING_TEXT, key="due"), say(faults.CHOICES, choices=", ".join(kinds)))
    return {UnitKind(kind): _instant(table, kind, calendar) for kind in kinds if table.has(kind)}


def _check_order(table: Table, plan: RoundPlan) -> None:
    """opens < due < closes; what is faulty already stays out of it."""
    for kind, at in plan.due_at.items():
        if _NEVER not in (plan.opens_at, at) and at <= plan.opens_at:
            table.table("due").fault(
                kind, say(faults.WRONG_ORDER, earlier="opens", later=kind.value), say(faults.PUT_IN_ORDER)
            )
        if _NEVER not in (plan.closes_at, at) and plan.closes_at <= at:
            table.table("due").fault(
                kind, say(faults.WRONG_ORDER, earlier=kind.value, later="closes"), say(faults.PUT_IN_ORDER)
            )


def _instant(table: Table, key: str, calendar: Calendar) -> datetime:
    local = table.moment(key)
    if local is None:
        return _NEVER
    first, last = _years(calendar)
    try:
        if first <= local.year <= last:
            return calendar.at(local.date(), local.time())
    except ValueError:  # the hour in which the clocks are moved
        pass
    what = say(faults.BAD_TIME, key=key, value=local.isoformat(" ", "minutes"))
    table.fault(key, what, say(faults.LOCAL_TIME, first=first, last=last))
    return _NEVER


def _years(calendar: Calendar) -> tuple[int, int]:
    return (calendar.years[0], calendar.years[-1]) if calendar.years else (1900, 2999)


def _refuse_twice(tables: Sequence[Table], key: str, values: Sequence[str | int]) -> None:
    first: dict[str | int, int] = {}
    for table, value in zip(tables, values, strict=True):
        if value in first and table.has(key):
            table.fault(key, say(faults.DUPLICATE_KEY, key=key, value=value, first=first[value]), say(faults.KEEP_ONE))
        if value != "":
            first.setdefault(value, table.line(key))
