"""The SQL for mails that came in: each once, files beside, who saw to it written once."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, delete, exists, insert, select, update

from workflow.adapters.db.statements import Values, insert_if_new, locked, one
from workflow.adapters.db.tables import incoming, incoming_files
from workflow.domain.arrivals import Arrival, ArrivalHandledError, Sheet
from workflow.domain.errors import NotFoundError
from workflow.domain.incoming import EnclosedFile, IncomingKind

AT_ONCE: Final = 500  # ids in one statement
_SHEET = [each for each in incoming_files.c if each.name != "content"]


class SqlIncoming:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, arrival: Arrival, files: Mapping[int, EnclosedFile]) -> bool:
        statement = insert_if_new(self._connection, incoming, returning="id")
        if self._connection.execute(statement, _values(arrival)).one_or_none() is None:
            return False
        if rows := [_file_values(arrival.id, each, files[each.number]) for each in arrival.sheets]:
            self._connection.execute(insert(incoming_files), rows)
        return True

    def knows(self, digest: str) -> bool:
        return bool(self._connection.execute(select(exists().where(incoming.c.digest == digest))).scalar())

    def get(self, arrival_id: str, *, lock: bool = False) -> Arrival:
        query = select(incoming).where(incoming.c.id == arrival_id)
        row = one(self._connection, locked(self._connection, query) if lock else query, NotFoundError(what=arrival_id))
        return self._with_sheets([row])[0]

    def list(
        self,
        *,
        kinds: Collection[IncomingKind] = (),
        round_id: str = "",
        submission: str = "",
        open_only: bool = False,
        without_unit: bool = False,
        before: datetime | None = None,
        limit: int = 0,
    ) -> tuple[Arrival, ...]:
        query: Select[Any] = select(incoming).order_by(incoming.c.came_at.desc(), incoming.c.id.desc())
        if kinds:
            query = query.where(incoming.c.kind.in_(sorted(str(kind) for kind in kinds)))
        if round_id:
            query = query.where(incoming.c.round == round_id)
        if submission:
            query = query.where(incoming.c.submission == submission)
        if open_only:
            query = query.where(incoming.c.handled_at.is_(None))
        if without_unit:
            query = query.where(incoming.c.submission.is_(None))
        if before:
            query = query.where(incoming.c.came_at < before)
        return self._with_sheets(self._connection.execute(query.limit(limit) if limit else query).all())

    def dispose(self, ids: Collection[str]) -> None:
        ordered = sorted(ids)
        for some in (ordered[at : at + AT_ONCE] for at in range(0, len(ordered), AT_ONCE)):
            self._connection.execute(delete(incoming_files).where(incoming_files.c.incoming.in_(some)))
            self._connection.execute(delete(incoming).where(incoming.c.id.in_(some)))

    def ids(self, start: str, *, limit: int) -> tuple[str, ...]:
        query = select(incoming.c.id).where(incoming.c.id.startswith(start, autoescape=True))
        return tuple(self._connection.execute(query.order_by(incoming.c.id).limit(limit)).scalars())

    def file(self, arrival_id: str, number: int) -> EnclosedFile:
        query = select(incoming_files).where(incoming_files.c.incoming == arrival_id, incoming_files.c.number == number)
        row = one(self._connection, query, NotFoundError(what=f"{arrival_id}/{number}"))
        return EnclosedFile(name=row.name, media_type=row.media_type, content=row.content)

    def handle(self, before: Arrival, after: Arrival) -> None:
        statement = (
            update(incoming)
            .where(incoming.c.id == before.id, incoming.c.handled_at.is_(None))
            .values(handled_at=after.handled_at, handled_by=after.handled_by)
            .returning(incoming.c.id)
        )
        if self._connection.execute(statement).one_or_none() is None:
            raise ArrivalHandledError

    def _with_sheets(self, rows: Iterable[Row[Any]]) -> tuple[Arrival, ...]:
        """The contents of the files stay where they are."""
        found = {row.id: row for row in rows}
        query = (
            select(*_SHEET)
            .where(incoming_files.c.incoming.in_(list(found)))
            .order_by(incoming_files.c.incoming, incoming_files.c.number)
        )
        sheets: dict[str, list[Sheet]] = {}
        for each in self._connection.execute(query) if found else ():
            sheets.setdefault(each.incoming, []).append(_sheet(each))
        return tuple(_arrival(row, tuple(sheets.get(id_, ()))) for id_, row in found.items())


def _values(arrival: Arrival) -> Values:
    return {
        "id": arrival.id,
        "digest": arrival.digest,
        "identity": arrival.identity,
        "kind": str(arrival.kind),
        "came_at": arrival.came_at,
        "sender": arrival.sender,
        "sender_name": arrival.sender_name,
        "subject": arrival.subject,
        "text": arrival.text,
        "round": arrival.round or None,
        "submission": arrival.submission or None,
        "message": arrival.message or None,
        "recipient": arrival.recipient or None,
        "address": arrival.address,
        "status": arrival.status,
        "said": arrival.said,
        "asked_until": arrival.asked_until,
        "left_out": list(arrival.left_out),
        "handled_at": arrival.handled_at,
        "handled_by": arrival.handled_by,
    }


def _file_values(arrival: str, sheet: Sheet, file: EnclosedFile) -> Values:
    return {
        "incoming": arrival,
        "number": sheet.number,
        "name": sheet.name,
        "media_type": sheet.media_type,
        "size": sheet.size,
        "sha256": sheet.sha256,
        "is_form": sheet.is_form,
        "content": file.content,
    }


def _sheet(row: Row[Any]) -> Sheet:
    return Sheet(
        number=row.number,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        is_form=row.is_form,
    )


def _arrival(row: Row[Any], sheets: tuple[Sheet, ...]) -> Arrival:
    return Arrival(
        id=row.id,
        digest=row.digest,
        identity=row.identity,
        kind=IncomingKind(row.kind),
        came_at=row.came_at,
        sender=row.sender,
        sender_name=row.sender_name,
        subject=row.subject,
        text=row.text,
        round=row.round or "",
        submission=row.submission or "",
        message=row.message or "",
        recipient=row.recipient or "",
        address=row.address,
        status=row.status,
        said=row.said,
        asked_until=row.asked_until,
        sheets=sheets,
        left_out=tuple(row.left_out),
        handled_at=row.handled_at,
        handled_by=row.handled_by,
    )
