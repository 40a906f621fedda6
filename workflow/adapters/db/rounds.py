"""The SQL for rounds, with their frozen form and policy."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, select, update

from workflow.adapters.db import codecs
from workflow.adapters.db.statements import Values, among, insert_if_new, locked, one
from workflow.adapters.db.tables import rounds
from workflow.domain.codes import LinkMode
from workflow.domain.errors import StaleWriteError, UnknownRoundError
from workflow.domain.rounds import Round, RoundState

_STATES = select(rounds.c.id, rounds.c.state)


class SqlRounds:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, round_id: str, *, lock: bool = False) -> Round:
        query = select(rounds).where(rounds.c.id == round_id)
        if lock:
            query = locked(self._connection, query)
        return _round(one(self._connection, query, UnknownRoundError(round=round_id)))

    def all(self) -> tuple[Round, ...]:
        query = select(rounds).order_by(rounds.c.opens_at.desc(), rounds.c.id.desc())
        return tuple(_round(row) for row in self._connection.execute(query))

    def states(self, ids: Collection[str]) -> dict[str, RoundState]:
        rows = self._connection.execute(among(self._connection, _STATES, rounds.c.id), {"ids": sorted(ids)})
        return {row.id: RoundState(row.state) for row in rows}

    def add(self, round_: Round) -> bool:
        statement = insert_if_new(self._connection, rounds, "id")
        row = self._connection.execute(statement, {"version": round_.version, **_values(round_)})
        return row.one_or_none() is not None

    def save(self, round_: Round) -> None:
        statement = (
            update(rounds)
            .where(rounds.c.id == round_.id, rounds.c.version == round_.version)
            .values(version=round_.version + 1, **_values(round_))
            .returning(rounds.c.id)
        )
        if self._connection.execute(statement).one_or_none() is None:
            raise StaleWriteError


def _values(round_: Round) -> Values:
    return {
        "id": round_.id,
        "year": round_.year,
        "period": codecs.plain_period(round_.period),
        "form": codecs.plain_form(round_.form),
        "policy": codecs.plain_policy(round_.policy),
        "opens_at": round_.opens_at,
        "due_at": codecs.plain_deadlines(round_.due_at),
        "closes_at": round_.closes_at,
        "confirmed": round_.confirmed,
        "links": str(round_.links),
        "state": str(round_.state),
        "opened_at": round_.opened_at,
        "closed_at": round_.closed_at,
        "editions": round_.editions,
    }


def _round(row: Row[Any]) -> Round:
    return Round(
        id=row.id,
        year=row.year,
        period=codecs.period_of(row.period),
        form=codecs.form_of(row.form),
        policy=codecs.policy_of(row.policy),
        opens_at=row.opens_at,
        due_at=codecs.deadlines_of(row.due_at),
        closes_at=row.closes_at,
        confirmed=row.confirmed,
        links=LinkMode(row.links),
        state=RoundState(row.state),
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        editions=row.editions,
        version=row.version,
    )
