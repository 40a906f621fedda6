"""Seconds and statements of one step on a database."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from resource import RUSAGE_SELF, getrusage

from sqlalchemy import Engine, event

from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine


@dataclass(slots=True)
class Statements:
    """How many were executed, and how long the database took; one for many rows counts once."""

    number: int = 0
    seconds: float = 0.0
    begun: float = 0.0

    def begin(self, *_: object) -> None:
        self.number += 1
        self.begun = time.perf_counter()

    def end(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self.begun


@dataclass(frozen=True, slots=True)
class Step:
    """`in_database` is the part of `seconds` that was spent waiting for statements.

    `cpu` is what this process worked, SQLite included: on a machine that others share, it says more than the clock.
    `peak` is the largest memory that the process has had until then, in MB.
    """

    seconds: float
    statements: int
    in_database: float = 0.0
    cpu: float = 0.0
    peak: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """A database that is watched."""

    db: SqlDatabase
    statements: Statements

    def time(self, step: Callable[[], object]) -> Step:
        self.statements.number, self.statements.seconds = 0, 0.0
        begun, worked = time.perf_counter(), time.process_time()
        step()
        return Step(
            time.perf_counter() - begun,
            self.statements.number,
            self.statements.seconds,
            time.process_time() - worked,
            getrusage(RUSAGE_SELF).ru_maxrss // 1024,
        )


@contextmanager
def counted(url: str) -> Iterator[Counted]:
    engine: Engine = make_engine(url)
    statements = Statements()
    event.listen(engine, "before_cursor_execute", statements.begin)
    event.listen(engine, "after_cursor_execute", statements.end)
    db = SqlDatabase(engine)
    try:
        yield Counted(db, statements)
    finally:
        db.close()
