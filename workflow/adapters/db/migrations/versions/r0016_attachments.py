"""Attachments: the files beside a draft, their contents, and the list that each edition froze.

Revision ID: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
KIND = "kind IN ('pdf', 'docx', 'xlsx', 'pptx', 'odt', 'ods', 'png', 'jpg', 'csv', 'txt')"
CONTENT = (["submission", "sha256"], ["contents.submission", "contents.sha256"])


def upgrade() -> None:
    op.create_table(
        "contents",
        sa.Column("submission", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"], name=op.f("fk_contents_submission")),
        sa.PrimaryKeyConstraint("submission", "sha256", name=op.f("pk_contents")),
    )
    op.create_table(
        "attachments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("submission", sa.Text(), nullable=False),
        *_file(),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.CheckConstraint(KIND, name=op.f("ck_attachments_kind")),
        sa.CheckConstraint("size > 0", name=op.f("ck_attachments_size")),
        sa.ForeignKeyConstraint(*CONTENT, name=op.f("fk_attachments_submission")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index(op.f("ix_attachments_submission"), "attachments", ["submission"], unique=False)
    op.create_table(
        "edition_files",
        sa.Column("submission", sa.Text(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        *_file(),
        sa.CheckConstraint(KIND, name=op.f("ck_edition_files_kind")),
        sa.CheckConstraint("size > 0", name=op.f("ck_edition_files_size")),
        sa.ForeignKeyConstraint(
            ["submission", "edition"],
            ["editions.submission", "editions.number"],
            name=op.f("fk_edition_files_submission"),
        ),
        sa.ForeignKeyConstraint(*CONTENT, name=op.f("fk_edition_files_content")),
        sa.PrimaryKeyConstraint("submission", "edition", "place", name=op.f("pk_edition_files")),
    )
    _refuse_changes()


def downgrade() -> None:
    for name in ("edition_files", "attachments", "contents"):
        op.drop_table(name)


def _file() -> tuple[sa.Column[str] | sa.Column[int], ...]:
    texts = [sa.Column(name, sa.Text(), nullable=False) for name in ("name", "kind", "sha256")]
    return (*texts, sa.Column("size", sa.Integer(), nullable=False))


def _refuse_changes() -> None:
    """As for all that is kept for ever (r0001)."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER edition_files_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON edition_files "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER edition_files_no_{change.lower()} BEFORE {change} ON edition_files "
            "BEGIN SELECT RAISE(ABORT, 'edition_files is append-only'); END",
        )
