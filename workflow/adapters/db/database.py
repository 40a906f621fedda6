"""One transaction at a time: SqlDatabase opens it, SqlWork is what is seen through it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from workflow.adapters.db.access import SqlAccess
from workflow.adapters.db.attachments import SqlAttachments
from workflow.adapters.db.beats import SqlBeats
from workflow.adapters.db.channel import SqlChannels
from workflow.adapters.db.codes import SqlCodes
from workflow.adapters.db.details import SqlDetails
from workflow.adapters.db.drafts import SqlDrafts
from workflow.adapters.db.engine import readers_of, waiting
from workflow.adapters.db.extensions import SqlExtensions
from workflow.adapters.db.guards import SqlGuards
from workflow.adapters.db.incoming import SqlIncoming
from workflow.adapters.db.log import SqlLog
from workflow.adapters.db.moulds import Moulds
from workflow.adapters.db.outbox import SqlOutbox
from workflow.adapters.db.people import SqlPeople, SqlRecipients
from workflow.adapters.db.rounds import SqlRounds
from workflow.adapters.db.standings import SqlStandings
from workflow.adapters.db.submissions import SqlEditions, SqlSubmissions
from workflow.ports import Meanwhile, nothing_else


class SqlWork:
    def __init__(self, connection: Connection, moulds: Moulds) -> None:
        self.rounds = SqlRounds(connection)
        self.submissions = SqlSubmissions(connection)
        self.drafts = SqlDrafts(connection)
        self.attachments = SqlAttachments(connection)
        self.editions = SqlEditions(connection)
        self.extensions = SqlExtensions(connection)
        self.people = SqlPeople(connection)
        self.details = SqlDetails(connection)
        self.recipients = SqlRecipients(connection)
        self.codes = SqlCodes(connection)
        self.outbox = SqlOutbox(connection, moulds)
        self.incoming = SqlIncoming(connection)
        self.standings = SqlStandings(connection)
        self.channels = SqlChannels(connection)
        self.log = SqlLog(connection)
        self.access = SqlAccess(connection)
        self.beats = SqlBeats(connection)
        self.guards = SqlGuards(connection)


class SqlDatabase:
    def __init__(self, engine: Engine) -> None:
        self._writers = engine
        self._readers = readers_of(engine)
        self._moulds = Moulds()

    @contextmanager
    def begin(self, meanwhile: Meanwhile = nothing_else) -> Iterator[SqlWork]:
        """Commit on a clean exit, roll back on an error. On SQLite one writer at a time; the others wait up to 30 s.

        There it is known that they wait, and `meanwhile` is called; PostgreSQL lets them wait row by row.
        """
        with self._writers.connect() as connection, waiting(connection, meanwhile).begin():
            yield from _whole(SqlWork(connection, self._moulds))

    @contextmanager
    def read(self) -> Iterator[SqlWork]:
        """Show one snapshot. A write in here is refused by the database (sqlalchemy.exc.DBAPIError)."""
        with self._readers.begin() as connection:
            yield from _whole(SqlWork(connection, self._moulds))

    def close(self) -> None:
        self._writers.dispose()


def _whole(work: SqlWork) -> Iterator[SqlWork]:
    """The log is written last: whoever waits for the head of its chain holds all other locks it needs."""
    yield work
    work.log.write()
