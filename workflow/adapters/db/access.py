"""The SQL for coordinators' accounts and for sessions."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from workflow.adapters.db.statements import insert_if_new
from workflow.adapters.db.tables import accounts, sessions
from workflow.domain.errors import NotFoundError
from workflow.domain.people import Account
from workflow.ports import Session


class SqlAccess:
    """Addresses are compared without regard to case, and kept as they were written."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def account(self, email: str) -> Account | None:
        return self._account(select(accounts).where(accounts.c.email_key == _email_key(email)))

    def account_by_id(self, account_id: str) -> Account | None:
        return self._account(select(accounts).where(accounts.c.id == account_id))

    def accounts(self) -> tuple[Account, ...]:
        rows = self._connection.execute(select(accounts).order_by(accounts.c.email_key))
        return tuple(_account(row) for row in rows)

    def add_account(self, account: Account) -> bool:
        row = {
            "id": account.id,
            "email": account.email,
            "email_key": _email_key(account.email),
            "name": account.name,
            "password_hash": account.password_hash,
            "language": account.language,
            "once": account.once,
            "digest": account.digest,
        }
        statement = insert_if_new(self._connection, accounts, "email_key")
        return self._connection.execute(statement, row).one_or_none() is not None

    def set_password(self, account_id: str, password_hash: str, *, once: bool, expected: str | None = None) -> bool:
        """One statement looks and writes: of several with the same `expected` one wins. Raises NotFoundError."""
        statement = update(accounts).where(accounts.c.id == account_id)
        if expected is not None:
            statement = statement.where(accounts.c.password_hash == expected)
        written = statement.values(password_hash=password_hash, once=once).returning(accounts.c.id)
        if self._connection.execute(written).one_or_none() is not None:
            return True
        if self.account_by_id(account_id) is None:
            raise NotFoundError(what=account_id)
        return False

    def set_digest(self, account_id: str, *, wanted: bool) -> None:
        statement = update(accounts).where(accounts.c.id == account_id).values(digest=wanted).returning(accounts.c.id)
        if self._connection.execute(statement).one_or_none() is None:
            raise NotFoundError(what=account_id)

    def session(self, id_sha256: str) -> Session | None:
        row = self._connection.execute(select(sessions).where(sessions.c.id_sha256 == id_sha256)).one_or_none()
        return None if row is None else _session(row)

    def add_session(self, session: Session) -> None:
        row = {
            "id_sha256": session.id_sha256,
            "csrf": session.csrf,
            "created_at": session.created_at,
            "seen_at": session.seen_at,
            "expires_at": session.expires_at,
            "account": session.account or None,
            "link": session.link or None,
        }
        self._connection.execute(insert(sessions), row)

    def touch_session(self, id_sha256: str, at: datetime) -> None:
        self._connection.execute(update(sessions).where(sessions.c.id_sha256 == id_sha256).values(seen_at=at))

    def end_session(self, id_sha256: str) -> None:
        self._connection.execute(delete(sessions).where(sessions.c.id_sha256 == id_sha256))

    def end_sessions_of(self, account_id: str) -> None:
        self._connection.execute(delete(sessions).where(sessions.c.account == account_id))

    def _account(self, query: Select[Any]) -> Account | None:
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _account(row)


def _email_key(email: str) -> str:
    return email.strip().casefold()


def _account(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        email=row.email,
        name=row.name,
        password_hash=row.password_hash,
        language=row.language,
        once=row.once,
        digest=row.digest,
    )


def _session(row: Row[Any]) -> Session:
    return Session(
        id_sha256=row.id_sha256,
        csrf=row.csrf,
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        account=row.account or "",
        link=row.link or "",
    )
