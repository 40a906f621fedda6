"""Databases with mails that are due: filled once for each kind and number, and copied for every run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from shutil import copyfile

from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

from tests.builders import a_link, a_message, a_recipient, a_round, a_submission
from tests.postgres import own_server
from workflow.adapters.db import migrate
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine, sqlite_module
from workflow.adapters.forms import load_form
from workflow.domain.messages import Message, MessageKind
from workflow.domain.rounds import Round
from workflow.domain.submissions import Submission
from workflow.resources import Resources

NOW = datetime(2027, 5, 10, 7, tzinfo=UTC)  # a Monday, inside the sending window
SQLITE, POSTGRES = "sqlite", "postgres"
_AT_ONCE = 5000  # rows in one transaction of filling


@dataclass
class Shelf:
    """All databases of one benchmark. A PostgreSQL server is started when it is first asked for."""

    folder: Path
    stack: ExitStack
    server: str = ""
    numbers: Iterator[int] = field(default_factory=count)
    full: dict[tuple[str, MessageKind, int], str] = field(default_factory=dict)

    @contextmanager
    def empty(self, kind_of_db: str) -> Iterator[str]:
        """The URL of a database without tables, for as long as it is needed."""
        name = f"bench_{next(self.numbers)}"
        url = self._url(kind_of_db, name)
        if kind_of_db == POSTGRES:
            self._say(f'CREATE DATABASE "{name}" TEMPLATE template0')
        try:
            yield url
        finally:
            self._remove(kind_of_db, name)

    @contextmanager
    def copy(self, kind_of_db: str, mails: int, kind: MessageKind) -> Iterator[str]:
        """The URL of a database of our own in which so many mails of one kind are due."""
        template = self._template(kind_of_db, mails, kind)
        name = f"bench_{next(self.numbers)}"
        if kind_of_db == POSTGRES:
            self._say(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        else:
            copyfile(self.folder / template, self.folder / name)
        try:
            yield self._url(kind_of_db, name)
        finally:
            self._remove(kind_of_db, name)

    def describe(self, kind_of_db: str) -> str:
        """The version, and how far a commit goes."""
        if kind_of_db == SQLITE:
            return f"SQLite {sqlite_module().sqlite_version} (WAL, synchronous=FULL)"
        version, fsync = self._say("SELECT current_setting('server_version'), current_setting('fsync')") or ("", "")
        return f"PostgreSQL {version} (fsync {fsync})"

    def _template(self, kind_of_db: str, mails: int, kind: MessageKind) -> str:
        key = (kind_of_db, kind, mails)
        if key not in self.full:
            name = f"full_{kind}_{mails}"
            if kind_of_db == POSTGRES:
                self._say(f'CREATE DATABASE "{name}" TEMPLATE template0')
            fill(self._url(kind_of_db, name), mails, kind)
            self.full[key] = name
        return self.full[key]

    def _url(self, kind_of_db: str, name: str) -> str:
        if kind_of_db == SQLITE:
            return f"sqlite:///{self.folder / name}"
        return make_url(self._server()).set(database=name).render_as_string(hide_password=False)

    def _remove(self, kind_of_db: str, name: str) -> None:
        if kind_of_db == POSTGRES:
            self._say(f'DROP DATABASE "{name}" WITH (FORCE)')
            return
        for path in self.folder.glob(f"{name}*"):
            if path.name.removesuffix("-wal").removesuffix("-shm") == name:
                path.unlink()

    def _server(self) -> str:
        """Raises NoPostgresError."""
        if not self.server:
            self.server = self.stack.enter_context(own_server())
        return self.server

    def _say(self, statement: str) -> tuple[str, ...] | None:
        engine = create_engine(self._server(), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            result = connection.exec_driver_sql(statement)
            return tuple(result.one()) if result.returns_rows else None


def fill(url: str, mails: int, kind: MessageKind) -> None:
    """One open round with the shipped form, and for each unit a contact, a link and one mail that is due."""
    migrate.upgrade(url)
    database = SqlDatabase(make_engine(url))
    with database.begin() as work:
        work.rounds.add(the_round())
    for start in range(0, mails, _AT_ONCE):
        some = range(start, min(start + _AT_ONCE, mails))
        with database.begin() as work:
            work.submissions.add([_submission(number) for number in some])
            work.recipients.add(
                [
                    a_recipient(id=f"r-{number}", submission=_submission(number).id, email=f"asa@u{number}.example")
                    for number in some
                ],
                [
                    a_link(id=f"l-{number}", submission=_submission(number).id, recipient=f"r-{number}")
                    for number in some
                ],
            )
            work.outbox.plan([_due(number, kind) for number in some])
    database.close()
    if not url.startswith("sqlite"):  # what autovacuum does within a minute
        engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def the_round() -> Round:
    return a_round(form=load_form(Resources().config("forms", "naringsliv.toml")))


def _submission(number: int) -> Submission:
    return a_submission(unit=f"u{number}", unit_name=f"Norrby {number} stadsdelsnämnd")


def _due(number: int, kind: MessageKind) -> Message:
    slot = "open" if kind is MessageKind.INVITATION else "T-5"
    message = a_message(
        id=f"m-{number}",
        submission=_submission(number).id,
        recipient=f"r-{number}",
        kind=kind,
        slot=slot,
        link=f"l-{number}",
        to_email=f"asa@u{number}.example",
    )
    return replace(message, due_at=NOW - timedelta(minutes=1))
