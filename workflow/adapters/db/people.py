"""The SQL for the register of units and contacts, and for the recipients and links frozen into a round."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, select, text, update

from workflow.adapters.db import tables
from workflow.adapters.db.bulk import insert_all
from workflow.adapters.db.statements import Values
from workflow.adapters.db.tables import IS_UNDELIVERABLE, LACKS_CONTACT, contacts, units
from workflow.domain.errors import NotFoundError
from workflow.domain.people import ANSWERING, Contact, Role, Unit, UnitKind, fold_address, search_key
from workflow.domain.submissions import Link, Recipient

_HOLD = text(f"LOCK TABLE {tables.units.name} IN SHARE ROW EXCLUSIVE MODE")
"""Readers read on; rows that are deleted and written anew cannot be locked one by one."""
_ADDRESS = func.lower(func.trim(tables.recipients.c.email))
_DEAD = select(func.lower(func.trim(contacts.c.email))).where(IS_UNDELIVERABLE)
RECIPIENTS = select(tables.recipients, _ADDRESS.in_(_DEAD).label("is_unreachable"))
"""Each with what the register says today of the address."""
_NOW_REACHED = (
    update(tables.submissions)
    .where(LACKS_CONTACT, tables.submissions.c.id.in_(bindparam("reached", expanding=True)))
    .values(has_contact=True)
)


class SqlPeople:
    """The register, in the order it was given."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def units(self) -> tuple[Unit, ...]:
        return tuple(_unit(row) for row in self._connection.execute(select(units).order_by(units.c.position)))

    def hold(self) -> None:
        """SQLite lets one transaction write at a time anyway."""
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(_HOLD)

    def contacts(self) -> tuple[Contact, ...]:
        return tuple(_contact(row) for row in self._connection.execute(select(contacts).order_by(contacts.c.position)))

    def replace(self, units: Sequence[Unit], contacts: Sequence[Contact]) -> None:
        self._connection.execute(delete(tables.contacts))
        self._connection.execute(delete(tables.units))
        rows = [{"position": place, **_unit_values(unit)} for place, unit in enumerate(units)]
        insert_all(self._connection, tables.units, rows)
        rows = [{"position": place, **_contact_values(contact)} for place, contact in enumerate(contacts)]
        insert_all(self._connection, tables.contacts, rows)

    def mark_undeliverable(self, address: str, at: datetime) -> int:
        self.hold()  # who replaces the register right now would put the address back as it was
        statement = (
            update(contacts)
            .where(func.lower(func.trim(contacts.c.email)) == fold_address(address))
            .where(contacts.c.undeliverable_since.is_(None))
            .values(undeliverable_since=at)
            .returning(contacts.c.position)
        )
        return len(self._connection.execute(statement).all())

    def at(self, addresses: Collection[str]) -> tuple[tuple[Unit, Contact], ...]:
        """Addresses that mail can go to are ASCII, which every database folds alike."""
        query = select(contacts).where(func.lower(func.trim(contacts.c.email)).in_(addresses))
        found = [_contact(row) for row in self._connection.execute(query.order_by(contacts.c.position))]
        theirs = self._connection.execute(select(units).where(units.c.id.in_({each.unit for each in found})))
        by_id = {row.id: _unit(row) for row in theirs}
        return tuple((by_id[each.unit], each) for each in found)


def _unit_values(unit: Unit) -> Values:
    return {
        "id": unit.id,
        "name": unit.name,
        "short": unit.short,
        "kind": str(unit.kind),
        "valid_from": unit.valid_from,
        "valid_to": unit.valid_to,
        "replaced_by": unit.replaced_by,
        "reports": unit.reports,
    }


def _unit(row: Row[Any]) -> Unit:
    return Unit(
        id=row.id,
        name=row.name,
        short=row.short,
        kind=UnitKind(row.kind),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        replaced_by=row.replaced_by,
        reports=row.reports,
    )


def _contact_values(contact: Contact) -> Values:
    return {
        "unit": contact.unit,
        "role": str(contact.role),
        "name": contact.name,
        "email": contact.email,
        "phone": contact.phone,
        "language": contact.language,
        "valid_from": contact.valid_from,
        "valid_to": contact.valid_to,
        "undeliverable_since": contact.undeliverable_since,
    }


