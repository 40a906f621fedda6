"""`tertial round extend | move | requests | refuse | withdraw`: who has until when."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated

import typer

from workflow.cli.consequences import say_consequences
from workflow.cli.output import AsJson, Column, DryRunFlag, Yes, done, field, listing, plain, result, say_warnings
from workflow.cli.rounds import RoundName
from workflow.cli.shell import BY, Shell, command, confirm
from workflow.cli.submissions import Reason, UnitName
from workflow.cli.typed import due_warnings, shown_due, unit_named, usage_instant
from workflow.domain.errors import RequestAnsweredError
from workflow.domain.extensions import open_among
from workflow.domain.moving import Effect, Touch
from workflow.domain.people import UnitKind
from workflow.ports import Database, Job
from workflow.services import extensions, moving, rounds
from workflow.services.consequences import consequences
from workflow.services.listings import find_submission, instant

app = typer.Typer()

UnitNames = Annotated[list[str] | None, typer.Argument(metavar="[UNIT]...", help="Ids of units.csv, such as sdn-haa.")]
To = Annotated[str, typer.Option("--to", "--due", metavar="WHEN", help="The new last day.")]
COLUMNS = (
    field("unit", "unit"),
    field("name", "name"),
    Column("wished", lambda record: shown_due(datetime.fromisoformat(record["wished"]))),
    Column("stands", lambda record: shown_due(datetime.fromisoformat(record["due_at"]))),
    field("reason", "reason"),
)
_SAID = {
    Effect.MOVES: "moves",
    Effect.JOINS: "extension becomes the common day",
    Effect.STANDS: "has that much time already, and keeps it",
    Effect.OWN: "supplements until a day of its own, and keeps it",
    Effect.DONE: "owes nothing",
}


@command(app, "extend")
def extend(
    shell: Shell,
    round_: RoundName,
    units: UnitNames = None,
    *,
    to: To,
    reason: Reason,
    unit: Annotated[list[str] | None, typer.Option("--unit", metavar="UNIT", help="As UNIT. Repeatable.")] = None,
    everybody: Annotated[bool, typer.Option("--all-open", "--all", help="All that have not handed in.")] = False,
    dry_run: DryRunFlag = False,
) -> None:
    """Give one or several units more time; it answers what they have asked for.

    With --all-open, whoever has as much time already keeps it. In a closed round the day only says from when on a
    report is late: no reminders go.
    """
    named = [unit_named(each) for each in (*(units or ()), *(unit or ()))]
    if bool(named) == everybody:
        raise typer.BadParameter("Name the units, or give --all-open.", param_hint="UNIT")
    house, when, now = shell.house, usage_instant(to, "--to"), shell.now()
    chosen = [find_submission(house.db, round_, each).id for each in named]
    touched = extensions.who_moves(house.db, round_, when, now=now) if everybody else ()

    def change(db: Database) -> None:
        if everybody:
            extensions.extend_all(db, round_, when, reason=reason, by=BY, secrets=house.secrets, now=now)
        else:
            extensions.extend(db, chosen, when, reason=reason, by=BY, secrets=house.secrets, now=now)

    _carry_out(shell, round_, change, dry_run=dry_run)
    say_warnings(due_warnings(house.calendar, when))
    _say_touched(touched)
    moved = [touch.before.unit for touch in touched if touch.effect is Effect.MOVES] if everybody else named
    done(f"{len(moved)} extended to {shown_due(when)}: {', '.join(moved)}", dry_run=dry_run)


@command(app, "move")
def move(
    shell: Shell,
    round_: RoundName,
    *,
    to: To,
    kind: Annotated[
        list[UnitKind] | None, typer.Option("--kind", help="Only this kind of unit. Repeatable; left out: all.")
    ] = None,
    closes: Annotated[str, typer.Option("--closes", metavar="WHEN", help="Move the closing too.")] = "",
    dry_run: DryRunFlag = False,
    yes: Yes = False,
) -> None:
    """Move the common last day. Longer extensions stand; shorter ones become the common day."""
    house, now, when = shell.house, shell.now(), usage_instant(to, "--to")
    closes_at = usage_instant(closes, "--closes") if closes else None
    plan = moving.plan_move(house.db, round_, when, kinds=kind or (), closes_at=closes_at, now=now)
    _say_touched(plan.touched)
    say_warnings(due_warnings(house.calendar, when))
    if not dry_run:
        confirm(f"Move the last day of {round_} to {shown_due(when)}, and tell {plan.mails} units?", yes=yes)

    def change(db: Database) -> None:
        moving.move_round(
            db,
            round_,
            when,
            kinds=kind or (),
            closes_at=closes_at,
            by=BY,
            secrets=house.secrets,
            now=now,
            version=plan.before.version,
        )

    _carry_out(shell, round_, change, dry_run=dry_run)
    done(f"The last day of {round_} is {shown_due(when)}; {plan.mails} units are told.", dry_run=dry_run)


@command(app, "requests")
def requests(shell: Shell, round_: RoundName, *, json: AsJson = False) -> None:
    """Who asks for more time and waits for an answer, oldest first."""
    db = shell.house.db
    rounds.find_round(db, round_)
    rows = [
        {
            "unit": each.submission.unit,
            "name": each.submission.unit_name,
            "asked_at": instant(each.extension.asked_at),
            "wished": instant(each.extension.wished),
            "due_at": instant(each.submission.due_at),
            "reason": each.extension.reason,
        }
        for each in extensions.open_requests(db, round_)
    ]
    listing(rows, COLUMNS, json_too=json, empty="Nobody asks for more time.")


@command(app, "refuse")
def refuse(shell: Shell, round_: RoundName, unit: UnitName, *, reason: Reason, dry_run: DryRunFlag = False) -> None:
    """Say no to a request for more time; the mail says which day stands."""
    house, now = shell.house, shell.now()
    found = find_submission(house.db, round_, unit)
    asked = open_among(extensions.of_unit(house.db, found.id))
    if asked is None:
        raise RequestAnsweredError

    def change(db: Database) -> None:
        extensions.refuse(db, found.id, asked.id, reason=reason, by=BY, secrets=house.secrets, now=now)

    _carry_out(shell, round_, change, dry_run=dry_run)
    wished = f" until {shown_due(asked.wished)}" if asked.wished else ""
    said = (
        f"{found.unit_name} ({found.unit}) gets no extension{wished}: its last day is still {shown_due(found.due_at)}."
    )
    done(plain(said), dry_run=dry_run)


@command(app, "withdraw")
def withdraw(shell: Shell, round_: RoundName, unit: UnitName, *, reason: Reason, dry_run: DryRunFlag = False) -> None:
    """Take back time that was given; the day before it holds again, unless it has passed."""
    house, now = shell.house, shell.now()
    found = find_submission(house.db, round_, unit)

    after = found

    def change(db: Database) -> None:
        nonlocal after
        after = extensions.withdraw(db, found.id, reason=reason, by=BY, secrets=house.secrets, now=now)

    _carry_out(shell, round_, change, dry_run=dry_run)
    was = f"The extension of {found.unit_name} ({found.unit}) until {shown_due(found.due_at)} is withdrawn"
    done(plain(f"{was}: its last day is {shown_due(after.due_at)} again."), dry_run=dry_run)


def _carry_out(shell: Shell, round_: str, change: Callable[[Database], None], *, dry_run: bool) -> None:
    """Do it, or say what it would do to the mails to come."""
    house = shell.house
    if dry_run:
        say_consequences(consequences(house.db, round_, change, calendar=house.calendar, now=shell.now()))
        return
    change(house.db)
    shell.nudge(Job.DELIVER)


def _say_touched(touched: Sequence[Touch]) -> None:
    for touch in touched:
        until = f", until {shown_due(touch.after.due_at)}" if touch.effect is not Effect.DONE else ""
        result(plain(f"{touch.before.unit}: {_SAID[touch.effect]}{until}"))
