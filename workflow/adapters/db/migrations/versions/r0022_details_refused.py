"""The mail to whoever wanted a change in the register that was refused.

Revision ID: 0022
"""

from alembic import op

revision = "0022"
down_revision = "0021"

KINDS_BEFORE = (
    "kind IN ('invitation', 'reminder', 'last_day', 'overdue', 'returned', 'receipt', 'approved', 'extension', "
    "'excused', 'digest', 'review_reminder', 'extension_refused', 'extension_withdrawn', 'moved', 'handover', "
    "'handed_over', 'details_check', 'code', 'new_link', 'mailed_form', 'colleague')"
)
KINDS = f"{KINDS_BEFORE.removesuffix(')')}, 'details_refused')"


def upgrade() -> None:
    _allow(KINDS)


def downgrade() -> None:
    """Refused by the database where such a mail stands in the ledger."""
    _allow(KINDS_BEFORE)


def _allow(kinds: str) -> None:
    """On SQLite the table is built anew, with all its rows."""
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_constraint(op.f("ck_outbox_kind"), type_="check")
        outbox.create_check_constraint(op.f("ck_outbox_kind"), kinds)