def _contact(row: Row[Any]) -> Contact:
    return Contact(
        unit=row.unit,
        role=Role(row.role),
        name=row.name,
        email=row.email,
        phone=row.phone,
        language=row.language,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        undeliverable_since=row.undeliverable_since,
    )


# --- as frozen into a round --------------------------------------------------


class SqlRecipients:
    """Recipients and links, in order of id."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, recipients: Iterable[Recipient], links: Iterable[Link]) -> None:
        rows = [_recipient_values(recipient) for recipient in recipients]
        insert_all(self._connection, tables.recipients, rows)
        reached = {row["submission"] for row in rows if row["role"] in ANSWERING}
        self._connection.execute(_NOW_REACHED, {"reached": sorted(reached)})
        insert_all(self._connection, tables.links, [_link_values(link) for link in links])

    def of(self, *submissions: str) -> tuple[Recipient, ...]:
        return self._recipients(RECIPIENTS.where(tables.recipients.c.submission.in_(submissions)))

    def of_round(self, round_id: str) -> tuple[Recipient, ...]:
        query = RECIPIENTS.join(tables.submissions)
        return self._recipients(query.where(tables.submissions.c.round == round_id))

    def at(self, address: str) -> tuple[Recipient, ...]:
        """As SqlPeople.at."""
        return self._recipients(RECIPIENTS.where(_ADDRESS.in_([fold_address(address)])))

    def link(self, link_id: str) -> Link | None:
        row = self._connection.execute(select(tables.links).where(tables.links.c.id == link_id)).one_or_none()
        return None if row is None else _link(row)

    def links_of(self, submission_id: str) -> tuple[Link, ...]:
        query = select(tables.links).where(tables.links.c.submission == submission_id).order_by(tables.links.c.id)
        return tuple(_link(row) for row in self._connection.execute(query))

    def links_of_round(self, round_id: str) -> tuple[Link, ...]:
        query = select(tables.links).join(tables.submissions).where(tables.submissions.c.round == round_id)
        return tuple(_link(row) for row in self._connection.execute(query.order_by(tables.links.c.id)))

    def end(self, recipient_id: str, at: datetime) -> None:
        table = tables.recipients
        statement = update(table).where(table.c.id == recipient_id).values(ends_at=at).returning(table.c.id)
        if self._connection.execute(statement).one_or_none() is None:
            raise NotFoundError(what=recipient_id)

    def revoke_links(self, recipient_id: str, at: datetime) -> None:
        links, sessions = tables.links, tables.sessions
        theirs = select(links.c.id).where(links.c.recipient == recipient_id)
        still_open = update(links).where(links.c.recipient == recipient_id, links.c.revoked_at.is_(None))
        self._connection.execute(still_open.values(revoked_at=at))
        self._connection.execute(delete(sessions).where(sessions.c.link.in_(theirs)))

    def _recipients(self, query: Select[Any]) -> tuple[Recipient, ...]:
        rows = self._connection.execute(query.order_by(tables.recipients.c.id))
        return tuple(recipient_of(row) for row in rows)


def _recipient_values(recipient: Recipient) -> Values:
    return {
        "id": recipient.id,
        "submission": recipient.submission,
        "role": str(recipient.role),
        "name": recipient.name,
        "email": recipient.email,
        "phone": recipient.phone,
        "language": recipient.language,
        "starts_at": recipient.starts_at,
        "ends_at": recipient.ends_at,
        "search_key": search_key(recipient.name),
        "invited_by": recipient.invited_by,
    }


def recipient_of(row: Row[Any]) -> Recipient:
    return Recipient(
        id=row.id,
        submission=row.submission,
        role=row.role,
        name=row.name,
        email=row.email,
        phone=row.phone,
        language=row.language,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        invited_by=row.invited_by,
        is_unreachable=bool(row.is_unreachable),
    )


def _link_values(link: Link) -> Values:
    return {
        "id": link.id,
        "submission": link.submission,
        "recipient": link.recipient,
        "secret_sha256": link.secret_sha256,
        "created_at": link.created_at,
        "expires_at": link.expires_at,
        "revoked_at": link.revoked_at,
        "starts_at": link.starts_at,
    }


def _link(row: Row[Any]) -> Link:
    return Link(
        id=row.id,
        submission=row.submission,
        recipient=row.recipient,
        secret_sha256=row.secret_sha256,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        starts_at=row.starts_at,
    )
