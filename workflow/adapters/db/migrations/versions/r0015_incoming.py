"""Mails that came in, with their files, and the one mail that answers a form that was mailed.

Revision ID: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
KINDS_BEFORE = (
    "kind IN ('invitation', 'reminder', 'last_day', 'overdue', 'returned', 'receipt', 'approved', 'extension', "
    "'excused', 'digest', 'review_reminder', 'extension_refused', 'extension_withdrawn', 'moved', 'handover', "
    "'handed_over', 'details_check', 'code', 'new_link')"
)
KINDS = f"{KINDS_BEFORE.removesuffix(')')}, 'mailed_form')"
TEXTS = ("sender", "sender_name", "subject", "text")
REFERENCES = {"round": "rounds", "submission": "submissions", "message": "outbox", "recipient": "recipients"}


def upgrade() -> None:
    _allow(KINDS)
    op.create_table(
        "incoming",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("came_at", INSTANT, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in TEXTS),
        *(sa.Column(name, sa.Text(), nullable=True) for name in REFERENCES),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("address", "status", "said")),
        sa.Column("asked_until", sa.Date(), nullable=True),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("handled_at", INSTANT, nullable=True),
        sa.Column("handled_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('form', 'reply', 'bounce', 'delayed', 'delivered', 'auto', 'stray')",
            name=op.f("ck_incoming_kind"),
        ),
        sa.CheckConstraint("(handled_at IS NULL) = (handled_by = '')", name=op.f("ck_incoming_handled")),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=op.f(f"fk_incoming_{name}"))
            for name, table in REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming")),
        sa.UniqueConstraint("digest", name=op.f("uq_incoming_digest")),
    )
    for column in ("came_at", "round", "submission"):
        op.create_index(op.f(f"ix_incoming_{column}"), "incoming", [column], unique=False)
    op.create_table(
        "incoming_files",
        sa.Column("incoming", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("is_form", sa.Boolean(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["incoming"], ["incoming.id"], name=op.f("fk_incoming_files_incoming")),
        sa.PrimaryKeyConstraint("incoming", "number", name=op.f("pk_incoming_files")),
    )


def downgrade() -> None:
    """Refused by the database where such a mail stands in the ledger."""
    op.drop_table("incoming_files")
    op.drop_table("incoming")
    _allow(KINDS_BEFORE)


def _allow(kinds: str) -> None:
    """On SQLite the table is built anew, with all its rows."""
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_constraint(op.f("ck_outbox_kind"), type_="check")
        outbox.create_check_constraint(op.f("ck_outbox_kind"), kinds)
