"""The SQL for requests for more time and what was decided about them."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from workflow.adapters.db.statements import Values, led_by_others, one, refused_as
from workflow.adapters.db.tables import extensions, submissions
from workflow.domain.errors import AlreadyAskedError, NotFoundError, RequestAnsweredError
from workflow.domain.extensions import Extension, ExtensionState

_SINCE = func.coalesce(extensions.c.asked_at, extensions.c.decided_at)


class SqlExtensions:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, extension_id: str) -> Extension:
        query = select(extensions).where(extensions.c.id == extension_id)
        return _extension(one(self._connection, query, NotFoundError(what=extension_id)))

    def add(self, extension: Extension) -> None:
        error = AlreadyAskedError(wished=extension.wished)
        # SQLite names the columns: only the open request has its submission alone in a unique index
        with refused_as(
            self._connection, error, constraint="uq_extensions_open", column="UNIQUE constraint failed: extensions.sub"
        ):
            self._connection.execute(insert(extensions), _values(extension))

    def change(self, before: Extension, after: Extension) -> None:
        statement = (
            update(extensions)
            .where(extensions.c.id == before.id, extensions.c.state == str(before.state))
            .values(_values(after))
            .returning(extensions.c.id)
        )
        if self._connection.execute(statement).one_or_none() is None:
            raise RequestAnsweredError

    def of(self, submission_id: str) -> tuple[Extension, ...]:
        return self._read(select(extensions).where(extensions.c.submission == submission_id))

    def of_round(self, round_id: str, *, states: Collection[ExtensionState] = ()) -> tuple[Extension, ...]:
        query = select(extensions).join(submissions).where(led_by_others(submissions.c.round, round_id))
        if states:
            query = query.where(extensions.c.state.in_(sorted(str(state) for state in states)))
        return self._read(query)

    def _read(self, query: Select[Any]) -> tuple[Extension, ...]:
        return tuple(_extension(row) for row in self._connection.execute(query.order_by(_SINCE, extensions.c.id)))


def _values(extension: Extension) -> Values:
    return {
        "id": extension.id,
        "submission": extension.submission,
        "state": str(extension.state),
        "asked_at": extension.asked_at,
        "asked_by": extension.asked_by,
        "reason": extension.reason,
        "wished": extension.wished,
        "due_at": extension.due_at,
        "stood": extension.stood,
        "answer": extension.answer,
        "decided_at": extension.decided_at,
        "decided_by": extension.decided_by,
    }


def _extension(row: Row[Any]) -> Extension:
    return Extension(
        id=row.id,
        submission=row.submission,
        state=ExtensionState(row.state),
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        reason=row.reason,
        wished=row.wished,
        due_at=row.due_at,
        stood=row.stood,
        answer=row.answer,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
    )
