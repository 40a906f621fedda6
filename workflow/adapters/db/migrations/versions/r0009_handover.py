"""Mails about a hand-over.

Revision ID: 0009
"""

from alembic import op

revision = "0009"
down_revision = "0008"

KINDS_BEFORE = (
    "kind IN ('invitation', 'reminder', 'last_day', 'overdue', 'returned', 'receipt', 'approved', 'extension', "
    "'excused', 'digest', 'review_reminder', 'extension_refused', 'extension_withdrawn', 'moved')"
)
KINDS = f"{KINDS_BEFORE.removesuffix(')')}, 'handover', 'handed_over')"


def upgrade() -> None:
    _allow(KINDS)


def downgrade() -> None:
    """Refused by the database where such a mail stands in the ledger: nothing of it is deleted."""
    _allow(KINDS_BEFORE)


def _allow(kinds: str) -> None:
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_constraint(op.f("ck_outbox_kind"), type_="check")
        outbox.create_check_constraint(op.f("ck_outbox_kind"), kinds)
