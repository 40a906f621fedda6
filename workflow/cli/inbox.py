"""`tertial inbox fetch | serve | dispose`: how mail that comes in reaches us, and how old mail goes."""

from dataclasses import asdict
from typing import Annotated

import typer

from workflow.adapters.processes import StopSignal
from workflow.cli import later
from workflow.cli.output import AsJson, DryRunFlag, as_json, done, note, result
from workflow.cli.shell import BY, Shell, command
from workflow.domain.errors import RefusedError
from workflow.domain.incoming import IncomingMail
from workflow.ports import Job
from workflow.services.disposal import dispose

app = typer.Typer()

Place = Annotated[str, typer.Option("--lmtp", metavar="HOST:PORT", help="Where to listen, such as 127.0.0.1:2424.")]
_HIGHEST_PORT = 65535


class NoInboxError(RefusedError):
    sentence = "Ingen inkorg är angiven. Sätt IMAP_HOST och IMAP_USER."


@command(app, "fetch")
def fetch(shell: Shell, *, dry_run: DryRunFlag = False, json: AsJson = False) -> None:
    """Look into the mailbox over IMAP once, as the worker does by itself. --dry-run only counts."""
    inbox = later.bootstrap.make_inbox(shell.settings())
    if inbox is None:
        raise NoInboxError
    if dry_run:
        held = inbox.look()
        if json:
            as_json({"folders": held})
        else:
            done(", ".join(f"{name}: {count}" for name, count in held.items()), dry_run=True)
        return
    fetched = inbox.fetch(shell.house.take_in, shell.house.give_up)
    if fetched.taken:
        shell.nudge(Job.DELIVER)
    if json:
        as_json(asdict(fetched))
    else:
        result(f"{fetched.taken} taken in, {fetched.waiting} waiting, {fetched.set_aside} moved to {inbox.problems}.")


@command(app, "serve")
def serve(shell: Shell, *, lmtp: Place) -> None:
    """Take mail from a mail server by LMTP, until Ctrl-C. 250 means that it is in the database, 451 come again."""
    host, port = _place(lmtp)

    def take_in(mail: IncomingMail) -> None:
        shell.house.take_in(mail)
        shell.nudge(Job.DELIVER)

    with StopSignal() as stop:
        door = later.lmtp.LmtpDoor(host, port, take_in, shell.house.give_up, max_mb=shell.house.settings.max_upload_mb)
        result(f"LMTP on {host}:{door.start()}")
        note("Ctrl-C stops it.")
        stop.wait()
        door.stop()


@command(app, "dispose")
def dispose_of(
    shell: Shell,
    *,
    decision: Annotated[str, typer.Option("--decision", metavar="ID", help="The archive's decision it is done under.")],
    dry_run: DryRunFlag = False,
    json: AsJson = False,
) -> None:
    """Delete mails older than INBOX_KEEP_DAYS, of gathered rounds; never what waits for somebody or is not decided."""
    db, days = shell.database(dry_run=dry_run), shell.house.settings.inbox_keep_days
    gone = dispose(db, keep_days=days, decision=decision, by=BY, now=shell.now())
    if json:
        as_json({"deleted": [each.id for each in gone], "dry_run": dry_run})
    else:
        done(f"{len(gone)} mails deleted.", dry_run=dry_run)


def _place(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > _HIGHEST_PORT:
        raise typer.BadParameter(f"{text!r} is no HOST:PORT. Write 127.0.0.1:2424.", param_hint="--lmtp")
    return host, int(port)
