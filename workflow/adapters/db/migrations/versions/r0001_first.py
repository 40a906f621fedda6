"""The first schema.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None  # and no way down from here: going back would mean to delete answers

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
GENESIS = "0" * 64
UNIT_KIND = (
    "kind IN ('kommunstyrelse', 'facknamnd', 'stadsdelsnamnd', 'bolag', 'intressebolag', 'stiftelse', "
    "'kommunalforbund')"
)
MESSAGE_KIND = (
    "kind IN ('invitation', 'reminder', 'last_day', 'overdue', 'returned', 'receipt', 'approved', 'extension', "
    "'excused')"
)
IS_PLANNED = sa.text("state IN ('planned')")
IS_LEASED = sa.text("state IN ('sending', 'handing')")
WEARS_BELT = sa.text(
    "kind IN ('last_day', 'overdue', 'reminder') AND state IN ('sending', 'handing', 'sent', 'unknown') "
    "AND local_day <> ''",
)
APPEND_ONLY = ("answers", "editions", "attempts", "events")


def upgrade() -> None:
    _rounds()
    _answers()
    _people()
    _outbox()
    _log()
    _access()
    _refuse_changes()


def _rounds() -> None:
    op.create_table(
        "rounds",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("period", sa.JSON(), nullable=False),
        sa.Column("form", sa.JSON(), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("opens_at", INSTANT, nullable=False),
        sa.Column("due_at", sa.JSON(), nullable=False),
        sa.Column("closes_at", INSTANT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("editions", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('planned', 'open', 'closed', 'bundled', 'cancelled')", name=op.f("ck_rounds_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rounds")),
    )
    op.create_table(
        "submissions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("round", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("due_set_at", INSTANT, nullable=False),
        sa.Column("questions", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("deadline_revision", sa.Integer(), nullable=False),
        sa.Column("extended", sa.Boolean(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("saved_at", INSTANT, nullable=True),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("received_at", INSTANT, nullable=True),
        sa.Column("handed_in_at", INSTANT, nullable=True),
        sa.Column("late_days", sa.Integer(), nullable=False),
        sa.Column("review_started", sa.Boolean(), nullable=False),
        sa.Column("open_questions", sa.JSON(), nullable=False),
        sa.Column("comments", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("diary_number", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            UNIT_KIND,
            name=op.f("ck_submissions_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('not_started', 'draft', 'submitted', 'returned', 'approved', 'excused')",
            name=op.f("ck_submissions_state"),
        ),
        sa.ForeignKeyConstraint(["round"], ["rounds.id"], name=op.f("fk_submissions_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
        sa.UniqueConstraint("round", "unit", name=op.f("uq_submissions_round_unit")),
    )
    op.create_index(op.f("ix_submissions_round_state"), "submissions", ["round", "state"], unique=False)


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("submission", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("not_applicable", sa.Boolean(), nullable=False),
        sa.Column("na_reason", sa.Text(), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("saved_at", INSTANT, nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_answers_version")),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"], name=op.f("fk_answers_submission")),
        sa.PrimaryKeyConstraint("submission", "question", "version", name=op.f("pk_answers")),
    )
    op.create_table(
        "editions",
        sa.Column("submission", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("received_from", sa.Text(), nullable=False),
        sa.Column("late_days", sa.Integer(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_editions_number")),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"], name=op.f("fk_editions_submission")),
        sa.PrimaryKeyConstraint("submission", "number", name=op.f("pk_editions")),
    )


def _people() -> None:
    op.create_table(
        "units",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("short", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("replaced_by", sa.Text(), nullable=False),
        sa.Column("reports", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            UNIT_KIND,
            name=op.f("ck_units_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
    )
    op.create_table(
        "contacts",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.CheckConstraint("role IN ('primary', 'deputy', 'head')", name=op.f("ck_contacts_role")),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_contacts_unit")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_contacts")),
    )
    op.create_table(
        "recipients",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("submission", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.CheckConstraint("role IN ('primary', 'deputy', 'head')", name=op.f("ck_recipients_role")),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"], name=op.f("fk_recipients_submission")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipients")),
    )
    op.create_index(op.f("ix_recipients_submission"), "recipients", ["submission"], unique=False)
    op.create_table(
        "links",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("submission", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("secret_sha256", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["recipient"], ["recipients.id"], name=op.f("fk_links_recipient")),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"], name=op.f("fk_links_submission")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
    )
    op.create_index(op.f("ix_links_submission"), "links", ["submission"], unique=False)


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("round", sa.Text(), nullable=False),
        sa.Column("submission", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("deadline_revision", sa.Integer(), nullable=False),
        sa.Column("to_name", sa.Text(), nullable=False),
        sa.Column("to_email", sa.Text(), nullable=False),
        sa.Column("copies", sa.JSON(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("give_up_at", INSTANT, nullable=False),
        sa.Column("local_day", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", INSTANT, nullable=True),
        sa.Column("frozen", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            MESSAGE_KIND,
            name=op.f("ck_outbox_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'sending', 'handing', 'sent', 'unknown', 'failed', 'cancelled', 'skipped', 'held')",
            name=op.f("ck_outbox_state"),
        ),
        sa.ForeignKeyConstraint(["recipient"], ["recipients.id"], name=op.f("fk_outbox_recipient")),
        sa.ForeignKeyConstraint(["round"], ["rounds.id"], name=op.f("fk_outbox_round")),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"], name=op.f("fk_outbox_submission")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("submission", "recipient", "kind", "slot", "deadline_revision", name="uq_outbox_key"),
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["due_at", "id"],
        unique=False,
        sqlite_where=IS_PLANNED,
        postgresql_where=IS_PLANNED,
    )
    op.create_index(
        "ix_outbox_lease",
        "outbox",
        ["lease_until", "id"],
        unique=False,
        sqlite_where=IS_LEASED,
        postgresql_where=IS_LEASED,
    )
    op.create_index(op.f("ix_outbox_round_state"), "outbox", ["round", "state"], unique=False)
    op.create_index(
        "uq_outbox_second_belt",
        "outbox",
        ["submission", "recipient", "local_day"],
        unique=True,
        sqlite_where=WEARS_BELT,
        postgresql_where=WEARS_BELT,
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["message"], ["outbox.id"], name=op.f("fk_attempts_message")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_message"), "attempts", ["message"], unique=False)


def _log() -> None:
    op.create_table(
        "events",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("round", sa.Text(), nullable=False),
        sa.Column("submission", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_events_number")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_events")),
        sa.UniqueConstraint("hash", name=op.f("uq_events_hash")),
    )
    op.create_index(op.f("ix_events_submission"), "events", ["submission"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "beats",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_beats")),
    )
    op.execute(sa.text("INSERT INTO audit_head (id, number, hash) VALUES (1, 0, :genesis)").bindparams(genesis=GENESIS))


def _access() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("once", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("email_key", name=op.f("uq_accounts_email_key")),
    )
    op.create_table(
        "sessions",
        sa.Column("id_sha256", sa.Text(), nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.CheckConstraint("account IS NULL OR link IS NULL", name=op.f("ck_sessions_one_owner")),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f("fk_sessions_account")),
        sa.ForeignKeyConstraint(["link"], ["links.id"], name=op.f("fk_sessions_link")),
        sa.PrimaryKeyConstraint("id_sha256", name=op.f("pk_sessions")),
    )


def _refuse_changes() -> None:
    """What is kept for ever is defended in the database too, whoever writes to it."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$",
        )
        for table in APPEND_ONLY:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
            )
        return
    for table in APPEND_ONLY:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
            )
