"""The SQL for the codes that open verified links: each try and each use is one statement that looks and writes."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from workflow.adapters.db.tables import codes
from workflow.domain.codes import MOST_TRIES, Code


class SqlCodes:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, code: Code) -> None:
        row = {
            "id": code.id,
            "link": code.link,
            "address": code.address,
            "browser_sha256": code.browser_sha256,
            "created_at": code.created_at,
            "expires_at": code.expires_at,
            "tries": code.tries,
            "used_at": code.used_at,
        }
        self._connection.execute(insert(codes), row)

    def asked(self, *, link: str, address: str = "") -> tuple[Code, ...]:
        chosen = or_(codes.c.link == link, codes.c.address == address) if address else codes.c.link == link
        rows = self._connection.execute(select(codes).where(chosen).order_by(codes.c.created_at, codes.c.id))
        return tuple(_code(row) for row in rows)

    def take_try(self, link: str, browser_sha256: str, at: datetime) -> tuple[Code, ...]:
        statement = (
            update(codes)
            .where(
                codes.c.link == link,
                codes.c.browser_sha256 == browser_sha256,
                codes.c.used_at.is_(None),
                codes.c.tries < MOST_TRIES,
                codes.c.expires_at > at,
            )
            .values(tries=codes.c.tries + 1)
            .returning(*codes.c)
        )
        return tuple(_code(row) for row in self._connection.execute(statement))

    def spend(self, code_id: str, at: datetime) -> bool:
        statement = update(codes).where(codes.c.id == code_id, codes.c.used_at.is_(None)).values(used_at=at)
        return self._connection.execute(statement.returning(codes.c.id)).one_or_none() is not None

    def forget_before(self, at: datetime) -> None:
        self._connection.execute(delete(codes).where(codes.c.created_at < at))


def _code(row: Row[Any]) -> Code:
    return Code(
        id=row.id,
        link=row.link,
        address=row.address,
        browser_sha256=row.browser_sha256,
        created_at=row.created_at,
        expires_at=row.expires_at,
        tries=row.tries,
        used_at=row.used_at,
    )
