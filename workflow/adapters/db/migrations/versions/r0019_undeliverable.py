"""The few addresses from which mail comes back, found without a walk through the register.

Revision ID: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

IS_UNDELIVERABLE = sa.text("undeliverable_since IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_contacts_undeliverable",
        "contacts",
        ["email"],
        sqlite_where=IS_UNDELIVERABLE,
        postgresql_where=IS_UNDELIVERABLE,
    )


def downgrade() -> None:
    op.drop_index("ix_contacts_undeliverable", "contacts")
