"""Results on stdout as a table, JSON or CSV; notes on stderr; files that overwrite nothing."""

import csv
import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from workflow.cli import later, typed
from workflow.domain.errors import AlreadyExistsError

AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
DryRunFlag = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; keep nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

Record = Mapping[str, Any]
_WIDE = 240  # columns when nobody looks: a table in a file is not cut
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Column:
    """A heading and how its cell is made of a record."""

    heading: str
    cell: Callable[[Record], object]
    right: bool = False


def field(heading: str, key: str, *, right: bool = False) -> Column:
    return Column(heading, lambda record: record[key], right)


def time_of(heading: str, key: str) -> Column:
    """An ISO instant as local time."""
    return Column(heading, lambda record: at(record[key]))


def due_of(heading: str, key: str) -> Column:
    return Column(heading, lambda record: typed.shown_due(datetime.fromisoformat(record[key])))


def at(instant: str | None) -> str:
    return typed.shown(datetime.fromisoformat(instant)) if instant else ""


def result(text: str) -> None:
    typer.echo(text)


def note(text: str) -> None:
    typer.echo(text, err=True)


def say_warnings(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        result(plain(f"Warning: {sentence}"))


def done(text: str, *, dry_run: bool = False) -> None:
    """Say what has been done, or would have been."""
    result(f"Dry run, nothing is kept: {text}" if dry_run else text)


def as_json(document: object) -> None:
    result(json.dumps(document, ensure_ascii=False, indent=2))


def listing(records: Sequence[Record], columns: Sequence[Column], *, json_too: bool = False, empty: str = "") -> None:
    """The records as a table, or whole as JSON."""
    if json_too:
        as_json(list(records))
    elif records:
        table(records, columns)
    elif empty:
        note(empty)


def table(records: Iterable[Record], columns: Sequence[Column]) -> None:
    console = later.console.Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = later.console.Console(width=_WIDE, highlight=False, markup=False, emoji=False)
    shown = later.table.Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    for column in columns:
        shown.add_column(column.heading, justify="right" if column.right else "left", overflow="fold")
    for record in records:
        shown.add_row(*(plain(column.cell(record)) for column in columns))
    console.print(shown)


def as_csv(records: Iterable[Record], columns: Sequence[Column]) -> None:
    """CSV that no spreadsheet takes for formulas."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([column.heading for column in columns])
    for record in records:
        writer.writerow([_harmless(column.cell(record)) for column in columns])


def plain(value: object) -> str:
    """The value as text that cannot steer a terminal."""
    text = "" if value is None else str(value)
    return "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in text)


def _harmless(value: object) -> object:
    """OWASP, CSV injection: a cell that begins like a formula gets an apostrophe before it."""
    text = "" if value is None else value
    return f"'{text}" if isinstance(text, str) and text.startswith(_FORMULA) else text


def write_new(path: Path, data: bytes, *, yes: bool) -> None:
    """Write a file; one that is there may be somebody's filled-in form, and is replaced only with --yes."""
    if path.exists() and not yes:
        raise AlreadyExistsError(what=str(path))
    path.write_bytes(data)
    result(str(path))
