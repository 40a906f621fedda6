"""`tertial account add | reset | digest | list`."""

import sys
from typing import Annotated

import typer

from workflow.cli.output import AsJson, Column, DryRunFlag, done, field, listing, result
from workflow.cli.shell import BY, Shell, command
from workflow.domain.people import Account
from workflow.domain.roster import is_mailbox
from workflow.services import access
from workflow.services.listings import account_rows

app = typer.Typer()

SHORTEST = 12  # characters; NIST SP 800-63B-4 asks for 15 where nothing else protects, 8 where something does

Email = Annotated[str, typer.Argument(metavar="EMAIL")]
Once = Annotated[bool, typer.Option("--once", help="Make up a password that is good for one login, and print it.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]

COLUMNS = (
    field("address", "email"),
    field("name", "name"),
    Column("one-time", lambda record: "yes" if record["one_time"] else ""),
    Column("digest", lambda record: "yes" if record["digest"] else "no"),
)


@command(app, "add")
def add(
    shell: Shell,
    email: Email,
    *,
    name: Annotated[str, typer.Option("--name", help="As it is shown to others.")],
    once: Once = False,
    password_stdin: FromStdin = False,
) -> None:
    """A coordinator's account."""
    if not is_mailbox(email.strip()):
        raise typer.BadParameter(f"{email!r} is no mail address.", param_hint="EMAIL")
    if not name.strip():
        raise typer.BadParameter("is empty.", param_hint="--name")
    password = _password(shell, once=once, from_stdin=password_stdin)
    house = shell.house
    access.add_account(
        house.db, email=email, name=name, password=password, secrets=house.secrets, now=shell.now(), once=once
    )
    _told(email, password, once=once)


@command(app, "reset")
def reset(shell: Shell, email: Email, *, once: Once = False, password_stdin: FromStdin = False) -> None:
    """A new password for an account that exists."""
    house = shell.house
    access.find_account(house.db, email)
    password = _password(shell, once=once, from_stdin=password_stdin)
    access.reset_password(house.db, email=email, password=password, secrets=house.secrets, now=shell.now(), once=once)
    _told(email, password, once=once)


@command(app, "digest")
def digest(
    shell: Shell,
    email: Email,
    *,
    wanted: Annotated[bool | None, typer.Option("--on/--off", help="Left out: says how it is.")] = None,
    dry_run: DryRunFlag = False,
) -> None:
    """Whether a coordinator has the daily mail of what needs doing; without it, reviews that wait come alone."""
    if wanted is None:
        result(_digest_words(access.find_account(shell.house.db, email)))
        return
    account = access.choose_digest(shell.database(dry_run=dry_run), email=email, wanted=wanted, by=BY, now=shell.now())
    done(_digest_words(account), dry_run=dry_run)


@command(app, "list")
def list_accounts(shell: Shell, *, json: AsJson = False) -> None:
    """Who may log in."""
    listing(account_rows(shell.house.db), COLUMNS, json_too=json, empty="There is no account yet.")


def _digest_words(account: Account) -> str:
    return f"{account.email} has {'the daily mail' if account.digest else 'no daily mail, only reminders of reviews'}."


def _password(shell: Shell, *, once: bool, from_stdin: bool) -> str:
    """One-time ones are made up; others are typed twice, or come on standard input. Never on the command line."""
    if once:
        return shell.house.secrets.new_id()
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    else:
        raise typer.BadParameter(
            "no terminal to ask at: give --password-stdin or --once.", param_hint="--password-stdin"
        )
    if len(password) < SHORTEST:
        raise typer.BadParameter(f"the password needs at least {SHORTEST} characters.", param_hint="--password-stdin")
    return password


def _told(email: str, password: str, *, once: bool) -> None:
    done(f"{email} can log in.")
    if once:
        result(f"Password, for one login: {password}")
