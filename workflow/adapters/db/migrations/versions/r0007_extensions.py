"""Requests for more time, and three mails that tell of a last day.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
KINDS_BEFORE = (
    "kind IN ('invitation', 'reminder', 'last_day', 'overdue', 'returned', 'receipt', 'approved', 'extension', "
    "'excused', 'digest', 'review_reminder')"
)
KINDS = f"{KINDS_BEFORE.removesuffix(')')}, 'extension_refused', 'extension_withdrawn', 'moved')"
STATES = "state IN ('asked', 'granted', 'changed', 'refused', 'withdrawn', 'lapsed')"
IS_ASKED = sa.text("state IN ('asked')")


def upgrade() -> None:
    op.create_table(
        "extensions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("submission", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("wished", INSTANT, nullable=True),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("stood", INSTANT, nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.CheckConstraint(STATES, name=op.f("ck_extensions_state")),
        sa.CheckConstraint("state <> 'asked' OR wished IS NOT NULL", name=op.f("ck_extensions_wished")),
        sa.CheckConstraint(
            "state NOT IN ('granted', 'changed') OR due_at IS NOT NULL", name=op.f("ck_extensions_given")
        ),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"], name=op.f("fk_extensions_submission")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extensions")),
    )
    op.create_index(op.f("ix_extensions_submission"), "extensions", ["submission"], unique=False)
    op.create_index(
        "uq_extensions_open",
        "extensions",
        ["submission"],
        unique=True,
        sqlite_where=IS_ASKED,
        postgresql_where=IS_ASKED,
    )
    _allow(KINDS)


def downgrade() -> None:
    """Refused by the database where one of the new mails stands in the ledger: nothing of it is deleted."""
    _allow(KINDS_BEFORE)
    op.drop_table("extensions")


def _allow(kinds: str) -> None:
    """On SQLite the table is built anew, with all its rows."""
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_constraint(op.f("ck_outbox_kind"), type_="check")
        outbox.create_check_constraint(op.f("ck_outbox_kind"), kinds)
