"""The SQL for when each job last ran to its end."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from workflow.adapters.db.statements import insert_if_new
from workflow.adapters.db.tables import beats


class SqlBeats:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, job: str, at: datetime) -> None:
        row = {"job": job, "at": at}
        if self._connection.execute(insert_if_new(self._connection, beats, "job"), row).one_or_none() is None:
            self._connection.execute(update(beats).where(beats.c.job == job).values(at=at))

    def all(self) -> dict[str, datetime]:
        return {row.job: row.at for row in self._connection.execute(select(beats).order_by(beats.c.job))}
