"""`tertial mail list | show | retry | skip | release`; by_hand.py has hold and note."""

from typing import Annotated

import typer

from workflow.cli.by_hand import act, is_to_come
from workflow.cli.output import (
    AsJson,
    DryRunFlag,
    Record,
    Yes,
    as_json,
    at,
    done,
    field,
    listing,
    plain,
    result,
    time_of,
)
from workflow.cli.shell import BY, Shell, command, confirm, fail
from workflow.cli.typed import round_named
from workflow.domain.messages import MESSAGE_MOVES, Message, MessageState
from workflow.ports import Job
from workflow.services import outbox
from workflow.services.by_hand import Deed
from workflow.services.holding import release_held
from workflow.services.listings import find_mail, mail_document, mail_rows

app = typer.Typer()

MailId = Annotated[str, typer.Argument(metavar="ID", help="The id, or enough of its beginning.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it stands in the ledger.")]

COLUMNS = (
    field("id", "id"),
    time_of("due", "due_at"),
    field("unit", "unit"),
    field("mail", "kind"),
    field("slot", "slot"),
    field("state", "state"),
    field("to", "to"),
    time_of("sent", "sent_at"),
    field("reason", "reason"),
)


@command(app, "list")
def list_mails(
    shell: Shell,
    round_: Annotated[str, typer.Argument(metavar="[ROUND]", help="Only of this round.")] = "",
    *,
    state: Annotated[list[MessageState] | None, typer.Option("--state", help="Only in this state. Repeatable.")] = None,
    json: AsJson = False,
) -> None:
    """The ledger: every mail that has gone, will go, or did not go and why."""
    listing(mail_rows(shell.house.db, round_named(round_), state or ()), COLUMNS, json_too=json, empty="No mail.")


@command(app, "show")
def show(shell: Shell, mail: MailId, *, json: AsJson = False) -> None:
    """One mail, with every try to hand it over."""
    document = mail_document(shell.house.db, find_mail(shell.house.db, mail))
    if json:
        as_json(document)
        return
    for line in _lines(document):
        result(line)


def _lines(document: Record) -> list[str]:
    heading = [
        f"{document['id']}  {document['kind']} {document['slot']}  {document['state']} {document['reason']}",
        f"{document['round']} {document['unit']}  due {at(document['due_at'])}  sent {at(document['sent_at']) or '-'}",
        f"To: {document['to']}",
        *(f"Copy: {copy}" for copy in document["copies"]),
        f"Subject: {document['subject']}",
        f"Attached: {', '.join(document['attachments']) or '-'}",
    ]
    tries = [
        f"Try {each['number']}: {each['outcome']} at {each['phase']} {each['code'] or ''} {each['text']}"
        for each in document["tries"]
    ]
    return [plain(line) for line in (*heading, *tries, "", *document["text"].splitlines())]


@command(app, "retry")
def retry(shell: Shell, mail: MailId, *, reason: Why, dry_run: DryRunFlag = False) -> None:
    """Send a mail again that failed, or whose fate is unknown.

    A reminder to somebody who has had one today goes on the next working day, and the command says when.
    """
    message = _movable(shell, mail, MessageState.PLANNED)
    again = outbox.send_again(
        shell.database(dry_run=dry_run), message.id, by=BY, why=reason, calendar=shell.house.calendar, now=shell.now()
    )
    if not dry_run:
        shell.nudge(Job.DELIVER)
    when = f" {at(again.due_at.isoformat())}: its reader has had a reminder today" if again.due_at > shell.now() else ""
    done(f"{message.id} goes again{when}.", dry_run=dry_run)


@command(app, "skip")
def skip(shell: Shell, mail: MailId, *, reason: Why, dry_run: DryRunFlag = False) -> None:
    """Decide that a planned mail does not go, or one to come, such as 2027-T1.sdn-haa.T-5."""
    if is_to_come(mail):
        act(shell, mail, Deed.SKIP, reason, dry_run=dry_run)
        return
    message = _movable(shell, mail, MessageState.SKIPPED)
    outbox.skip(shell.database(dry_run=dry_run), message.id, by=BY, why=reason, now=shell.now())
    done(f"{message.id} is skipped.", dry_run=dry_run)


@command(app, "release")
def release(
    shell: Shell,
    mail: Annotated[str, typer.Argument(metavar="[MAIL]", help="One that was held or skipped by hand.")] = "",
    *,
    dry_run: DryRunFlag = False,
    yes: Yes = False,
) -> None:
    """Let one mail go; without MAIL all that was held back after a restore (look at `mail list --state held` first)."""
    if mail:
        act(shell, mail, Deed.RELEASE, dry_run=dry_run)
        return
    if not dry_run:
        confirm("Send everything that the restore held back?", yes=yes)
    released = release_held(shell.database(dry_run=dry_run), by=BY, now=shell.now())
    if released and not dry_run:
        shell.nudge(Job.DELIVER)
    done(f"{released} mails are planned again.", dry_run=dry_run)


def _movable(shell: Shell, start: str, state: MessageState) -> Message:
    """The mail, if a person may decide this about it: what is under way is left alone."""
    with shell.house.db.read() as work:
        message = work.outbox.get(find_mail(shell.house.db, start))
    settled = message.state in {MessageState.SENDING, MessageState.HANDING, MessageState.SKIPPED}
    if settled or state not in MESSAGE_MOVES[message.state]:
        fail(f"{message.id} is {message.state}: it cannot become {state}.")
    return message
