"""The SQL for the ways out to mail servers: what all workers together know of each."""

from typing import Any

from sqlalchemy import Connection, Row, select, update

from workflow.adapters.db.statements import Values, insert_if_new, locked
from workflow.adapters.db.tables import channel
from workflow.domain.channel import ChannelState


class SqlChannels:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str, *, lock: bool = False) -> ChannelState:
        """Make the row first where it shall be locked: there must be something to lock."""
        query = select(channel).where(channel.c.name == name)
        if lock:
            self._connection.execute(insert_if_new(self._connection, channel, "name"), _values(ChannelState(name=name)))
            query = locked(self._connection, query)
        row = self._connection.execute(query).one_or_none()
        return ChannelState(name=name) if row is None else _state(row)

    def save(self, state: ChannelState) -> None:
        values = _values(state)
        if self._connection.execute(insert_if_new(self._connection, channel, "name"), values).one_or_none() is None:
            self._connection.execute(update(channel).where(channel.c.name == state.name).values(values))


def _values(state: ChannelState) -> Values:
    return {
        "name": state.name,
        "blocked_until": state.blocked_until,
        "reason": state.reason,
        "failures": state.failures,
        "tokens": state.tokens,
        "refilled_at": state.refilled_at,
    }


def _state(row: Row[Any]) -> ChannelState:
    return ChannelState(
        name=row.name,
        blocked_until=row.blocked_until,
        reason=row.reason,
        failures=row.failures,
        tokens=row.tokens,
        refilled_at=row.refilled_at,
    )
