"""Model and system, step by step: in memory and on SQLite."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.fakes.database import FakeDatabase
from tests.model.machine import Machine
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine

LONG = settings.get_current_profile_name() == "long"


def effort(runs: int, steps: int) -> settings:
    return settings(
        max_examples=runs, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
    )


@pytest.mark.timeout(7200 if LONG else 120)
def test_in_memory() -> None:
    run_state_machine_as_test(lambda: Machine(FakeDatabase), settings=effort(2000, 50) if LONG else effort(40, 40))


@pytest.fixture
def fresh(sqlite_template: Path, tmp_path: Path) -> Iterator[list[SqlDatabase]]:
    """Databases made so far, the newest last; each run has one of its own."""
    made: list[SqlDatabase] = []
    yield made
    for database in made:
        database.close()


@pytest.mark.timeout(7200 if LONG else 120)
def test_on_sqlite(fresh: list[SqlDatabase], sqlite_template: Path, tmp_path: Path) -> None:
    def make() -> SqlDatabase:
        while fresh:
            fresh.pop().close()
        path = tmp_path / "model.sqlite"
        for each in tmp_path.glob("model.sqlite*"):
            each.unlink()
        copyfile(sqlite_template, path)
        fresh.append(SqlDatabase(make_engine(f"sqlite:///{path}")))
        return fresh[-1]

    run_state_machine_as_test(lambda: Machine(make), settings=effort(100, 50) if LONG else effort(3, 25))
