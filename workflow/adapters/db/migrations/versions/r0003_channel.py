"""The way out to the mail server: blocked or open, and its bucket of tokens.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.create_table(
        "channel",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("blocked_until", INSTANT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("refilled_at", INSTANT, nullable=True),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_channel_failures")),
        sa.CheckConstraint("tokens >= 0", name=op.f("ck_channel_tokens")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_channel")),
    )
