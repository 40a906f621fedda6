"""The schema equals the migrations, on both databases, and the upgrade may be run by anyone at any time."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from tests.builders import (
    a_contact,
    a_message,
    a_recipient,
    a_round,
    a_submission,
    a_unit,
    an_account,
    an_attempt,
    an_office_message,
)
from workflow.adapters.db import migrate
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine
from workflow.adapters.db.losses import LosingDowngradeError
from workflow.adapters.db.tables import metadata
from workflow.domain.codes import LinkMode
from workflow.domain.rounds import RoundState


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
    with pytest.raises(LosingDowngradeError, match="1 coordinators who want no daily mail"):
        migrate.downgrade(sql_url, "0004")
    assert migrate.is_current(sql_url)
    there_and_back(sql_url, "0004", losing=True)
    with sql_stocked.read() as work:
        assert work.outbox.list() == (a_message(),)
        assert work.outbox.attempts(a_message().id) == (an_attempt(),)
        assert work.access.accounts() == (an_account(digest=True),)
    with sql_stocked.begin() as work:
        work.outbox.plan([an_office_message()])
    with pytest.raises(LosingDowngradeError, match="1 mails about no unit"):
        migrate.downgrade(sql_url, "0004")
    with pytest.raises(IntegrityError):
        migrate.downgrade(sql_url, "0004", losing=True)
    assert migrate.is_current(sql_url)
    with sql_stocked.read() as work:
        assert len(work.outbox.list()) == 2


def there_and_back(url: str, revision: str, *, losing: bool = False) -> None:
    migrate.downgrade(url, revision, losing=losing)
    migrate.upgrade(url)


def test_the_way_back_says_what_it_would_lose_and_loses_it_only_knowingly(sql_url: str) -> None:
    db = SqlDatabase(make_engine(sql_url))
    with db.begin() as work:
        work.people.replace([a_unit()], [a_contact(valid_to=date(2027, 12, 31))])
        work.rounds.add(a_round(state=RoundState.PLANNED, opened_at=None, confirmed=False))
    db.close()
    with pytest.raises(LosingDowngradeError, match="1 rounds that are held") as refused:
        migrate.downgrade(sql_url, "0003")
    assert "1 contacts' first and last days (kept since 0006)" in str(refused.value)
    assert "losing=True" in str(refused.value)
    assert migrate.is_current(sql_url)
    with pytest.raises(LosingDowngradeError, match="contacts") as later:
        migrate.downgrade(sql_url, "0005")
    assert "held" not in str(later.value), "what stays is not named"
    migrate.downgrade(sql_url, "0003", losing=True)
    assert migrate.current(sql_url) == "0003"
    migrate.upgrade(sql_url)


def test_links_that_ask_for_a_code_are_not_made_direct_unawares(sql_url: str) -> None:
    with closing(SqlDatabase(make_engine(sql_url))) as db, db.begin() as work:
        work.rounds.add(a_round(links=LinkMode.VERIFIED))
    with pytest.raises(LosingDowngradeError, match="1 rounds whose links ask for a code"):
        migrate.downgrade(sql_url, "0011")
    assert migrate.is_current(sql_url)
    there_and_back(sql_url, "0011", losing=True)
    with closing(SqlDatabase(make_engine(sql_url))) as db, db.read() as work:
        assert work.rounds.get("2027-T1").links is LinkMode.DIRECT


@pytest.mark.parametrize("state", ["sending", "handing", "unknown", "skipped"])
def test_what_may_go_again_after_the_upgrade_is_told_apart_by_its_address(
    sql_stocked: SqlDatabase, sql_url: str, state: str
) -> None:
    """Two units' reminders of one day, from before there was one mail a day: one of them can wear the belt."""
    with sql_stocked.begin() as work:
        work.submissions.add([a_submission(id="2027-T1.osby", unit="osby")])
        work.recipients.add([a_recipient(id="r-2", submission="2027-T1.osby")], [])
        work.outbox.plan([a_message(id="m-1"), a_message(id="m-2", submission="2027-T1.osby", recipient="r-2")])
    migrate.downgrade(sql_url, "0009")
    engine = make_engine(sql_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE outbox SET state = :state, local_day = '2027-05-21'"), {"state": state})
    migrate.upgrade(sql_url)
    with engine.begin() as connection:
        addresses = connection.execute(text("SELECT address FROM outbox ORDER BY id")).scalars().all()
    engine.dispose()
    asa = "asa.pahittad@norrby.example"
    assert addresses == [asa, asa if state == "skipped" else ""]


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
