"""What somebody waits for at a screen is found at once, however much else is due.

Revision ID: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

WAITED_FOR = sa.text("kind IN ('code', 'new_link') AND state IN ('planned')")


def upgrade() -> None:
    op.create_index(
        "ix_outbox_waited_for",
        "outbox",
        ["due_at", "id"],
        sqlite_where=WAITED_FOR,
        postgresql_where=WAITED_FOR,
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_waited_for", "outbox")
