"""Many rows in one statement, for what is written by the thousand: a quarter of the time SQLAlchemy's way takes."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, Column, Connection, Dialect, Table

from workflow.adapters.db.columns import Instant
from workflow.adapters.db.engine import dumps
from workflow.adapters.db.statements import Values

_REMEMBERED = 1024  # different instants; the rows of one deed share a few


def insert_all(connection: Connection, table: Table, rows: Sequence[Values], *, unless: Sequence[str] = ()) -> int:
    """Insert rows that name the same columns; gives how many are new.

    `unless` names the columns of a unique key: a row that has the same stays as it is. Without it, such a row is
    refused (sqlalchemy.exc.IntegrityError), and none is written.
    """
    if not rows:
        return 0
    dialect, names = connection.dialect, tuple(rows[0])
    statement = _insert(table, names, tuple(unless), dialect)
    return connection.exec_driver_sql(statement, _parameters(table, names, rows, dialect)).rowcount


def update_all(connection: Connection, table: Table, rows: Sequence[Values], *, key: Sequence[str]) -> None:
    """Write rows that name the same columns, each where `key` names what stands there now: "was_state" for `state`."""
    if not rows:
        return
    dialect, names = connection.dialect, tuple(rows[0])
    statement = _update(table, names, tuple(key), dialect)
    connection.exec_driver_sql(statement, _parameters(table, names, rows, dialect))


def _parameters(
    table: Table, names: Sequence[str], rows: Sequence[Values], dialect: Dialect
) -> tuple[Any, ...] | list[tuple[Any, ...]]:
    columns = [
        [as_is(row[name]) for row in rows]
        if (as_is := _plain(_column(table, name), dialect))
        else [row[name] for row in rows]
        for name in names
    ]
    return tuple(map(_literal, columns)) if dialect.name == "postgresql" else list(zip(*columns, strict=True))


@lru_cache(maxsize=256)
def _insert(table: Table, names: tuple[str, ...], unless: tuple[str, ...], dialect: Dialect) -> str:
    words = ["INSERT INTO", dialect.identifier_preparer.quote(table.name), "(", _listed(names, dialect), ")"]
    if dialect.name == "postgresql":
        words += ["SELECT * FROM unnest(", _arrays(table, names, dialect), ")"]
    else:
        words += ["VALUES (", ", ".join("?" * len(names)), ")"]
    if unless:
        words += ["ON CONFLICT (", _listed(unless, dialect), ") DO NOTHING"]
    return " ".join(words)


@lru_cache(maxsize=256)
def _update(table: Table, names: tuple[str, ...], key: tuple[str, ...], dialect: Dialect) -> str:
    """On SQLite the parameters come in the order of `names`: what is set first, then the key."""
    quoted = dialect.identifier_preparer.quote
    whole, changed = dialect.identifier_preparer.quote(table.name), [name for name in names if name not in key]
    is_array = dialect.name == "postgresql"
    sets = [f"{quoted(name)} = {f'given.{quoted(name)}' if is_array else '?'}" for name in changed]
    fits = [f"{whole}.{quoted(_was(name))} = {f'given.{quoted(name)}' if is_array else '?'}" for name in key]
    words = ["UPDATE", whole, "SET", ", ".join(sets)]
    if is_array:
        words += ["FROM unnest(", _arrays(table, names, dialect), ") AS given (", _listed(names, dialect), ")"]
    return " ".join([*words, "WHERE", " AND ".join(fits)])


def _listed(names: Sequence[str], dialect: Dialect) -> str:
    return ", ".join(map(dialect.identifier_preparer.quote, names))


def _was(name: str) -> str:
    return name.removeprefix("was_")


def _column(table: Table, name: str) -> Column[Any]:
    return table.c[_was(name)]


def _arrays(table: Table, names: Sequence[str], dialect: Dialect) -> str:
    return ", ".join(_array(_column(table, name), dialect) for name in names)


@lru_cache(maxsize=512)
def _plain(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """What the column's type makes of a value before the driver gets it; None: it stays as it is."""
    if isinstance(column.type, JSON):
        return _json
    processor = column.type.dialect_impl(dialect).bind_processor(dialect)
    if processor is not None and isinstance(column.type, Instant):
        return lru_cache(_REMEMBERED)(processor)
    return processor


def _json(value: object) -> str | None:
    return None if value is None else dumps(value)


def _literal(values: Iterable[object]) -> str:
    """A column as the text of a PostgreSQL array: the driver would take four times as long to write a list."""
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    text = str(value)
    if '"' in text or "\\" in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _array(column: Column[Any], dialect: Dialect) -> str:
    name, *_ = column.type.compile(dialect).partition(" COLLATE ")
    return f"%s::{name}[]"
