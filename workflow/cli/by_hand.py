"""`tertial mail hold | note`, and what `skip` and `release` do to one mail: decided before it goes."""

from typing import Annotated

import typer

from workflow.cli.consequences import say_consequences
from workflow.cli.output import DryRunFlag, done
from workflow.cli.shell import BY, Shell, command
from workflow.domain.messages import Message
from workflow.ports import Database, Job
from workflow.services.by_hand import Deed, decide
from workflow.services.consequences import consequences
from workflow.services.listings import find_mail

app = typer.Typer()

MailName = Annotated[
    str, typer.Argument(metavar="MAIL", help="Its id, or for one to come ROUND.UNIT.SLOT, such as 2027-T1.sdn-haa.T-5.")
]
Why = Annotated[str, typer.Option("--reason", help="Why; it stands in the ledger.")]

_DONE = {
    Deed.HOLD: "is held",
    Deed.SKIP: "is skipped",
    Deed.RELEASE: "is planned again",
    Deed.NOTE: "has its note",
}


@command(app, "hold")
def hold(shell: Shell, mail: MailName, *, reason: Why, dry_run: DryRunFlag = False) -> None:
    """Let a mail wait until `tertial mail release MAIL`."""
    act(shell, mail, Deed.HOLD, reason, dry_run=dry_run)


@command(app, "note")
def note(
    shell: Shell,
    mail: MailName,
    *,
    text: Annotated[str, typer.Option("--text", help="Your own words in that one mail; empty takes them away.")],
    dry_run: DryRunFlag = False,
) -> None:
    """Add some words of your own to one mail that has not gone."""
    act(shell, mail, Deed.NOTE, text, dry_run=dry_run)


def is_to_come(name: str) -> bool:
    """Whether a mail is named by round, unit and slot; ids of the ledger have no dots."""
    return "." in name


def act(shell: Shell, name: str, deed: Deed, words: str = "", *, dry_run: bool) -> None:
    """Decide about one mail; dry, say what it would do to the mails to come."""
    house, now = shell.house, shell.now()
    round_id, found = _found(shell, name)

    def change(db: Database) -> Message:
        return decide(db, round_id, found, deed, words, by=BY, secrets=house.secrets, calendar=house.calendar, now=now)

    if dry_run:
        say_consequences(consequences(house.db, round_id, change, calendar=house.calendar, now=now))
    else:
        change(house.db)
        if deed is Deed.RELEASE:
            shell.nudge(Job.DELIVER)
    done(f"{found} {_DONE[deed]}.", dry_run=dry_run)


def _found(shell: Shell, name: str) -> tuple[str, str]:
    """The round and the whole name."""
    if is_to_come(name):
        return name.partition(".")[0], name
    message_id = find_mail(shell.house.db, name)
    with shell.house.db.read() as work:
        return work.outbox.get(message_id).round, message_id
