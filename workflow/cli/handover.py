"""`tertial units handover`: another person takes over in the middle of a round."""

from typing import Annotated

import typer

from workflow.cli.consequences import say_consequences
from workflow.cli.output import DryRunFlag, done, plain
from workflow.cli.rounds import RoundName
from workflow.cli.shell import BY, Shell, command
from workflow.cli.submissions import UnitName
from workflow.domain.people import Role
from workflow.ports import Database, Job
from workflow.services.consequences import consequences
from workflow.services.handover import HandedOver, Successor, hand_over
from workflow.services.listings import find_submission

app = typer.Typer()


@command(app, "handover")
def handover(
    shell: Shell,
    round_: RoundName,
    unit: UnitName,
    *,
    to: Annotated[tuple[str, str], typer.Option("--to", metavar="NAME EMAIL", help="Who takes over.")],
    phone: Annotated[str, typer.Option("--phone")] = "",
    language: Annotated[str, typer.Option("--language", help="sv or en; without it, as before.")] = "",
    deputy: Annotated[bool, typer.Option("--deputy", help="The deputy changes, not the contact person.")] = False,
    only_round: Annotated[
        bool, typer.Option("--only-round", help="Leave the register as it is; without it, it changes from today.")
    ] = False,
    dry_run: DryRunFlag = False,
) -> None:
    """Let another person take over: the old link ends, waiting mails and a new link go to the new one; drafts stay."""
    if language not in {"", "sv", "en"}:
        raise typer.BadParameter("sv or en.", param_hint="--language")
    house = shell.house
    found = find_submission(house.db, round_, unit)
    role = Role.DEPUTY if deputy else Role.PRIMARY
    successor = Successor(name=to[0], email=to[1], phone=phone, language=language, role=role)
    now = shell.now()

    def change(db: Database) -> HandedOver:
        return hand_over(
            db,
            found.id,
            successor,
            in_register=not only_round,
            by=BY,
            secrets=house.secrets,
            calendar=house.calendar,
            now=now,
        )

    over = change(shell.database(dry_run=dry_run))
    if dry_run:
        say_consequences(consequences(house.db, round_, change, calendar=house.calendar, now=now))
    else:
        shell.nudge(Job.DELIVER)
    done(plain(f"{found.unit_name} ({found.unit}): {_said(over)}"), dry_run=dry_run)


def _said(over: HandedOver) -> str:
    told = "is told" if over.tells_old else "is not told, mail to that address comes back"
    before = f"{over.old.name} ({told})" if over.old else "nobody"
    return f"{over.new.name} <{over.new.email}> after {before}. Mails that change reader: {over.moved}."
