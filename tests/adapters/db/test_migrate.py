"""The schema equals the migrations, on both databases, and the upgrade may be run by anyone at any time."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from tests.builders import a_message, an_account, an_attempt, an_office_message
from workflow.adapters.db import migrate
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine
from workflow.adapters.db.tables import metadata


def test_alembic_finds_no_difference(sql_url: str) -> None:
    engine = make_engine(sql_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def describe(engine: Engine) -> dict[str, object]:
    """What Alembic does not compare: checks, and the conditions of partial indexes."""
    inspector = inspect(engine)
    return {
        table: {
            "checks": {str(each["name"]): each["sqltext"] for each in inspector.get_check_constraints(table)},
            "indexes": {
                str(each["name"]): (
                    each["unique"],
                    each["column_names"],
                    str(each.get("dialect_options", {}).get(f"{engine.dialect.name}_where", "")),
                )
                for each in inspector.get_indexes(table)
            },
            "unique": sorted(str(each["name"]) for each in inspector.get_unique_constraints(table)),
            "references": sorted(str(each["name"]) for each in inspector.get_foreign_keys(table)),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_checks_and_conditions_are_the_same_too(sql_url: str, bare_url: str) -> None:
    migrated, made = make_engine(sql_url), make_engine(bare_url)
    metadata.create_all(made)
    found = describe(migrated)
    assert found == describe(made)
    assert "unknown" in str(found["outbox"])
    migrated.dispose()
    made.dispose()


def test_an_empty_database_is_brought_to_head_and_stays_there(bare_url: str) -> None:
    assert migrate.current(bare_url) == ""
    assert not migrate.is_current(bare_url)
    migrate.upgrade(bare_url)
    migrate.upgrade(bare_url)
    assert migrate.current(bare_url) == migrate.head() != ""
    assert migrate.is_current(bare_url)


def test_asking_for_the_revision_creates_no_file(tmp_path: Path) -> None:
    assert migrate.current(f"sqlite:///{tmp_path / 'none.sqlite'}") == ""
    assert list(tmp_path.iterdir()) == []


def test_several_may_upgrade_at_once(bare_url: str) -> None:
    migrate.head()  # Alembic is loaded once, before the threads start
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate.upgrade, [bare_url] * 4))
    assert migrate.is_current(bare_url)


def test_the_way_back_keeps_the_ledger_and_refuses_what_it_could_not_hold(
    sql_stocked: SqlDatabase, sql_url: str
) -> None:
    with sql_stocked.begin() as work:
        work.outbox.plan([a_message()])
        work.outbox.note(an_attempt())
        work.access.add_account(an_account(digest=False))
    there_and_back(sql_url, "0004")
    with sql_stocked.read() as work:
        assert work.outbox.list() == (a_message(),)
        assert work.outbox.attempts(a_message().id) == (an_attempt(),)
        assert work.access.accounts() == (an_account(digest=True),)
    with sql_stocked.begin() as work:
        work.outbox.plan([an_office_message()])
    with pytest.raises(IntegrityError):
        migrate.downgrade(sql_url, "0004")
    assert migrate.is_current(sql_url)
    with sql_stocked.read() as work:
        assert len(work.outbox.list()) == 2


def there_and_back(url: str, revision: str) -> None:
    migrate.downgrade(url, revision)
    migrate.upgrade(url)


def test_a_migration_that_leaves_broken_references_is_not_kept(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.execute(text("INSERT INTO links VALUES ('l', 's', 'r', '', '', '', NULL, NULL)"))
    engine.dispose()
    with pytest.raises(migrate.BrokenReferencesError):
        migrate.upgrade(sqlite_url)


def test_nobody_else_on_the_machine_can_read_a_new_sqlite_file(tmp_path: Path) -> None:
    migrate.upgrade(f"sqlite:///{tmp_path / 'new.sqlite'}")
    assert (tmp_path / "new.sqlite").stat().st_mode & 0o077 == 0
