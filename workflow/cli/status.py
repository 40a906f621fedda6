"""`tertial status`: how every unit stands."""

from typing import Annotated

import typer

from workflow.cli.output import AsJson, Column, Record, as_csv, as_json, at, due_of, field, note, plain, table, time_of
from workflow.cli.shell import Shell, command
from workflow.cli.typed import round_named
from workflow.services.listings import current_round, status_document

app = typer.Typer()


def _contact(record: Record, key: str) -> str:
    return record["contact"][key] if record["contact"] else ""


def _next_mail(record: Record) -> str:
    mail = record["next_mail"]
    return f"{at(mail['at'])} {mail['kind']}" if mail else ""


def _progress(record: Record) -> str:
    return f"{record['answered']}/{record['questions']}"


COLUMNS = (
    field("unit", "unit"),
    field("name", "name"),
    field("state", "state"),
    Column("answered", _progress, right=True),
    due_of("due", "due_at"),
    Column("days late", lambda record: record["days_late"] or "", right=True),
    time_of("came in", "received_at"),
    Column("contact", lambda record: _contact(record, "name")),
    Column("next mail", _next_mail),
)
CSV_COLUMNS = (
    *(field(key, key) for key in ("unit", "name", "kind", "state", "answered", "questions", "due_at", "extended")),
    *(field(key, key) for key in ("days_late", "is_overdue", "received_at", "edition")),
    Column("contact_name", lambda record: _contact(record, "name")),
    Column("contact_email", lambda record: _contact(record, "email")),
    Column("next_mail", lambda record: record["next_mail"]["kind"] if record["next_mail"] else ""),
    Column("next_mail_at", lambda record: record["next_mail"]["at"] if record["next_mail"] else ""),
)


@command(app, "status")
def status(
    shell: Shell,
    round_: Annotated[str, typer.Argument(metavar="[ROUND]", help="Such as 2027-T1; without it the newest open.")] = "",
    *,
    late: Annotated[bool, typer.Option("--late", help="Only those that are late now, as on the page.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
    json: AsJson = False,
) -> None:
    """How every unit stands in a round."""
    if csv and json:
        raise typer.BadParameter("Choose --csv or --json.", param_hint="--csv")
    name = round_named(round_) or current_round(shell.house.db)
    document = status_document(shell.house.db, name, calendar=shell.house.calendar, now=shell.now())
    if late:
        document["units"] = [row for row in document["units"] if row["is_overdue"]]
    if json:
        as_json(document)
    elif csv:
        as_csv(document["units"], CSV_COLUMNS)
    else:
        table(document["units"], COLUMNS)
        note(_summary(document))


def _summary(document: Record) -> str:
    counts = document["counts"]
    states = ", ".join(f"{count} {state}" for state, count in counts.items() if count and state != "units")
    return plain(f"{document['round']} {document['state']}: {counts['units']} units ({states})")
