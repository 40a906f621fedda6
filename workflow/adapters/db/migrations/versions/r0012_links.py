"""How the personal links of a round open: directly, or with a code by mail.

Revision ID: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Every round there is opens its links directly, as it did."""
    with op.batch_alter_table("rounds") as rounds:
        rounds.add_column(sa.Column("links", sa.Text(), nullable=False, server_default=sa.text("'direct'")))
        rounds.create_check_constraint(op.f("ck_rounds_links"), "links IN ('direct', 'verified')")


def downgrade() -> None:
    with op.batch_alter_table("rounds") as rounds:
        rounds.drop_constraint(op.f("ck_rounds_links"), type_="check")
        rounds.drop_column("links")
