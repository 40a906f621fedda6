"""`tertial round list | show | open | confirm | close | cancel`."""

from datetime import datetime
from typing import Annotated

import typer

from workflow.cli.consequences import say_consequences
from workflow.cli.output import (
    AsJson,
    Column,
    DryRunFlag,
    Record,
    Yes,
    as_json,
    done,
    field,
    listing,
    plain,
    result,
    say_warnings,
    table,
)
from workflow.cli.shell import BY, Shell, command, confirm
from workflow.cli.typed import round_named, shown_week
from workflow.domain import datewords
from workflow.domain.codes import LinkMode
from workflow.domain.rounds import Round, RoundState
from workflow.ports import Database, Job
from workflow.services import rounds, years
from workflow.services.consequences import consequences
from workflow.services.listings import round_row, round_rows
from workflow.services.overview import overview

app = typer.Typer()

RoundName = Annotated[str, typer.Argument(metavar="ROUND", help="Such as 2027-T1.", parser=round_named)]


def dues_in_words(record: Record) -> str:
    """The deadlines, with the kinds named only where they differ."""
    cells = {kind: shown_week(datetime.fromisoformat(at)) for kind, at in record["due_at"].items()}
    by_time: dict[object, list[str]] = {}
    for kind, when in cells.items():
        by_time.setdefault(when, []).append(kind)
    if len(by_time) == 1:
        return str(next(iter(by_time)))
    return "; ".join(f"{when} {', '.join(kinds)}" for when, kinds in by_time.items())


def state_in_words(record: Record) -> str:
    """A planned round that nobody has confirmed is held."""
    return "held" if record["state"] == RoundState.PLANNED and not record["confirmed"] else str(record["state"])


def week_of(heading: str, key: str) -> Column:
    """An ISO instant as local time, with its week: where one plans."""
    return Column(heading, lambda record: shown_week(datetime.fromisoformat(record[key])))


COLUMNS = (
    field("round", "round"),
    field("title", "title"),
    Column("state", state_in_words),
    week_of("opens", "opens_at"),
    Column("due", dues_in_words),
    week_of("closes", "closes_at"),
    Column("editions", lambda record: record["editions"] or "", right=True),
)

LINKS = {
    LinkMode.DIRECT: "Personal links open the form directly.",
    LinkMode.VERIFIED: "Personal links ask for a code that is mailed (verified).",
}


@command(app, "list")
def list_rounds(shell: Shell, *, json: AsJson = False) -> None:
    """All rounds, newest first."""
    listing(round_rows(shell.house.db), COLUMNS, json_too=json, empty="There is no round yet.")


@command(app, "show")
def show(shell: Shell, round_: RoundName, *, json: AsJson = False) -> None:
    """One round: its dates, who takes part, who lacks a contact, what speaks against the dates."""
    house = shell.house
    with house.db.read() as work:
        found = work.rounds.get(round_)
    units, without, warnings = _standing(shell, found)
    if json:
        as_json({**round_row(found), "units": units, "without_contact": without, "warnings": warnings})
        return
    table([round_row(found)], COLUMNS)
    result(LINKS[found.links])
    say_readiness(units, without, warnings)


def _standing(shell: Shell, found: Round) -> tuple[int, list[str], list[str]]:
    """How many take part, who lacks a contact, what speaks against the dates: frozen once the round has opened."""
    house = shell.house
    ready = rounds.readiness(house.db, found, house.calendar)
    warnings = warnings_in_words(ready)
    if found.opened_at is None:
        return len(ready.units), [unit.id for unit in ready.without_contact], warnings
    rows = overview(house.db, found.id, calendar=house.calendar, now=shell.now()).overview.rows
    return len(rows), [row.submission.unit for row in rows if row.contact is None], warnings


@command(app, "open")
def open_(shell: Shell, round_: RoundName, *, dry_run: DryRunFlag = False, yes: Yes = False) -> None:
    """Open a planned round now: freeze it, and invite every unit."""
    house = shell.house
    if not dry_run:
        confirm(f"Open {round_} and invite all its units?", yes=yes)
    opened = rounds.open_round(
        shell.database(dry_run=dry_run), round_, secrets=house.secrets, calendar=house.calendar, by=BY, now=shell.now()
    )
    if not dry_run:
        shell.nudge(Job.DELIVER)
    units = len(rounds.readiness(house.db, opened, house.calendar).units)
    done(f"{round_} is open; {units} units take part.", dry_run=dry_run)


@command(app, "confirm")
def confirm_(shell: Shell, round_: RoundName, *, dry_run: DryRunFlag = False) -> None:
    """Let a held round open by itself; at once if its time has come."""
    confirmed = years.confirm_round(shell.database(dry_run=dry_run), round_, by=BY, now=shell.now())
    if not dry_run:
        shell.nudge(Job.OPEN_DUE)
    done(f"{round_} is confirmed. It opens {shown_week(confirmed.opens_at)}.", dry_run=dry_run)


@command(app, "close")
def close(shell: Shell, round_: RoundName, *, dry_run: DryRunFlag = False, yes: Yes = False) -> None:
    """Close an open round: no more reminders; late answers are still taken."""
    if not dry_run:
        confirm(f"Close {round_}?", yes=yes)
    house, now = shell.house, shell.now()

    def change(db: Database) -> None:
        rounds.close_round(db, round_, by=BY, now=now)

    if dry_run:
        say_consequences(consequences(house.db, round_, change, calendar=house.calendar, now=now))
    else:
        change(house.db)
    done(f"{round_} is closed.", dry_run=dry_run)


@command(app, "cancel")
def cancel(shell: Shell, round_: RoundName, *, dry_run: DryRunFlag = False, yes: Yes = False) -> None:
    """Take a planned round out of the calendar."""
    if not dry_run:
        confirm(f"Cancel {round_}?", yes=yes)
    rounds.cancel_round(shell.database(dry_run=dry_run), round_, by=BY, now=shell.now())
    done(f"{round_} is cancelled.", dry_run=dry_run)


def warnings_in_words(ready: rounds.Readiness) -> list[str]:
    """What speaks against the last days, a sentence for each day and reason, with the kinds of unit it is for."""
    kinds: dict[str, list[str]] = {}
    for kind, warning in ready.warnings:
        kinds.setdefault(datewords.warning(warning, "en"), []).append(kind)
    return [f"{', '.join(who)}: {sentence}" for sentence, who in kinds.items()]


def say_readiness(units: int, without: list[str], warnings: list[str]) -> None:
    result(f"{units} units take part.")
    if without:
        result(plain(f"Without a contact: {', '.join(without)}"))
    say_warnings(warnings)
