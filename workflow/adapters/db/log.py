"""The SQL for the event log: numbered without gaps, each event chained to the one before."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, select, update

from workflow.adapters.db.bulk import insert_all
from workflow.adapters.db.columns import utc
from workflow.adapters.db.statements import Values, locked
from workflow.adapters.db.tables import audit_head, events
from workflow.domain.audit import Chained, Event, Head, chain

_HEAD = select(audit_head)
_MOVE_HEAD = update(audit_head)


class SqlLog:
    """Events wait in memory until `write`, which the database calls when all else of the transaction is done."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: list[Event] = []

    def append(self, event: Event) -> None:
        """Keep the event in UTC: its hash covers the instant's text, which must come back the same."""
        self._waiting.append(event if event.at.tzinfo is UTC else replace(event, at=utc(event.at)))

    def write(self) -> None:
        """Lock the head of the chain and append what waits to it."""
        if not self._waiting:
            return
        head = self._connection.execute(locked(self._connection, _HEAD)).one()
        number, previous, rows = head.number, head.hash, []
        for event in self._waiting:
            link = chain(event, number=number + 1, previous=previous)
            number, previous = link.number, link.hash
            rows.append(_values(link))
        insert_all(self._connection, events, rows)
        self._connection.execute(_MOVE_HEAD, {"number": number, "hash": previous})
        self._waiting.clear()

    def head(self) -> Head:
        row = self._connection.execute(select(audit_head.c.number, audit_head.c.hash)).one()
        return Head(row.number, row.hash)

    def has_since(self, number: int, kinds: Collection[str]) -> bool:
        found = exists().where(events.c.number > number, events.c.kind.in_(kinds))
        return bool(self._connection.execute(select(found)).scalar_one())

    def all(self) -> tuple[Chained, ...]:
        return self._events(select(events))

    def of_submission(self, submission_id: str) -> tuple[Chained, ...]:
        return self._events(select(events).where(events.c.submission == submission_id))

    def _events(self, query: Select[Any]) -> tuple[Chained, ...]:
        return tuple(_chained(row) for row in self._connection.execute(query.order_by(events.c.number)))


def _values(link: Chained) -> Values:
    event = link.event
    return {
        "number": link.number,
        "kind": event.kind,
        "actor": event.actor,
        "at": event.at,
        "round": event.round,
        "submission": event.submission,
        "message": event.message,
        "data": dict(event.data),
        "previous": link.previous,
        "hash": link.hash,
    }


def _chained(row: Row[Any]) -> Chained:
    event = Event(
        kind=row.kind,
        actor=row.actor,
        at=row.at,
        round=row.round,
        submission=row.submission,
        message=row.message,
        data=row.data,
    )
    return Chained(number=row.number, event=event, previous=row.previous, hash=row.hash)
