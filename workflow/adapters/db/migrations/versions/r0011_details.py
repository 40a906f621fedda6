"""The yearly question whether the register is right: who was asked, what they said, what they want changed.

Revision ID: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
KINDS_BEFORE = (
    "kind IN ('invitation', 'reminder', 'last_day', 'overdue', 'returned', 'receipt', 'approved', 'extension', "
    "'excused', 'digest', 'review_reminder', 'extension_refused', 'extension_withdrawn', 'moved', 'handover', "
    "'handed_over')"
)
KINDS = f"{KINDS_BEFORE.removesuffix(')')}, 'details_check')"
ROLES = "role IN ('primary', 'deputy', 'head', 'registrar', 'function_mailbox')"
WISHES = "wish IN ('change', 'successor', 'other')"
STATES = "state IN ('asked', 'applied', 'refused', 'handled', 'replaced')"


def upgrade() -> None:
    op.create_table(
        "details_checks",
        _text("id"),
        sa.Column("year", sa.Integer(), nullable=False),
        _text("address"),
        _text("secret_sha256"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        _text("said"),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.CheckConstraint("said IN ('', 'right', 'change')", name=op.f("ck_details_checks_said")),
        sa.CheckConstraint("(said = '') = (answered_at IS NULL)", name=op.f("ck_details_checks_answered")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_details_checks")),
        sa.UniqueConstraint("year", "address", name=op.f("uq_details_checks_year_address")),
    )
    op.create_table(
        "corrections",
        _text("id"),
        _text("check_id"),
        sa.Column("was", sa.JSON(), nullable=False),
        *(_text(name) for name in ("wish", "name", "email", "phone", "role", "note", "state")),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        _text("decided_by"),
        sa.CheckConstraint(WISHES, name=op.f("ck_corrections_wish")),
        sa.CheckConstraint(ROLES, name=op.f("ck_corrections_role")),
        sa.CheckConstraint(STATES, name=op.f("ck_corrections_state")),
        sa.ForeignKeyConstraint(["check_id"], ["details_checks.id"], name=op.f("fk_corrections_check_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    op.create_index(op.f("ix_corrections_check_id"), "corrections", ["check_id"], unique=False)
    _allow(KINDS)


def downgrade() -> None:
    """Refused by the database where one of these mails stands in the ledger: nothing of it is deleted."""
    _allow(KINDS_BEFORE)
    op.drop_table("corrections")
    op.drop_table("details_checks")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _allow(kinds: str) -> None:
    """On SQLite the table is built anew, with all its rows."""
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_constraint(op.f("ck_outbox_kind"), type_="check")
        outbox.create_check_constraint(op.f("ck_outbox_kind"), kinds)
