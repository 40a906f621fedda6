"""`tertial db upgrade | backup | restore`."""

import sys
from itertools import count
from pathlib import Path
from typing import Annotated

import typer

from workflow.cli import later
from workflow.cli.output import DryRunFlag, Yes, done, note
from workflow.cli.shell import BY, Shell, command, confirm, fail
from workflow.services.audit import anchor_restored
from workflow.services.holding import RESTORED, hold_planned

app = typer.Typer()


@command(app, "upgrade")
def upgrade(shell: Shell, *, dry_run: DryRunFlag = False) -> None:
    """Bring the schema up to date; make the database if there is none."""
    settings = shell.settings()
    before, after = later.migrate.current(settings.database_url), later.migrate.head()
    if not dry_run:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        later.migrate.upgrade(settings.database_url)
    done(f"Schema {after} (was {before or 'empty'}).", dry_run=dry_run)


@command(app, "backup")
def backup(
    shell: Shell, file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="Must not exist yet.")]
) -> None:
    """Write the whole database into one checked file, while everything runs on."""
    settings = shell.settings()
    later.backup.take(settings.database_url, file)
    done(f"{file}: {file.stat().st_size} bytes.")
    note(f"Not in it: the secret key that links depend on (SECRET_KEY, or {settings.data_dir / 'secret.key'}).")


@command(app, "restore")
def restore(
    shell: Shell,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    *,
    yes: Yes = False,
) -> None:
    """Put a backup in the database's place, and hold every mail that it would send."""
    settings = shell.settings()
    url = settings.database_url
    if shell.own_broker_runs():
        fail("`tertial up` is running on this data folder. Stop it first.")
    overwrite = yes or _agreed(url)
    later.backup.check(url, file)
    kept = _keep_present(shell, url) if overwrite else None
    later.backup.put_back(url, file, overwrite=overwrite)
    anchor_restored(shell.house.db, shell.house.anchors, now=shell.now())  # before the log goes on
    held = hold_planned(shell.house.db, why=RESTORED, by=BY, now=shell.now())
    done(f"{file} is restored.")
    if kept:
        note(f"What was there before is kept in {kept}.")
    note(f"{held} mails are held: since the backup was taken they may have gone. Look at them with")
    note(
        "`tertial mail list --state held`; let them go with `tertial mail release`, or `tertial mail skip` single ones."
    )


def _agreed(url: str) -> bool:
    """Whether somebody at a terminal says that what is in the database may go. A script must say --yes."""
    if later.backup.is_empty(url) or not sys.stdin.isatty():
        return False
    confirm("The database is not empty. Replace what is in it?", yes=False)
    return True


def _keep_present(shell: Shell, url: str) -> Path | None:
    """What is in the database goes aside first: a restore of the wrong file can be undone."""
    if later.backup.is_empty(url):
        return None
    folder = shell.settings().data_dir
    target = next(path for number in count(1) if not (path := folder / f"before-restore-{number}.backup").exists())
    later.backup.take(url, target)
    return target
