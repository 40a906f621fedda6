"""PostgreSQL keeps letters as they are: files are compressed already, and trying again took half of its time.

Revision ID: 0024
"""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    _store("EXTERNAL")


def downgrade() -> None:
    _store("EXTENDED")


def _store(how: str) -> None:
    """Holds for letters that are written from now on."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE letters ALTER COLUMN frozen SET STORAGE {how}")
