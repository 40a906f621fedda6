"""`tertial demo | up | worker | scheduler | web`: the processes."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from workflow.adapters.clock import set_now
from workflow.adapters.processes import StopSignal
from workflow.cli import later
from workflow.cli.output import note, result
from workflow.cli.shell import BY, Shell, command
from workflow.domain.errors import RefusedError
from workflow.services import access
from workflow.services.roster import import_roster

app = typer.Typer()

Port = Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="The pages' port.")]


@command(app, "demo")
def demo(
    _shell: Shell,
    *,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where to leave what it makes.")] = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End instead of showing the pages.")] = False,
    port: Port = 0,
) -> None:
    """A whole round in fast-forward, with real processes; then the pages."""
    serve = not no_serve and sys.stdout.isatty()  # without a terminal nobody could end it
    if code := later.demo.run(out=out, serve=serve, port=port or None):
        raise typer.Exit(code)


@command(app, "up")
def up(shell: Shell, *, port: Port = 0) -> None:
    """Everything in one command, on this machine, until Ctrl-C."""
    settings = _on_port(shell, port)
    note("Starting …")
    with StopSignal() as stop, later.up.running(settings, mail_folder=settings.mail_folder) as running:
        house = later.bootstrap.build(running.settings)
        _first_start(house)
        result(f"Pages:   {house.office.base_url}")
        if not running.settings.production:
            result(f"Mails:   {house.office.base_url}/postlada")
        result(f"Data:    {running.settings.data_dir}")
        note("Ctrl-C stops it.")
        sys.stdout.flush()
        stop.wait()
        note("Stopping …")


def _on_port(shell: Shell, port: int) -> "later.settings.Settings":
    """The settings with --port; the address in mails follows it where it named the old one."""
    settings = _frozen_clock(shell, shell.settings())
    old = f"http://{settings.host}:{settings.port}"
    if not port:
        return settings
    base_url = f"http://{settings.host}:{port}" if settings.base_url == old else settings.base_url
    return settings.model_copy(update={"port": port, "base_url": base_url})


def _first_start(house: "later.bootstrap.App") -> None:
    """An empty register is filled from config/units.csv, and a first coordinator gets a password for one login."""
    with house.db.read() as work:
        no_units, no_accounts = not work.people.units(), not work.access.accounts()
    if no_units:
        roster = later.roster.load_roster(house.resources.config("units.csv"))
        import_roster(house.db, roster, by=BY, now=house.now())
        result(f"The register was empty: {len(roster.units)} units read from {house.resources.config('units.csv')}.")
    if no_accounts:
        email, password = f"samordnare@{house.office.mail_domain}", house.secrets.new_id()
        access.add_account(
            house.db,
            email=email,
            name="Samordnare",
            password=password,
            secrets=house.secrets,
            now=house.now(),
            once=True,
        )
        result(f"Log in:  {email}")
        result(f"         {password}  (for one login; then `tertial account reset {email}`)")


# --- the production processes ------------------------------------------------


@command(app, "worker", pass_on=True)
def worker(shell: Shell) -> None:
    """One worker; what else is given goes on to Celery."""
    _become(shell, "tasks.worker", needs_broker=True)


@command(app, "scheduler", pass_on=True)
def scheduler(shell: Shell) -> None:
    """The scheduler. A second one does no harm, and no good."""
    _become(shell, "tasks.scheduler", needs_broker=True)


@command(app, "web", pass_on=True)
def web(shell: Shell) -> None:
    """The pages."""
    _become(shell, "workflow.web")


class NoBrokerError(RefusedError):
    sentence = "Ingen Redis är angiven. Sätt REDIS_URL, eller kör allt på en maskin med `tertial up`."


def _become(shell: Shell, module: str, *, needs_broker: bool = False) -> None:
    """Turn this process into the other one: signals and exit codes are its own. Raises NoBrokerError."""
    settings = _frozen_clock(shell, shell.settings())
    if needs_broker and not settings.redis_url:
        raise NoBrokerError
    argv = later.up.python(module, *shell.rest)
    sys.stdout.flush()
    os.execve(argv[0], argv, later.settings.as_environment(settings))  # noqa: S606 - our own words; no shell wanted


def _frozen_clock(shell: Shell, settings: "later.settings.Settings") -> "later.settings.Settings":
    """--now for processes: the clock file of a rehearsal, which all of them share."""
    if shell.given_now is None:
        return settings
    clock = settings.data_dir / "rehearsal-clock.json"
    set_now(clock, shell.given_now)
    return settings.model_copy(update={"clock_file": clock})
