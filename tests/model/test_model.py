"""Model and system, step by step: in memory, on SQLite and on PostgreSQL."""

from collections.abc import Callable
from pathlib import Path
from shutil import copyfile
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.conftest import empty_postgres
from tests.model.machine import Machine
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine
from workflow.adapters.db.guards import SqlGuards

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

    def new_url() -> str:
        file = tmp_path / f"{uuid4().hex}.sqlite"
        copyfile(sqlite_template, file)
        return f"sqlite:///{file}"

    run_state_machine_as_test(_stored_at(new_url), settings=effort(200, 50) if LONG else effort(4, 30))


@pytest.mark.postgres
@pytest.mark.timeout(7200 if LONG else 120)
def test_on_postgres(postgres_migrated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run on the same database, emptied; its host's clock is today's, and the play is of 2027."""
    monkeypatch.setattr(SqlGuards, "outside_time", lambda _: None)

    def new_url() -> str:
        empty_postgres(postgres_migrated)
        return postgres_migrated

    run_state_machine_as_test(_stored_at(new_url), settings=effort(200, 50) if LONG else effort(4, 30))


def _stored_at(new_url: Callable[[], str]) -> type[Machine]:
    class Stored(Machine):
        def make_database(self) -> SqlDatabase:
            self.stored = SqlDatabase(make_engine(new_url()))
            return self.stored

        def teardown(self) -> None:
            try:
                super().teardown()
            finally:
                self.stored.close()

    return Stored
