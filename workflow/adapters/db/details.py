"""The SQL for the yearly question whether the register is right, and for what people want changed in it."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from workflow.adapters.db.statements import Values, insert_if_new, locked, one
from workflow.adapters.db.tables import corrections, details_checks
from workflow.domain.details import (
    Check,
    Correction,
    CorrectionClosedError,
    CorrectionState,
    Said,
    Wish,
    place_of,
    plain,
)
from workflow.domain.errors import NotFoundError
from workflow.domain.people import Role


class SqlDetails:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask(self, checks: Iterable[Check]) -> frozenset[str]:
        """In one fixed order, so that two who ask the same people wait for each other, never both at once."""
        by_key = {(each.year, each.address): each for each in checks}
        if not by_key:
            return frozenset()
        rows = [_check_values(by_key[key]) for key in sorted(by_key)]
        statement = insert_if_new(self._connection, details_checks, "year", "address")
        return frozenset(by_key[tuple(new)].id for new in self._connection.execute(statement, rows))

    def checks(self, ids: Collection[str], *, lock: bool = False) -> dict[str, Check]:
        query = select(details_checks).where(details_checks.c.id.in_(ids)).order_by(details_checks.c.id)
        rows = self._connection.execute(locked(self._connection, query) if lock else query)
        return {row.id: _check(row) for row in rows}

    def of_year(self, year: int) -> tuple[Check, ...]:
        query = select(details_checks).where(details_checks.c.year == year).order_by(details_checks.c.address)
        return tuple(_check(row) for row in self._connection.execute(query))

    def answer(self, check: Check) -> None:
        said = {"said": str(check.said), "answered_at": check.answered_at}
        self._connection.execute(update(details_checks).where(details_checks.c.id == check.id).values(said))

    def request(self, corrections_: Iterable[Correction]) -> None:
        if rows := [_values(each) for each in corrections_]:
            self._connection.execute(insert(corrections), rows)

    def correction(self, correction_id: str) -> Correction:
        query = select(corrections).where(corrections.c.id == correction_id)
        return _correction(one(self._connection, query, NotFoundError(what=correction_id)))

    def corrections(self, *, check: str = "", states: Collection[CorrectionState] = ()) -> tuple[Correction, ...]:
        query: Select[Any] = select(corrections)
        if check:
            query = query.where(corrections.c.check_id == check)
        if states:
            query = query.where(corrections.c.state.in_(sorted(str(state) for state in states)))
        rows = self._connection.execute(query.order_by(corrections.c.asked_at, corrections.c.id))
        return tuple(_correction(row) for row in rows)

    def change(self, before: Correction, after: Correction) -> None:
        statement = (
            update(corrections)
            .where(corrections.c.id == before.id, corrections.c.state == str(before.state))
            .values(_values(after))
            .returning(corrections.c.id)
        )
        if self._connection.execute(statement).one_or_none() is None:
            raise CorrectionClosedError


def _check_values(check: Check) -> Values:
    return {
        "id": check.id,
        "year": check.year,
        "address": check.address,
        "secret_sha256": check.secret_sha256,
        "created_at": check.created_at,
        "expires_at": check.expires_at,
        "said": str(check.said),
        "answered_at": check.answered_at,
    }


def _check(row: Row[Any]) -> Check:
    return Check(
        id=row.id,
        year=row.year,
        address=row.address,
        secret_sha256=row.secret_sha256,
        created_at=row.created_at,
        expires_at=row.expires_at,
        said=Said(row.said),
        answered_at=row.answered_at,
    )


def _values(correction: Correction) -> Values:
    return {
        "id": correction.id,
        "check_id": correction.check,
        "was": plain(correction.was),
        "wish": str(correction.wish),
        "name": correction.name,
        "email": correction.email,
        "phone": correction.phone,
        "role": str(correction.role),
        "note": correction.note,
        "state": str(correction.state),
        "asked_at": correction.asked_at,
        "decided_at": correction.decided_at,
        "decided_by": correction.decided_by,
    }


def _correction(row: Row[Any]) -> Correction:
    return Correction(
        id=row.id,
        check=row.check_id,
        was=place_of(row.was),
        wish=Wish(row.wish),
        name=row.name,
        email=row.email,
        phone=row.phone,
        role=Role(row.role),
        note=row.note,
        state=CorrectionState(row.state),
        asked_at=row.asked_at,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
    )
