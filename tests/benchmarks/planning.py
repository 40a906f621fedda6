"""How opening, planning and preview of a round grow with the number of units.

Every size is ten times the one before; a step is linear when it takes at most eleven times as long. Reminders are
planned for all units at once, which is the worst tick of a round.
"""

import argparse
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tests.benchmarks.counting import Counted, Step, counted
from tests.benchmarks.hand import KEY
from tests.benchmarks.shelf import NOW, POSTGRES, SQLITE, Shelf, the_round
from tests.benchmarks.table import Target, machine, median, say, say_table
from tests.builders import a_contact, a_unit
from workflow.adapters.db import migrate
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.secrets import KeySecrets
from workflow.domain.calendar import swedish_calendar
from workflow.domain.errors import RefusedError
from workflow.domain.people import Role, UnitKind
from workflow.domain.rounds import Round, RoundState
from workflow.services import preview, reminders, rounds

TIMES = 10
LINEAR = Target(11, f"× for {TIMES} × the units", is_ceiling=True)
OPENED = Target(15, "s of database work for 1,000,000 at this pace", is_ceiling=True)
MILLION = 1_000_000
SECRETS = KeySecrets(KEY)
CALENDAR = swedish_calendar()
KINDS = (UnitKind.FACKNAMND, UnitKind.STADSDELSNAMND, UnitKind.BOLAG)
OPEN = "open"


@dataclass(frozen=True, slots=True)
class Stage:
    """A house with a register of units, and its round that has yet to open."""

    db: SqlDatabase
    round: Round

    def preview_before(self) -> None:
        preview.preview_round(self.db, self.round, calendar=CALENDAR, now=NOW)

    def open(self) -> None:
        rounds.open_round(self.db, self.round.id, secrets=SECRETS, calendar=CALENDAR, now=NOW)

    def open_again(self) -> None:
        try:
            self.open()
        except RefusedError:
            return
        raise AssertionError("a round was opened twice")

    def preview_open(self) -> None:
        opened = rounds.find_round(self.db, self.round.id)
        preview.preview_round(self.db, opened, calendar=CALENDAR, now=NOW)

    def plan(self) -> None:
        assert self._planned(), "nothing was planned"

    def plan_again(self) -> None:
        assert not self._planned(), "planned twice"

    def _planned(self) -> int:
        last_day = min(self.round.due_at.values())
        return reminders.plan_due(self.db, secrets=SECRETS, calendar=CALENDAR, now=last_day)


STEPS: dict[str, Callable[[Stage], None]] = {
    "preview before opening": Stage.preview_before,
    OPEN: Stage.open,
    "open again: refused": Stage.open_again,
    "plan a reminder for each": Stage.plan,
    "plan again: 0 new": Stage.plan_again,
    "preview while open": Stage.preview_open,
}


def settle_in(db: SqlDatabase, units: int) -> Stage:
    """A contact for everybody, and a deputy for every third."""
    some = [
        a_unit(id=f"u{number}", name=f"Nämnd {number}", short=f"N{number}", kind=KINDS[number % len(KINDS)])
        for number in range(units)
    ]
    people = [a_contact(unit=each.id, email=f"a@{each.id}.example") for each in some]
    people += [a_contact(unit=each.id, email=f"b@{each.id}.example", role=Role.DEPUTY) for each in some[::3]]
    with db.begin() as work:
        work.people.replace(some, people)
    round_ = replace(the_round(), state=RoundState.PLANNED, opened_at=None)
    rounds.plan_round(db, round_, by="benchmark", now=NOW)
    return Stage(db, round_)


def play(house: Counted, units: int) -> dict[str, Step]:
    stage = settle_in(house.db, units)
    return {name: house.time(partial(step, stage)) for name, step in STEPS.items()}


Taken = dict[int, list[dict[str, Step]]]


def rows(taken: Taken) -> list[tuple[str, ...]]:
    """One for each step and size, with its growth since the size before."""
    found: list[tuple[str, ...]] = []
    for name in STEPS:
        before: tuple[int, float, float] | None = None
        for units, runs in taken.items():
            seconds, cpu = (median(getattr(each[name], what) for each in runs) for what in ("seconds", "cpu"))
            comparable = before if before and units == TIMES * before[0] else None
            growth = (seconds / comparable[1], cpu / comparable[2]) if comparable else ()
            verdicts = [f"{what}: {LINEAR.judge(each)}" for what, each in zip(("clock", "CPU"), growth, strict=False)]
            if name == OPEN:
                in_database = median(each[name].in_database for each in runs)
                verdicts.append(OPENED.judge(round(in_database / units * MILLION, 1)))
                verdicts.append(f"{in_database:.2f} s in the database")
            found.append(
                (
                    f"{name}, {units:,} units",
                    f"{seconds:.3f}",
                    f"{cpu:.3f}",
                    f"{cpu / units * 1e6:.0f}",
                    " / ".join(f"{each:.1f}" for each in growth),
                    f"{runs[0][name].statements:,}",
                    f"{runs[0][name].peak:,}",
                    "  " + "; ".join(verdicts),
                )
            )
            before = (units, seconds, cpu)
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--units", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--db", choices=(SQLITE, POSTGRES), default=SQLITE)
    parser.add_argument("--folder", type=Path, help="where the databases lie; default: a temporary folder")


def main(given: argparse.Namespace) -> None:
    with ExitStack() as stack:
        shelf = Shelf(Path(stack.enter_context(tempfile.TemporaryDirectory(dir=given.folder))), stack)
        say(machine(), shelf.describe(given.db), "")
        taken: Taken = {units: [] for units in sorted(given.units)}
        for _ in range(given.rounds):
            for units, runs in taken.items():
                with shelf.empty(given.db) as url:
                    migrate.upgrade(url)
                    with counted(url) as house:
                        runs.append(play(house, units))
        say_table(
            ("", "s", "CPU s", "CPU µs/unit", "growth of both", "statements", "MB at most", "  targets"), rows(taken)
        )
