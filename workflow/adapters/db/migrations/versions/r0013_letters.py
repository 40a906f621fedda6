"""Frozen letters beside the ledger: a row is written at every move, its letter once.

Revision ID: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "letters",
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("frozen", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["message"], ["outbox.id"], name=op.f("fk_letters_message")),
        sa.PrimaryKeyConstraint("message", name=op.f("pk_letters")),
    )
    op.execute("INSERT INTO letters (message, frozen) SELECT id, frozen FROM outbox WHERE frozen IS NOT NULL")
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_column("frozen")


def downgrade() -> None:
    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(sa.Column("frozen", sa.JSON(none_as_null=True), nullable=True))
    op.execute("UPDATE outbox SET frozen = (SELECT letters.frozen FROM letters WHERE letters.message = outbox.id)")
    op.drop_table("letters")
