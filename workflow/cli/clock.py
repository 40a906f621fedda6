"""`tertial clock show | trust`: whether the clock is believed, and a person's word that it is right."""

from typing import Annotated

import typer

from workflow.cli.output import AsJson, DryRunFlag, as_json, at, done, note, result
from workflow.cli.shell import BY, Shell, command
from workflow.services.guard import clock_guard, trust_clock

app = typer.Typer()

Why = Annotated[str, typer.Option("--reason", help="How you know that the clock is right; it is kept with the guard.")]


@command(app, "show")
def show(shell: Shell, *, json: AsJson = False) -> None:
    """Whether the clock is suspect; while it is, no mail leaves and no round opens or closes."""
    guard = clock_guard(shell.house.db)
    tick = guard.last_tick.isoformat() if guard.last_tick else None
    since = guard.since.isoformat() if guard.since else None
    if json:
        facts = {"stands": guard.stands, "since": since, "reason": guard.reason, "off_seconds": guard.off_seconds}
        as_json({**facts, "agreeing": guard.agreeing, "last_tick": tick, "told": guard.told})
        return
    result(f"The clock is suspect: it {guard}." if guard.stands else "The clock is believed.")
    result(f"Now:       {at(shell.now().isoformat())}")
    result(f"Last tick: {at(tick) or '-'}")
    if guard.stands:
        note("Compare it with another clock, set it right, then: tertial clock trust --reason HOW-YOU-KNOW")


@command(app, "trust")
def trust(shell: Shell, *, reason: Why, dry_run: DryRunFlag = False) -> None:
    """Say that the clock is right now: what was held goes on. Look at another clock first."""
    trust_clock(shell.database(dry_run=dry_run), by=BY, why=reason, now=shell.now())
    done("The clock is trusted; what is due goes at the next tick.", dry_run=dry_run)
