"""How long the overview of a round takes, and how many queries, as the number of units grows.

Every unit has a contact and a mail that is planned, and the last day has passed for all of them: the longest list of
late ones there can be.
"""

import argparse
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from statistics import quantiles

from starlette.testclient import TestClient

from tests.benchmarks.counting import Step, counted
from tests.benchmarks.shelf import POSTGRES, SQLITE, Shelf
from tests.benchmarks.table import MET, NOT_MET, Target, machine, median, say, say_table
from tests.builders import DUE_AT, ROUND
from tests.fakes.queue import FakeQueue
from tests.web.houses import COORDINATOR, cheap_hash
from tests.web.office import sign_in
from workflow.bootstrap import build
from workflow.domain.calendar import swedish_calendar
from workflow.domain.messages import MessageKind
from workflow.domain.overview import Wanted
from workflow.domain.people import Account
from workflow.ports import Database
from workflow.services.listings import status_document
from workflow.services.overview import LATEST, Glance, glance
from workflow.settings import load_settings
from workflow.web.overview_page import PAGE, SHOWN

BOUNDS = {1_000_000: 200, 100_000: 100}  # milliseconds; smaller rounds must not be slower than the larger
FIRST_LATE = 50
LISTING = "status document"  # every unit of the round: no page of it, and no promise but that it grows as they do
LATE = DUE_AT + timedelta(days=3)


def measure(shelf: Shelf, db: str, units: int, runs: int) -> dict[str, list[Step]]:
    calendar = swedish_calendar()
    with shelf.copy(db, units, MessageKind.REMINDER) as url, counted(url) as house:
        look = partial(glance, house.db, ROUND, named=SHOWN, limit=PAGE, calendar=calendar, now=LATE)

        def page(wanted: Wanted, offset: int = 0) -> Glance:
            return look(wanted, offset=offset)

        def late() -> object:
            with house.db.read() as work:
                return work.standings.submissions(ROUND, LATEST, now=LATE, limit=PAGE)

        client = coordinator(house.db, url, shelf.folder)
        steps: dict[str, Callable[[], object]] = {
            "whole request": lambda: seen(client, ""),
            "whole request, late ones": lambda: seen(client, "?lage=overdue&ordning=late"),
            "page": lambda: page(Wanted()),
            "page of late ones": lambda: page(LATEST),
            "page 5": lambda: page(Wanted(), offset=4 * PAGE),
            "late ones alone": late,
            LISTING: lambda: status_document(house.db, ROUND, calendar=calendar, now=LATE),
        }
        return {
            name: [house.time(step) for _ in range(min(runs, 2) if name == LISTING else runs)]
            for name, step in steps.items()
        }


def coordinator(db: Database, url: str, folder: Path) -> TestClient:
    """Signed in at the site that shows this database."""
    house = replace(
        build(load_settings(data_dir=folder / "site", database_url=url), now=LATE), db=db, queue=FakeQueue()
    )
    email, password = COORDINATOR
    with db.begin() as work:
        work.access.add_account(Account(id="a-1", email=email, name="Karin", password_hash=cheap_hash(password)))
    return sign_in(house)


def seen(client: TestClient, query: str) -> None:
    answer = client.get(f"/omgang/{ROUND}{query}")
    assert answer.status_code == HTTPStatus.OK, answer.text


def row(name: str, units: int, runs: list[Step], fewest: int) -> tuple[str, ...]:
    spent = [each.seconds * 1000 for each in runs]
    late = quantiles(spent, n=20, method="inclusive")[-1] if len(spent) > 1 else spent[0]
    bound = (
        FIRST_LATE
        if name == "late ones alone"
        else BOUNDS.get(units, BOUNDS[100_000] if units < min(BOUNDS) else BOUNDS[1_000_000])
    )
    promise = (
        f"{late / units * 1000:.0f} µs/unit"
        if name == LISTING
        else Target(bound, "ms p95", is_ceiling=True).judge(late)
    )
    constant = f"same number of queries: {MET if runs[-1].statements == fewest else NOT_MET}"
    return (
        f"{name}, {units:,} units",
        f"{median(spent):.0f}",
        f"{late:.0f}",
        f"{median(each.cpu * 1000 for each in runs):.0f}",
        str(runs[-1].statements),
        f"  {promise}; {constant}",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--units", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--db", choices=(SQLITE, POSTGRES), default=SQLITE)
    parser.add_argument("--folder", type=Path, help="where the databases lie; default: a temporary folder")


def main(given: argparse.Namespace) -> None:
    with ExitStack() as stack:
        shelf = Shelf(Path(stack.enter_context(tempfile.TemporaryDirectory(dir=given.folder))), stack)
        say(machine(), shelf.describe(given.db), "")
        taken = {units: measure(shelf, given.db, units, given.runs) for units in sorted(given.units)}
        first = next(iter(taken.values()))
        rows = [
            row(name, units, steps[name], first[name][-1].statements)
            for name in first
            for units, steps in taken.items()
        ]
        say_table(("", "median ms", "p95 ms", "cpu ms", "queries", "  targets"), rows)
