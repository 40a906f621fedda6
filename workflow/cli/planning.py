"""`tertial round plan`: a round before it opens."""

from datetime import datetime
from typing import Annotated

import typer

from workflow.cli.output import AsJson, DryRunFlag, as_json, done, table
from workflow.cli.rounds import COLUMNS as ROUND_COLUMNS
from workflow.cli.rounds import say_readiness, warnings_in_words
from workflow.cli.shell import BY, Shell, command
from workflow.cli.typed import OPENS_AT, dues, usage_instant
from workflow.cli.years import plan_the_year
from workflow.domain.codes import LinkMode
from workflow.domain.people import UnitKind
from workflow.domain.plans import RoundPlan
from workflow.domain.rounds import Round, round_id
from workflow.services import rounds
from workflow.services.listings import round_row

app = typer.Typer()

When = Annotated[str, typer.Option(metavar="WHEN", help="2027-04-19 or '2027-04-19 08:00', local time.")]
Dues = Annotated[
    list[str] | None,
    typer.Option("--due", metavar="[KIND=]WHEN", help="The last day, for all or for one kind of unit. Repeatable."),
]


@command(app, "plan")
def plan(
    shell: Shell,
    year: Annotated[int, typer.Argument(metavar="YEAR", min=1900, max=2999)],
    period: Annotated[
        str, typer.Argument(metavar="[PERIOD]", help="A code of rounds.toml, such as T1; left out: the whole year.")
    ] = "",
    *,
    opens: When = "",
    due: Dues = None,
    closes: When = "",
    form: Annotated[str, typer.Option(help="A file under config/forms/, without .toml.")] = "",
    links: Annotated[
        LinkMode | None,
        typer.Option(help="direct: the link opens the form. verified: it asks for a mailed code."),
    ] = None,
    dry_run: DryRunFlag = False,
    json: AsJson = False,
) -> None:
    """Put a round in the calendar; what is left out is as config/rounds.toml plans it.

    Without PERIOD all the year's rounds of config/rounds.toml are planned at once; those that stand there as
    confirmed = false are held until `tertial round confirm`. A cancelled round may be planned again.
    """
    if not period:
        if opens or due or closes or form or links:
            raise typer.BadParameter("Dates, form and links are given for one PERIOD at a time.", param_hint="PERIOD")
        plan_the_year(shell, year, dry_run=dry_run, json=json)
        return
    house = shell.house
    planned = _round(shell, round_id(year, period.strip().upper()), (opens, closes), due or [], form, links=links)
    ready = rounds.readiness(house.db, planned, house.calendar)
    rounds.plan_round(shell.database(dry_run=dry_run), planned, by=BY, now=shell.now())
    if json:
        as_json(round_row(planned))
        return
    table([round_row(planned)], ROUND_COLUMNS)
    say_readiness(len(ready.units), [unit.id for unit in ready.without_contact], warnings_in_words(ready))
    done(f"{planned.id} is planned.", dry_run=dry_run)


def _round(
    shell: Shell, name: str, ends: tuple[str, str], due: list[str], form: str, *, links: LinkMode | None
) -> Round:
    plans = shell.house.plans()
    year, _, code = name.partition("-")
    period = plans.period(code)
    proposed = plans.plan(int(year), code)
    opens, closes = ends
    return Round(
        id=name,
        year=int(year),
        period=period,
        form=shell.house.form(form or (proposed.form if proposed else "naringsliv")),
        policy=plans.policy,
        opens_at=_given(opens, "--opens", proposed.opens_at if proposed else None, clock=OPENS_AT),
        due_at=_dues(due, proposed),
        closes_at=_given(closes, "--closes", proposed.closes_at if proposed else None),
        links=links or (proposed.links if proposed else LinkMode.DIRECT),
    )


def _given(text: str, option: str, planned: datetime | None, **clock: str) -> datetime:
    if text:
        return usage_instant(text, option, **clock)
    if planned is None:
        raise typer.BadParameter("config/rounds.toml does not plan this round: say when.", param_hint=option)
    return planned


def _dues(due: list[str], proposed: RoundPlan | None) -> dict[UnitKind, datetime]:
    found = {**(proposed.due_at if proposed else {}), **dues(due, proposed.due_at if proposed else UnitKind)}
    if not found:
        raise typer.BadParameter("config/rounds.toml does not plan this round: say when.", param_hint="--due")
    return found
