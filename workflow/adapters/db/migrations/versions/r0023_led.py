"""Only mails that travel in another's company stand in the index of leads.

Revision ID: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

NAME = "ix_outbox_lead"
IS_LED = sa.text("lead <> ''")


def upgrade() -> None:
    op.drop_index(NAME, "outbox")
    op.create_index(NAME, "outbox", ["lead"], sqlite_where=IS_LED, postgresql_where=IS_LED)


def downgrade() -> None:
    op.drop_index(NAME, "outbox")
    op.create_index(NAME, "outbox", ["lead"])
