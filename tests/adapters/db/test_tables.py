"""The last guard: what the database itself refuses, whatever code writes to it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from tests.builders import NOW, a_file, a_message, an_answer, an_attachment, an_attempt, an_edition, an_event
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine
from workflow.adapters.db.tables import APPEND_ONLY
from workflow.domain.messages import UNDELIVERED, MessageState


def run(url: str, statement: str) -> None:
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


@pytest.fixture
def filled(sql_stocked: SqlDatabase) -> SqlDatabase:
    """A row in every table that is kept for ever."""
    with sql_stocked.begin() as work:
        work.drafts.save("2027-T1.norrby", an_answer(), by="r-1", at=NOW)
        work.attachments.add(an_attachment(), b"%PDF")
        work.editions.add(an_edition(files=(a_file(),)))
        work.outbox.plan([a_message()])
        work.outbox.note(an_attempt())
        work.log.append(an_event())
    return sql_stocked


@pytest.mark.parametrize("table", [table.name for table in APPEND_ONLY])
@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM {table}", "UPDATE {table} SET {column} = {column}"],
    ids=["delete", "update"],
)
def test_what_is_kept_for_ever_cannot_be_changed(filled: SqlDatabase, sql_url: str, table: str, statement: str) -> None:
    column = "kind" if table == "events" else "message" if table == "attempts" else "submission"
    with pytest.raises(DBAPIError, match="append-only"):
        run(sql_url, statement.format(table=table, column=column))
    with filled.read() as work:
        assert len(work.log.all()) == len(work.editions.of("2027-T1.norrby")) == 1
        assert work.drafts.of("2027-T1.norrby") == {"etableringar": an_answer()}
        assert work.outbox.attempts(a_message().id) == (an_attempt(),)


@pytest.mark.postgres
def test_nor_emptied_in_one_go(postgres_url: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        run(postgres_url, "TRUNCATE events")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rounds SET state = 'asleep'",
        "UPDATE submissions SET state = 'open'",
        "UPDATE submissions SET kind = 'klubb'",
        "UPDATE recipients SET role = 'friend'",
        "UPDATE outbox SET state = 'lost'",
        "UPDATE outbox SET kind = 'newsletter'",
        "INSERT INTO audit_head VALUES (2, 0, '')",
        "INSERT INTO events SELECT 0, kind, actor, at, round, submission, message, data, previous, 'x' FROM events",
        "DELETE FROM rounds",
    ],
)
def test_what_the_domain_does_not_know_is_refused(filled: SqlDatabase, sql_url: str, statement: str) -> None:
    with pytest.raises(IntegrityError):
        run(sql_url, statement)


def test_what_a_worker_asks_every_tick_finds_its_index(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    asked: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _k, sql, values, *_: asked.append((sql, values)))
    with SqlDatabase(engine).begin() as work:
        work.outbox.due(NOW, limit=20)
        work.outbox.expired(NOW + timedelta(hours=1), limit=20)
        work.outbox.company([a_message(to_email=f"nr.{number}@norrby.example") for number in range(20)], NOW)
        work.outbox.told_by(["m-1"])
    found = [each for each in asked if "FROM outbox" in each[0]]
    waited, due, expired, *both, told = found
    with engine.connect() as connection:
        assert sorts_nothing(explain(connection, *waited), "ix_outbox_waited_for")
        assert sorts_nothing(explain(connection, *due), "ix_outbox_due")
        assert "USING INDEX ix_outbox_lease" in explain(connection, *expired)
        assert len(both) == 2
        for company in both:
            assert "USING INDEX ix_outbox_person" in explain(connection, *company)
        assert "USING INDEX ix_outbox_lead" in explain(connection, *told)
    engine.dispose()


def test_what_did_not_arrive_is_found_by_its_index(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    asked: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _k, sql, values, *_: asked.append((sql, values)))
    with SqlDatabase(engine).begin() as work:
        work.standings.undelivered("2027-T1", MessageState.UNKNOWN, limit=20)
        work.outbox.list(round_id="2027-T1", states=UNDELIVERED)
    found = [each for each in asked if "FROM outbox" in each[0]]
    with engine.connect() as connection:
        for sql, values in found:
            assert "INDEX ix_outbox_undelivered (round=?)" in explain(connection, sql, values)
    engine.dispose()
    assert len(found) == 3


def sorts_nothing(plan: str, index: str) -> bool:
    return f"USING INDEX {index}" in plan and "TEMP B-TREE" not in plan


def explain(connection: Connection, sql: str, values: Any) -> str:
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
    return " ".join(str(row.detail) for row in rows)
