"""`tertial mail link revoke | renew`: a personal link that has come into the wrong hands."""

from typing import Annotated

import typer

from workflow.cli.output import DryRunFlag, done, plain
from workflow.cli.rounds import RoundName
from workflow.cli.shell import BY, Shell, command
from workflow.cli.submissions import UnitName
from workflow.ports import Job
from workflow.services.links import Relinked, renew_link, revoke_link
from workflow.services.listings import find_submission

app = typer.Typer()
link = typer.Typer(help="A unit's personal links.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(link, name="link")

Whose = Annotated[
    str,
    typer.Option("--recipient", metavar="WHO", help="primary, deputy or an address; without it the contact person."),
]


@command(link, "revoke")
def revoke(
    shell: Shell, round_: RoundName, unit: UnitName, *, recipient: Whose = "", dry_run: DryRunFlag = False
) -> None:
    """Block a link: it opens no more, and whoever came in by it is out. Nothing is mailed."""
    found = find_submission(shell.house.db, round_, unit)
    ended = revoke_link(shell.database(dry_run=dry_run), found.id, recipient, by=BY, now=shell.now())
    done(f"{_whose(ended)} opens nothing any more.", dry_run=dry_run)


@command(link, "renew")
def renew(
    shell: Shell, round_: RoundName, unit: UnitName, *, recipient: Whose = "", dry_run: DryRunFlag = False
) -> None:
    """Replace a link: the old one opens no more, and a new one is mailed at once."""
    house = shell.house
    found = find_submission(house.db, round_, unit)
    renewed = renew_link(
        shell.database(dry_run=dry_run), found.id, recipient, by=BY, secrets=house.secrets, now=shell.now()
    )
    if not dry_run:
        shell.nudge(Job.DELIVER)
    done(f"{_whose(renewed)} is replaced; the new one goes to {plain(renewed.holder.email)}.", dry_run=dry_run)


def _whose(ended: Relinked) -> str:
    return plain(f"{ended.submission.unit_name} ({ended.submission.unit}): the link of {ended.holder.name}")
