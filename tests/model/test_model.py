"""Model and system, step by step: in memory and on SQLite."""

from pathlib import Path
from shutil import copyfile
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

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
    run_state_machine_as_test(Machine, settings=effort(2000, 50) if LONG else effort(60, 40))


@pytest.mark.timeout(7200 if LONG else 120)
def test_on_sqlite(sqlite_template: Path, tmp_path: Path) -> None:
    """Each run on a database of its own."""

    class OnSqlite(Machine):
        def make_database(self) -> SqlDatabase:
            file = tmp_path / f"{uuid4().hex}.sqlite"
            copyfile(sqlite_template, file)
            self.stored = SqlDatabase(make_engine(f"sqlite:///{file}"))
            return self.stored

        def teardown(self) -> None:
            try:
                super().teardown()
            finally:
                self.stored.close()

    run_state_machine_as_test(OnSqlite, settings=effort(200, 50) if LONG else effort(4, 30))
