"""Contacts with validity dates and more roles; recipients and links with the time in which they are the right ones.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
ROLES_BEFORE = "role IN ('primary', 'deputy', 'head')"
ROLES = "role IN ('primary', 'deputy', 'head', 'registrar', 'function_mailbox')"
ADDED = {
    "contacts": (("valid_from", sa.Date()), ("valid_to", sa.Date()), ("undeliverable_since", INSTANT)),
    "recipients": (("starts_at", INSTANT), ("ends_at", INSTANT)),
    "links": (("starts_at", INSTANT),),
    "outbox": (("right_until", INSTANT),),
}


def upgrade() -> None:
    for table, columns in ADDED.items():
        for name, kind in columns:
            op.add_column(table, sa.Column(name, kind, nullable=True))
    for table in ("contacts", "recipients"):
        _allow(table, ROLES)


def downgrade() -> None:
    """Refused by the database where a contact has one of the new roles: nobody is deleted."""
    for table in ("contacts", "recipients"):
        _allow(table, ROLES_BEFORE)
    for table, columns in ADDED.items():
        for name, _ in columns:
            op.drop_column(table, name)


def _allow(table: str, roles: str) -> None:
    name = op.f(f"ck_{table}_role")
    with op.batch_alter_table(table) as altered:
        altered.drop_constraint(name, type_="check")
        altered.create_check_constraint(name, roles)
