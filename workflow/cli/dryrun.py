"""--dry-run: everything is done for real in the transaction, and then undone."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from workflow.ports import Database, Meanwhile, Work, nothing_else


class _UndoneError(Exception):
    """Makes the database roll back what was tried."""


class DryRun:
    """Implements ports.Database: checks, refusals and results are the real ones, but nothing is kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def begin(self, meanwhile: Meanwhile = nothing_else) -> Iterator[Work]:
        with suppress(_UndoneError), self._database.begin(meanwhile) as work:
            yield work
            raise _UndoneError

    def read(self) -> AbstractContextManager[Work]:
        return self._database.read()
