"""The command `tertial` put together: its groups, its version, and what stands before every command."""

import os
import sys
from typing import Annotated

import typer

from workflow.cli import (
    accounts,
    arrivals,
    attachments,
    audit,
    bundles,
    by_hand,
    calendars,
    checks,
    clock,
    corrections,
    database,
    details,
    forms,
    handover,
    imports,
    inbox,
    lastdays,
    later,
    links,
    mails,
    operation,
    planning,
    preview,
    removal,
    rounds,
    status,
    submissions,
    units,
)
from workflow.cli.shell import Data, Now

app = typer.Typer(
    name="tertial",
    help="Collects the tertial reports of a city's committees.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: loading Rich would take longer than all the rest of it
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _group(name: str, purpose: str, *rooms: typer.Typer) -> None:
    group = typer.Typer(help=purpose, no_args_is_help=True, rich_markup_mode=None)
    for room in rooms:
        group.add_typer(room)
    app.add_typer(group, name=name)


for room in (operation.app, checks.app, status.app, bundles.app, calendars.app):
    app.add_typer(room)
_group(
    "round",
    "Plan, open, follow and close rounds.",
    planning.app,
    preview.app,
    rounds.app,
    lastdays.app,
)
_group("submission", "Read what has come in, and decide about it.", submissions.app, attachments.app, imports.app)
_group("mail", "The ledger of mails, and what came in.", mails.app, by_hand.app, links.app, arrivals.app)
_group("inbox", "The mailbox that answers and bounces come to.", inbox.app, arrivals.mailbox)
_group(
    "units", "The register of units and contacts.", units.app, handover.app, details.app, corrections.app, removal.app
)
_group("form", "Check a form; write a unit's Word form.", forms.app)
_group("account", "Who may log in as coordinator.", accounts.app)
_group("audit", "The log of everything decided.", audit.app)
_group("clock", "Whether the clock is believed.", clock.app)
_group("db", "The database: schema, backup, restore.", database.app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tertial {later.metadata.version('tertial')}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", help="Say which version this is.", is_eager=True, callback=_show_version)
]


@app.callback()
def everywhere(ctx: typer.Context, now: Now = "", data: Data = None, *, _version: Version = False) -> None:
    """Collects the tertial reports of a city's committees."""
    ctx.obj = {"now": now, "data": data}


def main() -> None:
    """Run the command line; the exit code is 0 for done, 1 for failed, 2 for wrong use."""
    for word in sys.argv[1:]:
        _refuse_what_is_no_text(word)
    app()


def _refuse_what_is_no_text(word: str) -> None:
    """Bytes that are no text reach us as lone surrogates (PEP 383): no database and no terminal takes them."""
    try:
        word.encode()
    except UnicodeEncodeError:
        shown = os.fsencode(word).decode(errors="backslashreplace")
        typer.echo(f"“{shown}” is not text in UTF-8. Type it anew, or set the terminal to UTF-8.", err=True)
        raise SystemExit(2) from None
