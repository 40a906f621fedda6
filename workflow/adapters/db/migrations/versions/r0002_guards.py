"""The clock guard.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.create_table(
        "guards",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_tick", INSTANT, nullable=True),
        sa.Column("since", INSTANT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("off_seconds", sa.BigInteger(), nullable=False),
        sa.Column("vouched", sa.Boolean(), nullable=False),
        sa.Column("agreeing", sa.Integer(), nullable=False),
        sa.Column("counted_at", INSTANT, nullable=True),
        sa.Column("told", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_guards")),
    )
