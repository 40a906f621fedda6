"""A mail that comes by two ways is one: by what it says, and what it is held to be about.

Revision ID: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Mails that are there already keep to their bytes: what they said with their dates is no longer known."""
    op.add_column("incoming", sa.Column("identity", sa.Text(), nullable=True))
    op.execute("UPDATE incoming SET identity = digest")
    with op.batch_alter_table("incoming") as incoming:
        incoming.alter_column("identity", existing_type=sa.Text(), nullable=False)
        incoming.create_unique_constraint(op.f("uq_incoming_identity"), ["identity"])


def downgrade() -> None:
    with op.batch_alter_table("incoming") as incoming:
        incoming.drop_constraint(op.f("uq_incoming_identity"), type_="unique")
        incoming.drop_column("identity")
