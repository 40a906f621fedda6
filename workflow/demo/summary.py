"""What the demo shows in the terminal: progress while it runs, a table at the end, where to look next."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from workflow.bootstrap import App
from workflow.demo.cast import FIRST_DAY, LAST_DAY, ROUND
from workflow.demo.stage import Folder, Stage
from workflow.domain import datewords
from workflow.domain.overview import Overview
from workflow.domain.submissions import State
from workflow.services.overview import overview

STATES = {
    State.NOT_STARTED: "Ej påbörjad",
    State.DRAFT: "Utkast",
    State.SUBMITTED: "Inlämnad",
    State.RETURNED: "Returnerad",
    State.APPROVED: "Godkänd",
    State.EXCUSED: "Undantagen",
}


WIDE = 110  # columns where no terminal sets a limit


class Screen:
    """Results on stdout, progress on stderr; no bar when stderr is no terminal."""

    def __init__(self) -> None:
        self._out = Console()
        if not self._out.is_terminal:
            self._out = Console(width=WIDE)
        self._err = Console(stderr=True)

    def says(self, text: str) -> None:
        self._err.print(text, highlight=False)

    @contextmanager
    def progress(self, stage: Stage) -> Iterator[Callable[[date], None]]:
        """Hand out the function that is told of each day that has passed."""
        days = (LAST_DAY - FIRST_DAY).days + 1
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._err, disable=not self._err.is_terminal) as bar:
            task = bar.add_task("", total=days)

            def passed(day: date) -> None:
                line = f"{datewords.day(day, 'sv', year=True)}: {_standing(stage.app)}"
                bar.update(task, advance=1, description=line)
                if not self._err.is_terminal and day.isoweekday() == 5:  # noqa: PLR2004 - a line each Friday
                    self.says(line)

            yield passed

    def table(self, app: App, folder: Folder) -> None:
        """Every unit's state, deadline and lateness, then what was left where."""
        view = overview(app.db, ROUND, calendar=app.calendar, now=app.now())
        self._out.print(_table(view.overview, view.round.title("sv")))
        self._out.print(_standing(app), highlight=False)
        self._out.print(f"Mejl:            {folder.mail}", soft_wrap=True, highlight=False)
        self._out.print(f"Samlad leverans: {folder.bundle}", soft_wrap=True, highlight=False)
        self._out.print(f"Status:          {folder.root / 'status.json'}", soft_wrap=True, highlight=False)

    def pages(self, url: str, email: str, password: str) -> None:
        self._out.print(f"\nSidorna:     {url}", highlight=False)
        self._out.print(f"Mejlen:      {url}/postlada", highlight=False)
        self._out.print(f"Logga in:    {email}", highlight=False)
        self._out.print(f"Lösenord:    {password}  (gäller en gång)", highlight=False)
        self._out.print("Avsluta med Ctrl-C.", highlight=False)


def _standing(app: App) -> str:
    """One line: how many of those that are to answer have, how many are late, how many need not."""
    with app.db.read() as work:
        if not any(each.id == ROUND and each.opened_at for each in work.rounds.all()):
            return "omgången har inte öppnat"
    counts = overview(app.db, ROUND, calendar=app.calendar, now=app.now()).overview
    excused = counts.counts[State.EXCUSED]
    line = (
        f"{counts.handed_in} av {len(counts.rows) - excused} inlämnade, {counts.counts[State.APPROVED]} godkända, "
        f"{len(counts.overdue)} försenade"
    )
    return f"{line}, {excused} undantagen" if excused else line


def _short(instant: datetime) -> str:
    return f"{datewords.moment_short(instant, 'sv')} {datewords.clock(instant, 'sv')}"


def _table(found: Overview, title: str) -> Table:
    table = Table(title=title, show_edge=False, pad_edge=False)
    table.add_column("Nämnd eller bolag")
    for heading in ("Läge", "Lämnas senast", "Kom in", "Försenad"):
        table.add_column(heading, no_wrap=True)
    for row in found.rows:
        submission = row.submission
        came = _short(submission.received_at) if submission.received_at else ""
        table.add_row(
            submission.unit_name,
            STATES[submission.state],
            _short(submission.due_at),
            came,
            datewords.late_words(row.late_days, "sv"),
        )
    return table
