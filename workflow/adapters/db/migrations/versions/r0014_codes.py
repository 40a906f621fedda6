"""Codes that open verified links, and two mails: the code, and the link that took another's place.

Revision ID: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
KINDS_BEFORE = (
    "kind IN ('invitation', 'reminder', 'last_day', 'overdue', 'returned', 'receipt', 'approved', 'extension', "
    "'excused', 'digest', 'review_reminder', 'extension_refused', 'extension_withdrawn', 'moved', 'handover', "
    "'handed_over', 'details_check')"
)
KINDS = f"{KINDS_BEFORE.removesuffix(')')}, 'code', 'new_link')"


def upgrade() -> None:
    op.create_table(
        "codes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("browser_sha256", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.CheckConstraint("tries BETWEEN 0 AND 5", name=op.f("ck_codes_tries")),
        sa.ForeignKeyConstraint(["link"], ["links.id"], name=op.f("fk_codes_link")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_codes")),
    )
    for column in ("link", "address", "created_at"):
        op.create_index(op.f(f"ix_codes_{column}"), "codes", [column], unique=False)
    _allow(KINDS)


def downgrade() -> None:
    """Refused by the database where such a mail stands in the ledger. Codes live ten minutes: they may go."""
    _allow(KINDS_BEFORE)
    op.drop_table("codes")


def _allow(kinds: str) -> None:
    """On SQLite the table is built anew, with all its rows."""
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_constraint(op.f("ck_outbox_kind"), type_="check")
        outbox.create_check_constraint(op.f("ck_outbox_kind"), kinds)
