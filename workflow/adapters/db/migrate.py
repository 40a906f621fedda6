"""Brings a database's schema up to date with Alembic, configured here: no alembic.ini."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, make_url

from workflow.adapters.db.engine import make_engine, readers_of
from workflow.adapters.db.losses import refuse_losses

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 7_351_027  # one number of our own for PostgreSQL's advisory locks


class BrokenReferencesError(Exception):
    """SQLite only: after a migration, rows refer to rows that are not there. Nothing was kept of it."""


def upgrade(url: str) -> None:
    """Bring the schema to `head`, in one transaction, whoever else tries the same at the same time."""
    with _alone(url) as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def downgrade(url: str, revision: str, *, losing: bool = False) -> None:
    """Go back to an older revision, in one transaction. What the older schema cannot hold is refused, never deleted.

    Raises LosingDowngradeError, which says what would be lost; with `losing` it is. Mails of a kind that the older
    schema does not know are refused by the database all the same.
    """
    with _alone(url) as connection:
        config = _config()
        if not losing:
            refuse_losses(connection, revision, _undone(connection, config, revision))
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def _undone(connection: Connection, config: Config, revision: str) -> list[str]:
    now = MigrationContext.configure(connection).get_current_revision() or "base"
    between = ScriptDirectory.from_config(config).iterate_revisions(now, revision)
    return [each.revision for each in between]


def current(url: str) -> str:
    """Tell the revision the database is at; "" when it has no schema yet."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        return ""  # connecting would create the file
    engine = make_engine(url)
    try:
        with readers_of(engine).begin() as connection:
            return MigrationContext.configure(connection).get_current_revision() or ""
    finally:
        engine.dispose()


def head() -> str:
    """Tell the newest revision this version of Tertial knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def is_current(url: str) -> bool:
    return current(url) == head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _alone(url: str) -> Iterator[Connection]:
    engine = make_engine(url)
    if engine.dialect.name == "sqlite":
        _own_the_file(engine.url.database)
        event.listen(engine, "connect", _let_references_rest)
    try:
        with engine.begin() as connection:
            _take_lock(connection)
            yield connection
            _check_references(connection)
    finally:
        engine.dispose()


def _own_the_file(path: str | None) -> None:
    """A new database can be read by nobody else on the machine: drafts are in it. Its journals take the same mode."""
    if path and not path.startswith(":"):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _let_references_rest(connection: SqliteConnection, _record: object) -> None:
    """SQLite changes a table by building it anew, which foreign keys would refuse; they are checked at the end."""
    connection.execute("PRAGMA foreign_keys=OFF")


def _take_lock(connection: Connection) -> None:
    """On PostgreSQL; on SQLite the transaction has begun with the write lock."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL lock_timeout = '60s'")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def _check_references(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise BrokenReferencesError(broken)
