"""Mails that could not be taken in, for the coordinators to see.

Revision ID: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

KINDS_BEFORE = "kind IN ('form', 'reply', 'bounce', 'delayed', 'delivered', 'auto', 'stray')"
KINDS = f"{KINDS_BEFORE.removesuffix(')')}, 'unreadable')"


def upgrade() -> None:
    _allow(KINDS)


def downgrade() -> None:
    """What is lost is only that they were told of: the mails lie where they lay."""
    op.execute(sa.text("DELETE FROM incoming WHERE kind = 'unreadable'"))
    _allow(KINDS_BEFORE)


def _allow(kinds: str) -> None:
    """On SQLite the table is built anew, with all its rows."""
    with op.batch_alter_table("incoming") as incoming:
        incoming.drop_constraint(op.f("ck_incoming_kind"), type_="check")
        incoming.create_check_constraint(op.f("ck_incoming_kind"), kinds)
