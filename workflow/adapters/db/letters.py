"""The SQL for frozen letters: written once beside the ledger, read with the mail they belong to."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, null, select

from workflow.adapters.db import codecs
from workflow.adapters.db.bulk import insert_all
from workflow.adapters.db.moulds import Moulds, filled
from workflow.adapters.db.tables import letters, moulds, outbox
from workflow.domain.messages import Frozen, Message

LETTER: tuple[ColumnElement[Any], ...] = (
    select(letters.c.frozen).where(letters.c.message == outbox.c.id).scalar_subquery().label("frozen"),
    select(moulds.c.lines)
    .join(letters, letters.c.mould == moulds.c.digest)
    .where(letters.c.message == outbox.c.id)
    .scalar_subquery()
    .label("mould"),
)
"""What `letter_of` needs beside the ledger's own columns."""
NO_LETTER: tuple[ColumnElement[Any], ...] = (null().label("frozen"), null().label("mould"))


class SqlLetters:
    def __init__(self, connection: Connection, cast: Moulds) -> None:
        self._connection, self._cast = connection, cast

    def keep(self, messages: Iterable[Message]) -> None:
        """The first rendering stays, whatever the code above says, until it falls."""
        rows, used = [], {}
        for message, frozen in ((each.id, each.frozen) for each in messages if each.frozen):
            plain, mould = self._cast.cast(codecs.plain_frozen(frozen))
            rows.append({"message": message, "frozen": plain, "mould": mould and mould.digest})
            if mould:
                used[mould.digest] = {"digest": mould.digest, "lines": mould.plain}
        # With the letters every time: whether an earlier transaction was committed is not known here.
        insert_all(self._connection, moulds, [used[digest] for digest in sorted(used)], unless=("digest",))
        insert_all(self._connection, letters, rows, unless=("message",))

    def drop(self, ids: Sequence[str]) -> None:
        if ids:
            self._connection.execute(delete(letters).where(letters.c.message.in_(ids)))


def letter_of(row: Row[Any]) -> Frozen | None:
    if row.frozen is None:
        return None
    return codecs.frozen_of(row.frozen if row.mould is None else row.frozen | filled(row.mould, row.frozen["own"]))
