"""Colleagues whom a contact person has invited to answer too, and the mail that tells them.

Revision ID: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

KINDS_BEFORE = (
    "kind IN ('invitation', 'reminder', 'last_day', 'overdue', 'returned', 'receipt', 'approved', 'extension', "
    "'excused', 'digest', 'review_reminder', 'extension_refused', 'extension_withdrawn', 'moved', 'handover', "
    "'handed_over', 'details_check', 'code', 'new_link', 'mailed_form')"
)
KINDS = f"{KINDS_BEFORE.removesuffix(')')}, 'colleague')"


def upgrade() -> None:
    op.add_column("recipients", sa.Column("invited_by", sa.Text(), nullable=False, server_default=sa.text("''")))
    _allow(KINDS)


def downgrade() -> None:
    """Refused by the database where such a mail stands in the ledger."""
    _allow(KINDS_BEFORE)
    with op.batch_alter_table("recipients") as recipients:
        recipients.drop_column("invited_by")


def _allow(kinds: str) -> None:
    """On SQLite the table is built anew, with all its rows."""
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_constraint(op.f("ck_outbox_kind"), type_="check")
        outbox.create_check_constraint(op.f("ck_outbox_kind"), kinds)
