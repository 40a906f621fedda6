"""What every command has: the house behind the settings, --now and --data, and errors that end as one message."""

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from functools import cached_property, wraps
from pathlib import Path
from typing import Annotated

import typer

from workflow.cli import later, typed
from workflow.cli.dryrun import DryRun
from workflow.cli.errors import said
from workflow.domain.errors import RefusedError
from workflow.ports import Database, Job

BY = "cli"
"""Who decided, in the log, when a command did it."""

Now = Annotated[str, typer.Option("--now", metavar="INSTANT", help="Act as if it were then (not in production).")]
Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The data folder.", file_okay=False)]

_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


class NoSchemaError(RefusedError):
    sentence = "Databasen är inte förberedd för den här versionen. Kör `tertial db upgrade`."


class Shell:
    """One command's view of the house; built only when the command asks for it."""

    def __init__(self, now: str, data: Path | None, rest: Sequence[str]) -> None:
        """`rest` are arguments for the process that a command becomes. --now in production is a usage error."""
        self.rest = tuple(rest)
        self.given_now = typed.usage_instant(now, "--now", clock="00:00") if now else None
        self._data = data
        if now:
            self.settings()

    def settings(self, **changes: object) -> "later.settings.Settings":
        """Raises SettingsError; a usage error for --now in production."""
        if self._data:
            changes["data_dir"] = self._data
        found = later.settings.load_settings(**changes)
        if found.production and self.given_now:
            raise typer.BadParameter("Production has only the real clock.", param_hint="--now")
        return found

    @cached_property
    def house(self) -> "later.bootstrap.App":
        """The wired house on a database that is ready. Raises SettingsError, NoSchemaError."""
        found = self.settings()
        if not later.migrate.is_current(found.database_url):
            raise NoSchemaError
        if not found.redis_url:  # the broker that `tertial up` runs in this data folder, if it does
            found = found.model_copy(update={"redis_url": self._own_broker(found).url})
        return later.bootstrap.build(found, now=self.given_now)

    def database(self, *, dry_run: bool = False) -> Database:
        return DryRun(self.house.db) if dry_run else self.house.db

    def now(self) -> datetime:
        return self.house.now()

    def close(self) -> None:
        """Let go of the database, if it was ever opened."""
        built = vars(self).get("house")
        if built is not None:
            built.db.close()

    def nudge(self, job: Job) -> None:
        """Ask for a job soon; without a running broker the next tick asks for it."""
        if self.house.settings.redis_url != self._own_broker(self.house.settings).url or self.own_broker_runs():
            self.house.queue.ask(job)

    def own_broker_runs(self) -> bool:
        """Whether `tertial up` is running on this data folder."""
        return self._own_broker(self.settings()).ready()

    @staticmethod
    def _own_broker(settings: "later.settings.Settings") -> "later.broker.EmbeddedValkey":
        return later.broker.EmbeddedValkey(settings.data_dir / "valkey")


def command(
    app: typer.Typer, name: str, *, pass_on: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function a command: it gets a Shell first, and its command line also takes --now and --data.

    `pass_on` leaves arguments that it does not know in `Shell.rest`, for the process it becomes.
    """

    def register(do: Callable[..., None]) -> Callable[..., None]:
        @wraps(do)
        def run(ctx: typer.Context, *, now: str, data: Path | None, **given: object) -> None:
            shared = ctx.find_root().obj  # tertial --now … COMMAND means the same
            with _guarded(), closing(Shell(now or shared["now"], data or shared["data"], ctx.args)) as shell:
                do(shell, **given)

        own = list(inspect.signature(do).parameters.values())[1:]
        everywhere = [
            inspect.Parameter("now", inspect.Parameter.KEYWORD_ONLY, default="", annotation=Now),
            inspect.Parameter("data", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Data),
        ]
        context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
        keyword_only = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
        parameters = [context, *keyword_only, *everywhere]
        run.__dict__["__signature__"] = inspect.Signature(parameters)  # what typer reads
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        app.command(name, context_settings=_PASS_ON if pass_on else None)(run)
        return do

    return register


@contextmanager
def _guarded() -> Iterator[None]:
    """What a person can do something about becomes a message on stderr and exit code 1."""
    try:
        yield
    except Exception as error:
        message = None if isinstance(error, (typer.Exit, typer.Abort)) else said(error)
        if message is None:
            raise
        fail(message)


def fail(message: str) -> None:
    """Say why, and end with exit code 1."""
    typer.echo(message, err=True)
    raise typer.Exit(1)


def confirm(question: str, *, yes: bool) -> None:
    """Ask where somebody sits at a terminal; a script has decided already."""
    if not yes and sys.stdin.isatty():
        typer.confirm(question, abort=True, err=True)
