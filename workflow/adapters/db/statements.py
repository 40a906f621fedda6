"""The few SQL forms that SQLite and PostgreSQL spell differently."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    Text,
    TextClause,
    bindparam,
    func,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import ReturningInsert

from workflow.adapters.db.engine import READ_ONLY
from workflow.domain.errors import TertialError

Values = dict[str, Any]

_IDS: Final[BindParameter[Any]] = bindparam("ids", type_=ARRAY[Any](Text))


def insert_if_new(
    connection: Connection, table: Table, *key: str, where: TextClause | None = None, returning: str = ""
) -> ReturningInsert[Any]:
    """INSERT that leaves a row with the same key alone, and returns the key of each row it did insert.

    `where` is the condition of the partial index that keeps the key, if it is one. Without a key: a row with the same
    value of anything that is unique; `returning` is then the column that is returned.
    """
    return _insert_if_new(connection.dialect.name, table, key, where, returning)


@lru_cache(maxsize=64)
def _insert_if_new(
    dialect: str, table: Table, key: tuple[str, ...], where: TextClause | None, returning: str
) -> ReturningInsert[Any]:
    """Made once, like `_locking`."""
    columns = [table.c[name] for name in key]
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    returned = columns or [table.c[returning]]
    return insert(table).on_conflict_do_nothing(index_elements=columns or None, index_where=where).returning(*returned)


def locked(connection: Connection, query: Select[Any], *, skip: bool = False) -> Select[Any]:
    """Keep other writers off the rows found until the transaction ends; `skip` leaves out those that others hold.

    NO KEY: rows that only refer to these by a foreign key may still be inserted. On SQLite a writing transaction
    holds the whole file already. A reading transaction locks nothing.
    """
    if connection.get_execution_options().get(READ_ONLY):
        return query
    return _locking(query, skip)


@lru_cache(maxsize=64)
def _locking(query: Select[Any], skip: bool) -> Select[Any]:
    """A query that is kept is made once: the library then knows it again, and compiles it no more."""
    return query.with_for_update(key_share=True, skip_locked=skip)


def led_by_others(column: ColumnElement[str], value: str) -> ColumnElement[bool]:
    """The column has this value, and no index is looked for by it.

    SQLite knows no numbers: it would rather go through a whole round than through the few rows that are wanted of it.
    """
    return func.coalesce(column, "") == value


def among(connection: Connection, query: Select[Any], column: ColumnElement[str]) -> Select[Any]:
    """Only rows with one of the values bound to "ids", in the order of the column.

    The library's IN is another text for each number of them, which PostgreSQL plans anew every time: there it is one
    array. SQLite is quicker with the many.
    """
    return _among(query, column, connection.dialect.name == "postgresql")


@lru_cache(maxsize=64)
def _among(query: Select[Any], column: ColumnElement[str], is_array: bool) -> Select[Any]:
    """Made once, like `_locking`."""
    is_one = column == func.any(_IDS) if is_array else column.in_(bindparam("ids", expanding=True))
    return query.where(is_one).order_by(column)


@contextmanager
def refused_as(connection: Connection, error: TertialError, *, constraint: str, column: str) -> Iterator[None]:
    """Raise `error` where this constraint refuses a row; the transaction goes on as if nothing had been tried.

    PostgreSQL names the `constraint`, SQLite only the columns of it: `column` is one that no other has.
    """
    try:
        with connection.begin_nested():
            yield
    except IntegrityError as refusal:
        said = str(refusal.orig)
        if constraint in said or column in said:
            raise error from refusal
        raise


def one(connection: Connection, query: Select[Any], error: TertialError) -> Row[Any]:
    row = connection.execute(query).one_or_none()
    if row is None:
        raise error
    return row
