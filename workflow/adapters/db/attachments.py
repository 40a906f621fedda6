"""The SQL for the files beside a draft, and for those that were handed in."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, insert, select

from workflow.adapters.db.statements import insert_if_new
from workflow.adapters.db.tables import attachments, contents, edition_files
from workflow.domain.attachments import AttachedFile, Attachment
from workflow.domain.errors import NotFoundError
from workflow.domain.submissions import Edition


class SqlAttachments:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, submission_id: str) -> tuple[Attachment, ...]:
        query = select(attachments).where(attachments.c.submission == submission_id)
        rows = self._connection.execute(query.order_by(attachments.c.added_at, attachments.c.id))
        return tuple(_attachment(row) for row in rows)

    def add(self, attachment: Attachment, content: bytes) -> None:
        kept = {"submission": attachment.submission, "sha256": attachment.file.sha256, "content": content}
        self._connection.execute(insert_if_new(self._connection, contents, "submission", "sha256"), kept)
        row = {
            "id": attachment.id,
            "submission": attachment.submission,
            "added_by": attachment.added_by,
            "added_at": attachment.added_at,
        }
        self._connection.execute(insert(attachments), row | _file_values(attachment.file))

    def content(self, attachment: Attachment) -> bytes:
        return content_of(self._connection, attachment.submission, attachment.file)

    def remove(self, attachment: Attachment) -> None:
        self._connection.execute(delete(attachments).where(attachments.c.id == attachment.id))
        gone = (contents.c.submission == attachment.submission, contents.c.sha256 == attachment.file.sha256)
        kept_by = (
            exists().where(each.c.submission == contents.c.submission, each.c.sha256 == contents.c.sha256)
            for each in (attachments, edition_files)
        )
        self._connection.execute(delete(contents).where(*gone, *(~each for each in kept_by)))


def content_of(connection: Connection, submission_id: str, file: AttachedFile) -> bytes:
    """What a unit's file holds, whichever list it stands in. Raises NotFoundError."""
    query = select(contents.c.content).where(contents.c.submission == submission_id, contents.c.sha256 == file.sha256)
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFoundError(what=file.name)
    return bytes(found)


def freeze_files(connection: Connection, edition: Edition) -> None:
    """Keep the list of an edition's attachments for ever."""
    rows = [
        {"submission": edition.submission, "edition": edition.number, "place": place, **_file_values(file)}
        for place, file in enumerate(edition.files, start=1)
    ]
    if rows:
        connection.execute(insert(edition_files), rows)


def frozen_files(connection: Connection, where: ColumnElement[bool]) -> dict[tuple[str, int], list[AttachedFile]]:
    """The attachments of editions, by submission and number, as they were listed."""
    query = select(edition_files).where(where)
    ordered = query.order_by(edition_files.c.submission, edition_files.c.edition, edition_files.c.place)
    found: dict[tuple[str, int], list[AttachedFile]] = {}
    for row in connection.execute(ordered):
        found.setdefault((row.submission, row.edition), []).append(_file(row))
    return found


def _file_values(file: AttachedFile) -> dict[str, str | int]:
    return {"name": file.name, "kind": file.kind, "sha256": file.sha256, "size": file.size}


def _attachment(row: Row[Any]) -> Attachment:
    return Attachment(
        id=row.id, submission=row.submission, file=_file(row), added_by=row.added_by, added_at=row.added_at
    )


def _file(row: Row[Any]) -> AttachedFile:
    return AttachedFile(name=row.name, kind=row.kind, sha256=row.sha256, size=row.size)
