"""What tests may ask for: a database in memory, on SQLite and on PostgreSQL, each empty and at the newest schema."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, delete, make_url, update
from sqlalchemy.pool import NullPool

from tests.fakes.database import FakeDatabase
from tests.postgres import NoPostgresError, own_server
from workflow.adapters.db import migrate
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine
from workflow.adapters.db.tables import audit_head, metadata
from workflow.domain.audit import GENESIS
from workflow.ports import Database

POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)


@pytest.fixture(params=["fake", "sqlite", POSTGRES])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The same promise from each of the three."""
    if request.param == "fake":
        yield FakeDatabase()
        return
    with _opened(request.getfixturevalue(f"{request.param}_url")) as opened:
        yield opened


@pytest.fixture(params=["sqlite", POSTGRES])
def sql_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database, on SQLite and on PostgreSQL."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def sql_database(sql_url: str) -> Iterator[SqlDatabase]:
    with _opened(sql_url) as opened:
        yield opened


@contextmanager
def _opened(url: str) -> Iterator[SqlDatabase]:
    opened = SqlDatabase(make_engine(url))
    try:
        yield opened
    finally:
        opened.close()


# --- SQLite ------------------------------------------------------------------


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "tertial.sqlite"
    copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


# --- PostgreSQL --------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """TEST_DATABASE_URL (its user must be allowed to create databases), or else a server of our own."""
    given = os.environ.get("TEST_DATABASE_URL")  # noqa: TID251 - where the tests' server is, is no setting of ours
    if given:
        yield make_url(given).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        return
    try:
        with own_server() as url:
            yield url
    except NoPostgresError as error:
        if os.environ.get("CI") == "true":  # noqa: TID251 - there a skipped PostgreSQL would be a false green
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def postgres_migrated(postgres_server: str) -> Iterator[str]:
    with new_postgres(postgres_server) as url:
        migrate.upgrade(url)
        yield url


@pytest.fixture
def postgres_url(postgres_migrated: str) -> str:
    """One database for all tests, emptied before each: much faster than a new one."""
    empty_postgres(postgres_migrated)
    return postgres_migrated


def empty_postgres(url: str) -> None:
    """In one round trip."""
    emptied = [str(delete(table)) for table in reversed(metadata.sorted_tables) if table is not audit_head]
    reset = str(update(audit_head).values(number=0, hash=GENESIS).compile(compile_kwargs={"literal_binds": True}))
    # As a replica: what is append-only may go, and no reference is checked.
    script = "; ".join(["SET LOCAL session_replication_role = replica", *emptied, reset])
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(script)


@pytest.fixture
def bare_url(request: pytest.FixtureRequest, sql_url: str, tmp_path: Path) -> Iterator[str]:
    """A database without any schema, beside the one of `sql_url`."""
    if sql_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'bare.sqlite'}"
        return
    with new_postgres(request.getfixturevalue("postgres_server")) as url:
        yield url


@contextmanager
def new_postgres(server: str) -> Iterator[str]:
    name = f"tertial_{uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
