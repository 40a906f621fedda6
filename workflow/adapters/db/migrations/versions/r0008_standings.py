"""What the overview reads from indexes: the Swedish order of units, what search compares, who lacks a contact.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from workflow.domain.people import search_key, stored_sort_key

revision = "0008"
down_revision = "0007"

BY_CODE_POINT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
IS_OWED = "state IN ('draft', 'not_started', 'returned')"
INDEXES = {
    "ix_submissions_standing": (["round", "state", "kind", "due_at", "due_set_at", "has_contact"], ""),
    "ix_submissions_round_sort_key": (["round", "sort_key"], ""),
    "ix_submissions_round_state_sort_key": (["round", "state", "sort_key"], ""),
    "ix_submissions_owed": (["round", "due_at", "sort_key"], IS_OWED),
    "ix_submissions_waiting": (["round", "handed_in_at", "sort_key"], "state IN ('submitted')"),
    "ix_submissions_no_contact": (["round", "sort_key"], f"{IS_OWED} AND NOT has_contact"),
}
DATED = "starts_at IS NOT NULL OR ends_at IS NOT NULL"
_AT_ONCE = 1000


def upgrade() -> None:
    op.add_column("submissions", sa.Column("has_contact", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("submissions", sa.Column("sort_key", BY_CODE_POINT, nullable=False, server_default=sa.text("''")))
    op.add_column("submissions", sa.Column("search_key", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column("recipients", sa.Column("search_key", sa.Text(), nullable=False, server_default=sa.text("''")))
    _fill()
    op.drop_index("ix_submissions_round_state", "submissions")
    for name, (columns, condition) in INDEXES.items():
        where = sa.text(condition) if condition else None
        op.create_index(name, "submissions", columns, sqlite_where=where, postgresql_where=where)
    dated = sa.text(DATED)
    op.create_index("ix_recipients_dated", "recipients", ["submission"], sqlite_where=dated, postgresql_where=dated)


def downgrade() -> None:
    op.drop_index("ix_recipients_dated", "recipients")
    for name in INDEXES:
        op.drop_index(name, "submissions")
    op.create_index("ix_submissions_round_state", "submissions", ["round", "state"])
    op.drop_column("recipients", "search_key")
    for name in ("search_key", "sort_key", "has_contact"):
        op.drop_column("submissions", name)


def _fill() -> None:
    """The same functions as the code that reads: a key made otherwise would sort and find otherwise."""
    submissions = sa.table("submissions", *map(sa.column, ("id", "unit_name", "sort_key", "search_key", "has_contact")))
    recipients = sa.table("recipients", *map(sa.column, ("id", "submission", "role", "name", "search_key")))
    bind = op.get_bind()
    names = {row.id: row.unit_name for row in bind.execute(sa.select(submissions.c.id, submissions.c.unit_name))}
    values = [{"key": key, "sort": stored_sort_key(name), "search": search_key(name)} for key, name in names.items()]
    by_key = sa.update(submissions).where(submissions.c.id == sa.bindparam("key"))
    _write(by_key.values(sort_key=sa.bindparam("sort"), search_key=sa.bindparam("search")), values)
    people = {row.id: row.name for row in bind.execute(sa.select(recipients.c.id, recipients.c.name))}
    by_id = sa.update(recipients).where(recipients.c.id == sa.bindparam("key"))
    _write(
        by_id.values(search_key=sa.bindparam("search")),
        [{"key": key, "search": search_key(name)} for key, name in people.items()],
    )
    reached = sa.select(recipients.c.submission).where(recipients.c.role.in_(["primary", "deputy", "function_mailbox"]))
    bind.execute(sa.update(submissions).where(submissions.c.id.not_in(reached)).values(has_contact=sa.false()))


def _write(statement: sa.Update, values: list[dict[str, str]]) -> None:
    for start in range(0, len(values), _AT_ONCE):
        op.get_bind().execute(statement, values[start : start + _AT_ONCE])
