"""Seconds and statements of one step on a database."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, event

from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine


@dataclass(slots=True)
class Statements:
    """How many were executed; one for many rows counts once."""

    number: int = 0

    def count(self, *_: object) -> None:
        self.number += 1


@dataclass(frozen=True, slots=True)
class Step:
    seconds: float
    statements: int


@dataclass(frozen=True, slots=True)
class Counted:
    """A database that is watched."""

    db: SqlDatabase
    statements: Statements

    def time(self, step: Callable[[], object]) -> Step:
        self.statements.number = 0
        begun = time.perf_counter()
        step()
        return Step(time.perf_counter() - begun, self.statements.number)


@contextmanager
def counted(url: str) -> Iterator[Counted]:
    engine: Engine = make_engine(url)
    statements = Statements()
    event.listen(engine, "before_cursor_execute", statements.count)
    db = SqlDatabase(engine)
    try:
        yield Counted(db, statements)
    finally:
        db.close()
