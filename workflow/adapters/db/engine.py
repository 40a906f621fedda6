"""Engines that lose nothing: SQLite with BEGIN IMMEDIATE, PostgreSQL with timeouts."""

from contextlib import closing
from functools import partial
from importlib import import_module
from json import JSONEncoder
from sqlite3 import Connection as SqliteConnection
from time import monotonic, sleep
from types import ModuleType
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPICursor

from workflow.ports import Meanwhile, nothing_else

READ_ONLY: Final = "tertial_read_only"
"""Execution option of the connections that may not write."""

_MEANWHILE: Final = "tertial_meanwhile"

BUSY_MS = 30_000  # longer than any transaction of ours: a second writer waits, it does not fail
CACHE_KIB = 65_536  # at most, of what has been read: with SQLite's own 2 MB a large round is written over and over
_POSTGRES_SETTINGS = {
    "synchronous_commit": "on",  # whatever the server's own: a marker that a crash may undo would send a mail twice
    "lock_timeout": "10s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
}
_CONNECT_SECONDS = 5
_GONE_SECONDS = 90
"""When a database host that has vanished without a word is given up, be it that we wait for it or that it owes us an
acknowledgement. Well within half of a lease (15 minutes), so that whoever hangs on the dead line is back before its
mails are another's; and longer than a network or a standby needs to come back. A host whose kernel acknowledges while
nobody answers looks alive: what it holds is taken over when the lease has passed."""
_PROBE_SECONDS = 10
_TCP = {
    "keepalives_idle": 30,
    "keepalives_interval": _PROBE_SECONDS,
    "keepalives_count": (_GONE_SECONDS - 30) // _PROBE_SECONDS,
    "tcp_user_timeout": _GONE_SECONDS * 1000,
}
_SWITCH_TRIES = 100
_SWITCH_WAIT = 0.05
_KEEN = 0.2  # seconds: longer than an ordinary transaction
_BETWEEN_LOOKS = 0.0002


def make_engine(url: str) -> Engine:
    """Make the engine for a DATABASE_URL: sqlite:///path or postgresql://… (psycopg 3). Connects to nothing yet.

    Raises ValueError for any other database.
    """
    parsed = make_url(url)
    name = parsed.get_backend_name()
    if name == "sqlite":
        return _sqlite(parsed)
    if name in {"postgresql", "postgres"}:
        return _postgresql(parsed.set(drivername="postgresql+psycopg"))
    raise ValueError(f"{name} is not a database Tertial can use: sqlite or postgresql")


def readers_of(engine: Engine) -> Engine:
    """Share the engine's connections for transactions that see one snapshot and cannot write."""
    options: dict[str, object] = {READ_ONLY: True}
    if engine.dialect.name == "postgresql":
        options |= {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
    return engine.execution_options(**options)


def waiting(connection: Connection, meanwhile: Meanwhile) -> Connection:
    """What the connection's next transaction does while it waits for another to end, where that is known (SQLite)."""
    return connection if meanwhile is nothing_else else connection.execution_options(**{_MEANWHILE: meanwhile})


# --- PostgreSQL --------------------------------------------------------------


def _postgresql(url: URL) -> Engine:
    settings = " ".join(f"-c {name}={value}" for name, value in _POSTGRES_SETTINGS.items())
    return create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        hide_parameters=True,  # an error's text goes to the log, and the parameters are what people write
        json_serializer=dumps,
        connect_args={
            "options": settings,
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": "tertial",
            **_TCP,
        },
    )


dumps = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""How JSON is written into both databases."""


# --- SQLite ------------------------------------------------------------------


def sqlite_module() -> ModuleType:
    """Prefer the SQLite that pysqlite3 carries: newer than most systems' own, without the WAL-reset defect."""
    try:
        return import_module("pysqlite3.dbapi2")
    except ImportError:
        return import_module("sqlite3")


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite is free of the WAL-reset defect (sqlite.org/wal.html): 3.51.3, 3.50.7, 3.44.6 and later."""
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


def _sqlite(url: URL) -> Engine:
    module = sqlite_module()
    engine = create_engine(
        url,
        module=module,
        pool_pre_ping=False,
        hide_parameters=True,
        json_serializer=dumps,
        connect_args={"timeout": BUSY_MS / 1000},
    )
    journal = "wal" if wal_is_safe(module.sqlite_version_info) else "delete"
    event.listen(engine, "connect", partial(_prepare_sqlite, journal=journal))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: SqliteConnection, _record: object, *, journal: str) -> None:
    connection.isolation_level = None  # the module begins nothing by itself; _begin_sqlite does
    with closing(connection.cursor()) as cursor:
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        cursor.execute("PRAGMA foreign_keys=ON")
    _use_journal(connection, journal)


def _use_journal(connection: SqliteConnection, journal: str) -> None:
    """Switch the file's journal once. SQLite does not wait for the lock this takes, so we do."""
    for _ in range(_SWITCH_TRIES):
        with closing(connection.cursor()) as cursor:
            if cursor.execute("PRAGMA journal_mode").fetchone()[0] == journal:
                return
            try:
                cursor.execute(f"PRAGMA journal_mode={journal}")
            except connection.OperationalError:
                sleep(_SWITCH_WAIT)


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock before the first read, or two writers read the same old row and one update is lost."""
    options = connection.get_execution_options()
    read_only = options.get(READ_ONLY, False)
    if connection.info.get(READ_ONLY, False) is not read_only:  # a connection's own: said again only where it changes
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if read_only else 'OFF'}")
        connection.info[READ_ONLY] = read_only
    if read_only:
        connection.exec_driver_sql("BEGIN")
    elif not _has_begun_writing(connection, options.get(_MEANWHILE, nothing_else)):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _has_begun_writing(connection: Connection, meanwhile: Meanwhile) -> bool:
    """Look often for the write lock at first, and do something useful between two looks.

    SQLite itself sleeps ever longer between two looks, up to a tenth of a second. A transaction of ours lasts some
    milliseconds: who sleeps past its end lets others pass, and two processes that send are no faster than one.
    """
    until = monotonic() + _KEEN
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute("PRAGMA busy_timeout=0")
        try:
            while not (has_begun := _begins(cursor)) and monotonic() < until:
                if not meanwhile():
                    sleep(_BETWEEN_LOOKS)
        finally:
            cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    return has_begun


def _begins(cursor: DBAPICursor) -> bool:
    """False for whatever is in the way: it is tried once more by SQLAlchemy, who knows how to tell of it."""
    try:
        cursor.execute("BEGIN IMMEDIATE")
    except sqlite_module().OperationalError:
        return False
    return True
