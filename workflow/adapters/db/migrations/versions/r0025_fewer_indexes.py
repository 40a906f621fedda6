"""Indexes that a mail on its way does not touch: four moves of it wrote them anew, and nobody looked anything up there.

An event's hash is unique because its number is in it, and the number is the table's key.

Revision ID: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

UNDELIVERED = sa.text("state IN ('failed', 'unknown')")


def upgrade() -> None:
    with op.batch_alter_table("events") as events:  # on SQLite built anew, with all its rows
        events.drop_constraint(op.f("uq_events_hash"), type_="unique")
    _guard_events()
    op.drop_index(op.f("ix_outbox_round_state"), "outbox")
    op.create_index(op.f("ix_outbox_round"), "outbox", ["round"])
    op.create_index(
        "ix_outbox_undelivered",
        "outbox",
        ["round", "due_at", "id"],
        sqlite_where=UNDELIVERED,
        postgresql_where=UNDELIVERED,
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_undelivered", "outbox")
    op.drop_index(op.f("ix_outbox_round"), "outbox")
    op.create_index(op.f("ix_outbox_round_state"), "outbox", ["round", "state"])
    with op.batch_alter_table("events") as events:  # on SQLite built anew, with all its rows
        events.create_unique_constraint(op.f("uq_events_hash"), ["hash"])
    _guard_events()


def _guard_events() -> None:
    """A table that SQLite has built anew has lost what keeps it append-only."""
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER events_no_{change.lower()} BEFORE {change} ON events "
                "BEGIN SELECT RAISE(ABORT, 'events is append-only'); END",
            )
