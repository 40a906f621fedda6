"""How connections are made: what makes SQLite safe for several processes, and PostgreSQL never wait for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import DBAPIError

from workflow.adapters.db import engine as engines
from workflow.adapters.db.columns import Instant
from workflow.adapters.db.engine import BUSY_MS, make_engine, readers_of, sqlite_module, wal_is_safe
from workflow.domain.messages import LEASE


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 4), True),
        ((4, 0, 0), True),
    ],
)
def test_wal_only_where_the_defect_is_mended(version: tuple[int, int, int], *, safe: bool) -> None:
    assert wal_is_safe(version) is safe


def test_every_sqlite_connection_is_prepared(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.dispose()
    journal = "wal" if wal_is_safe(sqlite_module().sqlite_version_info) else "delete"
    assert found == {"journal_mode": journal, "synchronous": 2, "foreign_keys": 1, "busy_timeout": BUSY_MS}


def test_an_error_tells_the_statement_and_never_what_was_to_be_written(sql_url: str) -> None:
    engine = make_engine(sql_url)
    with engine.connect() as connection, pytest.raises(DBAPIError) as refused:
        connection.execute(text("INSERT INTO nowhere (text) VALUES (:text)"), {"text": "Kanariefågel"})
    engine.dispose()
    assert "INSERT INTO nowhere" in str(refused.value)
    assert "Kanariefågel" not in str(refused.value)


def test_many_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    def open_once(_turn: int) -> str:
        engine = make_engine(f"sqlite:///{tmp_path / 'new.sqlite'}")
        with engine.begin() as connection:
            found = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        engine.dispose()
        return str(found)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(open_once, range(16)))) == 1


@pytest.mark.parametrize("keen", [0.0, 60.0])
def test_a_second_writer_waits_until_the_first_is_done(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, keen: float
) -> None:
    """By short looks of our own, and by SQLite's waiting when it takes long."""
    monkeypatch.setattr(engines, "_KEEN", keen)
    engine = make_engine(sqlite_url)
    looked = threading.Event()
    event.listen(engine, "do_connect", lambda *_: looked.set())

    def count() -> int:
        with engine.begin() as connection:
            return int(connection.exec_driver_sql("SELECT n FROM numbers").scalar_one())

    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE numbers (n INTEGER)")
    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO numbers VALUES (7)")
            looked.clear()
            waiting = pool.submit(count)
            assert looked.wait(30)
        assert waiting.result() == 7
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == BUSY_MS
    engine.dispose()


def test_a_writer_who_waits_in_vain_is_told_so(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_KEEN", 0.01)
    monkeypatch.setattr(engines, "BUSY_MS", 10)
    engine = make_engine(sqlite_url)
    with engine.begin(), pytest.raises(DBAPIError, match="locked"), engine.begin():
        pass
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    engine.dispose()


@pytest.mark.postgres
def test_postgres_waits_for_nothing_for_ever_and_readers_cannot_write(postgres_url: str) -> None:
    engine = make_engine(postgres_url)
    with engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in ("lock_timeout", "statement_timeout", "TimeZone", "transaction_isolation")
        }
    assert settings == {
        "lock_timeout": "10s",
        "statement_timeout": "30s",
        "TimeZone": "UTC",
        "transaction_isolation": "read committed",
    }
    with readers_of(engine).begin() as connection:
        assert connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on"
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "repeatable read"
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "off"
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "read committed"
    engine.dispose()


@pytest.mark.postgres
def test_a_database_host_that_has_vanished_is_given_up_within_half_a_lease(postgres_url: str) -> None:
    engine = make_engine(postgres_url)
    with engine.connect() as connection:
        line = connection.connection.driver_connection
        assert line is not None
        given = {name: int(value) for name, value in line.info.get_parameters().items() if value.isdigit()}
    engine.dispose()
    waiting = given["keepalives_idle"] + given["keepalives_interval"] * given["keepalives_count"]
    assert waiting == given["tcp_user_timeout"] / 1000 == 90
    assert timedelta(seconds=waiting) < LEASE / 2


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_usual_spellings_of_postgres_mean_psycopg_3(scheme: str) -> None:
    engine = make_engine(f"{scheme}://tertial:hemlig@db.example/tertial")
    assert engine.url == make_url("postgresql+psycopg://tertial:hemlig@db.example/tertial")


def test_another_database_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="mysql is not a database Tertial can use"):
        make_engine("mysql://tertial@db.example/tertial")


def test_instants_as_text_sort_as_time_does() -> None:
    dialect, column = make_engine("sqlite://").dialect, Instant()
    start = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    moments = [start + timedelta(microseconds=step) for step in (0, 1, 999_999, 1_000_000)]
    zones = [UTC, timezone(timedelta(hours=2)), timezone(-timedelta(hours=9)), UTC]
    stored = [
        column.process_bind_param(each.astimezone(zone), dialect) for each, zone in zip(moments, zones, strict=True)
    ]
    assert stored == sorted(str(each) for each in stored)
    assert {len(str(each)) for each in stored} == {32}
    assert [column.process_result_value(each, dialect) for each in stored] == moments


def test_postgres_gets_a_timestamp_with_time_zone() -> None:
    assert (
        str(Instant().compile(dialect=make_engine("postgresql://db.example/tertial").dialect))
        == "TIMESTAMP WITH TIME ZONE"
    )
