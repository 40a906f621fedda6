"""`tertial round plan YEAR`: all the year's rounds at once, each with what speaks against its dates."""

from workflow.cli.output import Column, Record, as_json, done, field, plain, result, say_warnings, table
from workflow.cli.rounds import COLUMNS as ROUND_COLUMNS
from workflow.cli.rounds import warnings_in_words
from workflow.cli.shell import BY, Shell
from workflow.services.listings import round_row
from workflow.services.years import Fate, YearRound, plan_year, year_ahead

WORDS = {
    Fate.PLANNED: "planned; opens by itself",
    Fate.HELD: "held until `tertial round confirm`",
    Fate.THERE: "planned already, left as it is",
    Fate.OVER: "over, not planned",
}
COLUMNS = (*(each for each in ROUND_COLUMNS if each.heading not in {"state", "editions"}), field("units", "units"))


def plan_the_year(shell: Shell, year: int, *, dry_run: bool, json: bool) -> None:
    house, now = shell.house, shell.now()
    ahead = year_ahead(house.db, house.plans(), house.form, year, calendar=house.calendar, now=now)
    planned = plan_year(shell.database(dry_run=dry_run), ahead, by=BY, now=now)
    rows = [_row(each) for each in planned]
    if json:
        as_json(rows)
        return
    table(rows, (*COLUMNS, Column("becomes", lambda record: WORDS[Fate(record["becomes"])])))
    for row in rows:
        _say_details(row)
    new = [each for each in planned if each.is_new]
    held = sum(each.fate is Fate.HELD for each in new)
    count = "1 round" if len(new) == 1 else f"{len(new)} rounds"
    done(f"Newly planned of {year}: {count}, of which {held} held for a person.", dry_run=dry_run)


def _row(each: YearRound) -> Record:
    return {
        **round_row(each.round),
        "becomes": str(each.fate),
        "units": len(each.readiness.units),
        "without_contact": [unit.id for unit in each.readiness.without_contact],
        "warnings": warnings_in_words(each.readiness),
    }


def _say_details(row: Record) -> None:
    if row["becomes"] == Fate.OVER:
        return
    if row["without_contact"]:
        result(plain(f"{row['round']}: without a contact: {', '.join(row['without_contact'])}"))
    say_warnings(f"{row['round']}: {warning}" for warning in row["warnings"])
