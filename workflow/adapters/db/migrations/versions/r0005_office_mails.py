"""Mails about no unit: to coordinators, each with a choice of their own. One of a kind, address and slot.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

KINDS_BEFORE = (
    "kind IN ('invitation', 'reminder', 'last_day', 'overdue', 'returned', 'receipt', 'approved', 'extension', "
    "'excused')"
)
KINDS = f"{KINDS_BEFORE.removesuffix(')')}, 'digest', 'review_reminder')"
ABOUT = "(submission IS NULL) = (recipient IS NULL) AND (submission IS NULL OR round IS NOT NULL)"
ABOUT_NO_UNIT = sa.text("submission IS NULL")
ABOUT_COLUMNS = ("round", "submission", "recipient")


def upgrade() -> None:
    _rebuild(KINDS, nullable=True)
    op.create_index(
        "uq_outbox_key_without_unit",
        "outbox",
        ["to_email", "kind", "slot"],
        unique=True,
        sqlite_where=ABOUT_NO_UNIT,
        postgresql_where=ABOUT_NO_UNIT,
    )
    wants = sa.Column[bool]("digest", sa.Boolean(), nullable=False, server_default=sa.true())
    with op.batch_alter_table("accounts") as accounts:
        accounts.add_column(wants)
    with op.batch_alter_table("accounts") as accounts:
        accounts.alter_column("digest", existing_type=sa.Boolean(), existing_nullable=False, server_default=None)


def downgrade() -> None:
    """Refused by the database where a mail about no unit stands in the ledger: nothing of it is deleted."""
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_column("digest")
    op.drop_index("uq_outbox_key_without_unit", "outbox")
    _rebuild(KINDS_BEFORE, nullable=False)


def _rebuild(kinds: str, *, nullable: bool) -> None:
    """On SQLite the table is built anew, with all its rows."""
    with op.batch_alter_table("outbox") as outbox:
        for column in ABOUT_COLUMNS:
            outbox.alter_column(column, existing_type=sa.Text(), nullable=nullable)
        outbox.drop_constraint(op.f("ck_outbox_kind"), type_="check")
        outbox.create_check_constraint(op.f("ck_outbox_kind"), kinds)
        if nullable:
            outbox.create_check_constraint(op.f("ck_outbox_about"), ABOUT)
        else:
            outbox.drop_constraint(op.f("ck_outbox_about"), type_="check")
