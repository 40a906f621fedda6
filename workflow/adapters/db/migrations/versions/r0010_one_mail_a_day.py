"""One reminder per person and day: the address that tells people apart, and the mail that told of several units.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

IS_REMINDER = "kind IN ('last_day', 'overdue', 'reminder')"
LEADS = f"{IS_REMINDER} AND address <> '' AND lead = ''"
BELTED = "state IN ('sending', 'handing', 'sent', 'unknown') AND local_day <> ''"
WEARS_BELT = sa.text(f"{LEADS} AND {BELTED}")
MAY_LEAD = sa.text(f"{LEADS} AND state IN ('planned')")
WORE_BELT = sa.text(f"{IS_REMINDER} AND {BELTED}")
# What went before may have been several on a day: what has gone gets no address, and of those that may go again after
# all (nobody knows yet whether they went) one a day gets it.
MAY_HAVE_GONE = "('sending', 'handing', 'unknown')"
FILL = f"""
UPDATE outbox SET address = lower(trim(to_email)) WHERE state <> 'sent' AND (
    state NOT IN {MAY_HAVE_GONE} OR NOT EXISTS (
        SELECT 1 FROM outbox AS other
        WHERE other.{IS_REMINDER} AND other.state IN {MAY_HAVE_GONE} AND other.local_day = outbox.local_day
        AND lower(trim(other.to_email)) = lower(trim(outbox.to_email)) AND other.id < outbox.id
    )
)
"""  # noqa: S608 - of constants


def upgrade() -> None:
    op.drop_index("uq_outbox_second_belt", "outbox")
    with op.batch_alter_table("outbox") as outbox:
        for name in ("address", "lead"):
            outbox.add_column(sa.Column[str](name, sa.Text(), nullable=False, server_default=""))
    op.execute(FILL)
    with op.batch_alter_table("outbox") as outbox:
        for name in ("address", "lead"):
            outbox.alter_column(name, existing_type=sa.Text(), existing_nullable=False, server_default=None)
    op.create_index(op.f("ix_outbox_lead"), "outbox", ["lead"])
    _partial_index("ix_outbox_person", ["address", "due_at"], MAY_LEAD, unique=False)
    _partial_index("uq_outbox_second_belt", ["address", "local_day"], WEARS_BELT, unique=True)


def downgrade() -> None:
    for name in ("uq_outbox_second_belt", "ix_outbox_person", op.f("ix_outbox_lead")):
        op.drop_index(name, "outbox")
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_column("lead")
        outbox.drop_column("address")
    _partial_index("uq_outbox_second_belt", ["submission", "recipient", "local_day"], WORE_BELT, unique=True)


def _partial_index(name: str, columns: list[str], where: sa.TextClause, *, unique: bool) -> None:
    op.create_index(name, "outbox", columns, unique=unique, sqlite_where=where, postgresql_where=where)
