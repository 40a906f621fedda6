"""What letters have in common is kept once; those that are there stay whole.

Revision ID: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_MOULDS = sa.table("moulds", sa.column("digest", sa.Text), sa.column("lines", sa.JSON))
_LETTERS = sa.table("letters", sa.column("message", sa.Text), sa.column("frozen", sa.JSON), sa.column("mould", sa.Text))
_AT_ONCE = 1000


def upgrade() -> None:
    op.create_table(
        "moulds",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_moulds")),
    )
    with op.batch_alter_table("letters") as letters:
        letters.add_column(sa.Column("mould", sa.Text(), nullable=True))
        letters.create_foreign_key(op.f("fk_letters_mould"), "moulds", ["mould"], ["digest"])


def downgrade() -> None:
    """Every letter whole again, before what they share goes."""
    connection = op.get_bind()
    query = sa.select(_LETTERS.c.message, _LETTERS.c.frozen, _MOULDS.c.lines).join_from(
        _LETTERS, _MOULDS, _LETTERS.c.mould == _MOULDS.c.digest
    )
    while some := connection.execute(query.limit(_AT_ONCE)).all():
        for message, frozen, lines in some:
            rest = iter(frozen.pop("own"))
            for part in ("text", "html"):
                frozen[part] = "\n".join(next(rest) if line is None else line for line in lines[part])
            whole = _LETTERS.update().where(_LETTERS.c.message == message)
            connection.execute(whole.values(frozen=frozen, mould=None))
    with op.batch_alter_table("letters") as letters:
        letters.drop_constraint(op.f("fk_letters_mould"), type_="foreignkey")
        letters.drop_column("mould")
    op.drop_table("moulds")
