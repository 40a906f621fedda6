"""`tertial units import | list | export`."""

from pathlib import Path
from typing import Annotated

import typer

from workflow.cli import later
from workflow.cli.errors import in_words
from workflow.cli.output import (
    AsJson,
    Column,
    DryRunFlag,
    Record,
    Yes,
    as_json,
    done,
    due_of,
    field,
    listing,
    note,
    result,
    table,
    time_of,
    write_new,
)
from workflow.cli.shell import BY, Shell, command, confirm
from workflow.domain.errors import UnknownUnitError
from workflow.domain.roster import Change, ChangeKind, roster_changes
from workflow.services import punctuality
from workflow.services.listings import meant, unit_rows
from workflow.services.roster import import_roster, roster_of

app = typer.Typer()

COLUMNS = (
    *(field(key, key) for key in ("id", "name", "short", "kind", "valid_from", "valid_to", "reports")),
    field("contact", "contact_name"),
    field("address", "contact_email"),
)
CHANGES = (
    field("change", "kind"),
    field("unit", "unit"),
    field("column", "field"),
    field("before", "before"),
    field("after", "after"),
)
PUNCTUALITY = (
    field("unit", "unit"),
    field("name", "name"),
    *(
        field(heading, key, right=True)
        for heading, key in (
            ("rounds", "rounds"),
            ("in time", "in_time"),
            ("late", "late"),
            ("excused", "excused"),
            ("never came", "never"),
            ("still open", "open"),
        )
    ),
)
RECORDS = (
    field("round", "round"),
    field("outcome", "outcome"),
    Column("days late", lambda record: record["days_late"] or "", right=True),
    due_of("due", "due_at"),
    time_of("came in", "received_at"),
)


@command(app, "import")
def import_(
    shell: Shell,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="CSV like units.csv, or .xlsx.")
    ],
    *,
    dry_run: DryRunFlag = False,
    json: AsJson = False,
    yes: Yes = False,
) -> None:
    """Put a sheet in the register's place, and show each change."""
    if faults := later.roster.check_roster(file):
        for fault in faults:
            note(in_words(fault))
        raise typer.Exit(1)
    roster = later.roster.load_roster(file)
    changes = roster_changes(roster_of(shell.house.db), roster)
    rows = [_row(change) for change in changes]
    if json:
        as_json(rows)
    else:
        table(rows, CHANGES)
    removed = sum(change.kind is ChangeKind.REMOVED for change in changes)
    if removed and not dry_run:
        confirm(f"Remove {removed} units from the register?", yes=yes)
    import_roster(shell.database(dry_run=dry_run), roster, by=BY, now=shell.now())
    if not json:
        done(f"{len(changes)} changes, {len(roster.units)} units in the register.", dry_run=dry_run)


def _row(change: Change) -> Record:
    return {
        "kind": str(change.kind),
        "unit": change.unit,
        "field": change.field,
        "before": change.before,
        "after": change.after,
    }


@command(app, "list")
def list_units(shell: Shell, *, json: AsJson = False) -> None:
    """The register of units and contacts."""
    listing(unit_rows(shell.house.db), COLUMNS, json_too=json, empty="The register is empty: `tertial units import`.")


@command(app, "punctuality")
def show_punctuality(
    shell: Shell,
    unit: Annotated[str, typer.Argument(metavar="[UNIT]", help="Without it: every unit, one line each.")] = "",
    *,
    json: AsJson = False,
) -> None:
    """How units have kept their last days over the rounds; in order of names, never of failures."""
    if not unit:
        rows = [punctuality.unit_row(each) for each in punctuality.of_all(shell.house.db)]
        listing(rows, PUNCTUALITY, json_too=json, empty="No round has been opened yet.")
        return
    found = punctuality.of_unit(shell.house.db, unit)
    if found is None:
        known = {each.id for each in roster_of(shell.house.db).units}
        if unit not in known:
            raise UnknownUnitError(unit=unit, hint=meant(unit, known))
    records = [punctuality.record_row(each) for each in found.records] if found else []
    listing(records, RECORDS, json_too=json, empty=f"{unit} has not taken part in any round yet.")


@command(app, "export")
def export(
    shell: Shell,
    *,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Without it: stdout.")] = None,
    yes: Yes = False,
) -> None:
    """Write the register as the file that import reads: CSV, or a spreadsheet where FILE ends in .xlsx."""
    roster = roster_of(shell.house.db)
    if output and output.suffix.casefold() == ".xlsx":
        write_new(output, later.roster.write_spreadsheet(roster.units, roster.contacts), yes=yes)
    elif output:
        write_new(output, later.roster.write_roster(roster.units, roster.contacts).encode(), yes=yes)
    else:
        result(later.roster.write_roster(roster.units, roster.contacts).removesuffix("\n"))
