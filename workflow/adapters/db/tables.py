"""The schema: one table per noun, with constraints that mirror the domain."""

from collections.abc import Iterable

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TextClause,
    UniqueConstraint,
    text,
    true,
)
from sqlalchemy.dialects import postgresql

from workflow.adapters.db.columns import Instant
from workflow.domain.attachments import KINDS
from workflow.domain.codes import LinkMode
from workflow.domain.details import CorrectionState, Said, Wish
from workflow.domain.extensions import ExtensionState
from workflow.domain.incoming import IncomingKind
from workflow.domain.messages import OF_A_LINK, REMINDERS, UNDELIVERED, MessageKind, MessageState
from workflow.domain.people import Role, UnitKind
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import OWED, State

BELTED_STATES = (MessageState.SENDING, MessageState.HANDING, MessageState.SENT, MessageState.UNKNOWN)
"""The states in which a reminder may have reached its reader: the second belt lies round these."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    },
)


BY_CODE_POINT = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Text that both databases order as Python does, whatever the server's language."""


def _among(column: str, allowed: Iterable[str]) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in allowed)})"


def is_in(states: Iterable[MessageState]) -> TextClause:
    """A mail is in one of these states, in the words that partial indexes are known by."""
    return text(_among("state", states))


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _json(name: str) -> Column[object]:
    return Column(name, JSON, nullable=False)


rounds = Table(
    "rounds",
    metadata,
    Column("id", Text, primary_key=True),
    _number("year"),
    _json("period"),
    _json("form"),
    _json("policy"),
    Column("opens_at", Instant, nullable=False),
    _json("due_at"),
    Column("closes_at", Instant, nullable=False),
    Column("confirmed", Boolean, nullable=False, server_default=true()),
    _text("state"),
    Column("opened_at", Instant),
    Column("closed_at", Instant),
    _number("editions"),
    _number("version"),
    Column("links", Text, nullable=False, server_default=text("'direct'")),
    CheckConstraint(_among("state", RoundState), name="state"),
    CheckConstraint(_among("links", LinkMode), name="links"),
)

submissions = Table(
    "submissions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("round", ForeignKey("rounds.id"), nullable=False),
    _text("unit"),
    _text("unit_name"),
    _text("kind"),
    Column("due_at", Instant, nullable=False),
    Column("due_set_at", Instant, nullable=False),
    _number("questions"),
    _text("state"),
    _number("deadline_revision"),
    _flag("extended"),
    _number("answered"),
    Column("saved_at", Instant),
    _number("edition"),
    Column("received_at", Instant),
    Column("handed_in_at", Instant),
    _number("late_days"),
    _flag("review_started"),
    _json("open_questions"),
    _json("comments"),
    _text("reason"),
    Column("decided_at", Instant),
    _text("decided_by"),
    _text("diary_number"),
    _number("version"),
    Column("has_contact", Boolean, nullable=False, server_default=true()),
    Column("sort_key", BY_CODE_POINT, nullable=False, server_default=text("''")),  # the Swedish order of unit_name
    Column("search_key", Text, nullable=False, server_default=text("''")),
    UniqueConstraint("round", "unit"),
    CheckConstraint(_among("kind", UnitKind), name="kind"),
    CheckConstraint(_among("state", State), name="state"),
    Index("ix_submissions_standing", "round", "state", "kind", "due_at", "due_set_at", "has_contact"),
    Index(None, "round", "sort_key"),
    Index(None, "round", "state", "sort_key"),
)

answers = Table(
    "answers",
    metadata,
    Column("submission", ForeignKey("submissions.id"), nullable=False),
    _text("question"),
    _number("version"),
    _text("text"),
    _flag("not_applicable"),
    _text("na_reason"),
    _text("saved_by"),
    Column("saved_at", Instant, nullable=False),
    PrimaryKeyConstraint("submission", "question", "version"),
    CheckConstraint("version > 0", name="version"),
)

editions = Table(
    "editions",
    metadata,
    Column("submission", ForeignKey("submissions.id"), nullable=False),
    _number("number"),
    _json("answers"),
    Column("received_at", Instant, nullable=False),
    _text("received_from"),
    _number("late_days"),
    PrimaryKeyConstraint("submission", "number"),
    CheckConstraint("number > 0", name="number"),
)

contents = Table(  # of attachments: what the same unit adds twice is kept once, and no unit can tell what another has
    "contents",
    metadata,
    Column("submission", ForeignKey("submissions.id"), nullable=False),
    _text("sha256"),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("submission", "sha256"),
)

attachments = Table(
    "attachments",
    metadata,
    Column("id", Text, primary_key=True),
    _text("submission"),
    _text("name"),
    _text("kind"),
    _text("sha256"),
    _number("size"),
    _text("added_by"),
    Column("added_at", Instant, nullable=False),
    ForeignKeyConstraint(["submission", "sha256"], ["contents.submission", "contents.sha256"]),
    CheckConstraint(_among("kind", KINDS), name="kind"),
    CheckConstraint("size > 0", name="size"),
    Index(None, "submission"),
)

edition_files = Table(
    "edition_files",
    metadata,
    _text("submission"),
    _number("edition"),
    _number("place"),
    _text("name"),
    _text("kind"),
    _text("sha256"),
    _number("size"),
    PrimaryKeyConstraint("submission", "edition", "place"),
    ForeignKeyConstraint(["submission", "edition"], ["editions.submission", "editions.number"]),
    ForeignKeyConstraint(
        ["submission", "sha256"],
        ["contents.submission", "contents.sha256"],
        name="fk_edition_files_content",
    ),
    CheckConstraint(_among("kind", KINDS), name="kind"),
    CheckConstraint("size > 0", name="size"),
)
"""By the second reference nobody can take away the content of what has been handed in."""

IS_ASKED = text(_among("state", [ExtensionState.ASKED]))

extensions = Table(
    "extensions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("submission", ForeignKey("submissions.id"), nullable=False, index=True),
    _text("state"),
    Column("asked_at", Instant),
    _text("asked_by"),
    _text("reason"),
    Column("wished", Instant),
    Column("due_at", Instant),
    Column("stood", Instant),
    _text("answer"),
    Column("decided_at", Instant),
    _text("decided_by"),
    CheckConstraint(_among("state", ExtensionState), name="state"),
    CheckConstraint("state <> 'asked' OR wished IS NOT NULL", name="wished"),
    CheckConstraint("state NOT IN ('granted', 'changed') OR due_at IS NOT NULL", name="given"),
)

Index(
    "uq_extensions_open",
    extensions.c.submission,
    unique=True,
    sqlite_where=IS_ASKED,
    postgresql_where=IS_ASKED,
)
"""One request at a time waits for an answer."""

units = Table(
    "units",
    metadata,
    Column("id", Text, primary_key=True),
    _number("position"),
    _text("name"),
    _text("short"),
    _text("kind"),
    Column("valid_from", Date),
    Column("valid_to", Date),
    _text("replaced_by"),
    _flag("reports"),
    CheckConstraint(_among("kind", UnitKind), name="kind"),
)

contacts = Table(
    "contacts",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("unit", ForeignKey("units.id"), nullable=False),
    _text("role"),
    _text("name"),
    _text("email"),
    _text("phone"),
    _text("language"),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("undeliverable_since", Instant),
    CheckConstraint(_among("role", Role), name="role"),
)

details_checks = Table(
    "details_checks",
    metadata,
    Column("id", Text, primary_key=True),
    _number("year"),
    _text("address"),
    _text("secret_sha256"),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    _text("said"),
    Column("answered_at", Instant),
    UniqueConstraint("year", "address"),
    CheckConstraint(_among("said", Said), name="said"),
    CheckConstraint("(said = '') = (answered_at IS NULL)", name="answered"),
)
"""Nobody is asked twice a year, whatever the code does."""

corrections = Table(  # what it is about stands in it: the register is written whole, and may say something else by now
    "corrections",
    metadata,
    Column("id", Text, primary_key=True),
    Column("check_id", ForeignKey("details_checks.id"), nullable=False, index=True),
    _json("was"),
    _text("wish"),
    _text("name"),
    _text("email"),
    _text("phone"),
    _text("role"),
    _text("note"),
    _text("state"),
    Column("asked_at", Instant, nullable=False),
    Column("decided_at", Instant),
    _text("decided_by"),
    CheckConstraint(_among("wish", Wish), name="wish"),
    CheckConstraint(_among("role", Role), name="role"),
    CheckConstraint(_among("state", CorrectionState), name="state"),
)

recipients = Table(
    "recipients",
    metadata,
    Column("id", Text, primary_key=True),
    Column("submission", ForeignKey("submissions.id"), nullable=False, index=True),
    _text("role"),
    _text("name"),
    _text("email"),
    _text("phone"),
    _text("language"),
    Column("starts_at", Instant),
    Column("ends_at", Instant),
    Column("search_key", Text, nullable=False, server_default=text("''")),
    Column("invited_by", Text, nullable=False, server_default=text("''")),
    CheckConstraint(_among("role", Role), name="role"),
)

links = Table(
    "links",
    metadata,
    Column("id", Text, primary_key=True),
    Column("submission", ForeignKey("submissions.id"), nullable=False, index=True),
    Column("recipient", ForeignKey("recipients.id"), nullable=False),
    _text("secret_sha256"),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("starts_at", Instant),
)

codes = Table(
    "codes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("link", ForeignKey("links.id"), nullable=False, index=True),
    Column("address", Text, nullable=False, index=True),
    _text("browser_sha256"),
    Column("created_at", Instant, nullable=False, index=True),
    Column("expires_at", Instant, nullable=False),
    _number("tries"),
    Column("used_at", Instant),
    CheckConstraint("tries BETWEEN 0 AND 5", name="tries"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("round", ForeignKey("rounds.id")),  # of a mail about no unit these three are empty
    Column("submission", ForeignKey("submissions.id")),
    Column("recipient", ForeignKey("recipients.id")),
    _text("kind"),
    _text("slot"),
    _number("deadline_revision"),
    _text("to_name"),
    _text("to_email"),
    _json("copies"),
    _text("link"),
    _text("language"),
    Column("due_at", Instant, nullable=False),
    Column("give_up_at", Instant, nullable=False),
    _text("local_day"),
    _text("state"),
    _text("reason"),
    _json("detail"),
    _number("attempts"),
    _number("fence"),
    Column("lease_until", Instant),
    Column("sent_at", Instant),
    _text("reply"),
    _text("address"),
    Column("lead", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("right_until", Instant),
    UniqueConstraint("submission", "recipient", "kind", "slot", "deadline_revision", name="uq_outbox_key"),
    CheckConstraint(_among("kind", MessageKind), name="kind"),
    CheckConstraint(_among("state", MessageState), name="state"),
    CheckConstraint(
        "(submission IS NULL) = (recipient IS NULL) AND (submission IS NULL OR round IS NOT NULL)", name="about"
    ),
    Index(None, "round"),
)


ABOUT_NO_UNIT = text("submission IS NULL")
IS_OWED = text(_among("state", sorted(OWED)))
IS_WAITING = text(_among("state", [State.SUBMITTED]))
IS_DATED = text("starts_at IS NOT NULL OR ends_at IS NOT NULL")
LACKS_CONTACT = text(f"{IS_OWED} AND NOT has_contact")
IS_UNDELIVERABLE = text("undeliverable_since IS NOT NULL")
IS_PLANNED = is_in([MessageState.PLANNED])
IS_LEASED = is_in([MessageState.SENDING, MessageState.HANDING])
IS_UNDELIVERED = is_in(sorted(UNDELIVERED))
"""Used word for word by index and query, so that the query finds its index."""

IS_REMINDER = _among("kind", sorted(REMINDERS))
IS_LED = text("lead <> ''")
LEADS = f"{IS_REMINDER} AND address <> '' AND lead = ''"
WEARS_BELT = text(f"{LEADS} AND {_among('state', BELTED_STATES)} AND local_day <> ''")
IS_WAITED_FOR = text(f"{_among('kind', sorted(OF_A_LINK))} AND {IS_PLANNED.text}")
MAY_LEAD = text(f"{LEADS} AND {IS_PLANNED.text}")
"""Planned reminders that no mail has told of yet."""


def _partial_index(name: str, *columns: str, where: TextClause, unique: bool = False, table: Table = outbox) -> Index:
    chosen = [table.c[column] for column in columns]
    return Index(name, *chosen, unique=unique, sqlite_where=where, postgresql_where=where)


_partial_index("ix_contacts_undeliverable", "email", where=IS_UNDELIVERABLE, table=contacts)
_partial_index("ix_outbox_due", "due_at", "id", where=IS_PLANNED)
_partial_index("ix_outbox_waited_for", "due_at", "id", where=IS_WAITED_FOR)
_partial_index("ix_outbox_lease", "lease_until", "id", where=IS_LEASED)
_partial_index("ix_outbox_undelivered", "round", "due_at", "id", where=IS_UNDELIVERED)
_partial_index("ix_recipients_dated", "submission", where=IS_DATED, table=recipients)
_partial_index("ix_submissions_owed", "round", "due_at", "sort_key", where=IS_OWED, table=submissions)
_partial_index("ix_submissions_waiting", "round", "handed_in_at", "sort_key", where=IS_WAITING, table=submissions)
_partial_index("ix_submissions_no_contact", "round", "sort_key", where=LACKS_CONTACT, table=submissions)

_partial_index("ix_outbox_lead", "lead", where=IS_LED)  # few: else SQLite looks for the others by it, all there are

_partial_index("uq_outbox_key_without_unit", "to_email", "kind", "slot", where=ABOUT_NO_UNIT, unique=True)

_partial_index("ix_outbox_person", "address", "due_at", where=MAY_LEAD)

SECOND_BELT = _partial_index("uq_outbox_second_belt", "address", "local_day", where=WEARS_BELT, unique=True)
"""One reminder per address and local day, whatever the code above it does."""

moulds = Table(  # what letters have in common
    "moulds",
    metadata,
    Column("digest", Text, primary_key=True),
    _json("lines"),
)

letters = Table(  # beside the ledger: a row of it is written four times, its letter once
    "letters",
    metadata,
    Column("message", ForeignKey("outbox.id"), primary_key=True),
    _json("frozen"),
    Column("mould", ForeignKey("moulds.digest")),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),  # a worker that lost its lease may note the same attempt once more
    Column("message", ForeignKey("outbox.id"), nullable=False, index=True),
    _number("number"),
    _text("phase"),
    _text("outcome"),
    Column("code", Integer),
    _text("text"),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant, nullable=False),
)

incoming = Table(
    "incoming",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("identity", Text, nullable=False, unique=True),
    _text("kind"),
    Column("came_at", Instant, nullable=False, index=True),
    _text("sender"),
    _text("sender_name"),
    _text("subject"),
    _text("text"),
    Column("round", ForeignKey("rounds.id"), index=True),
    Column("submission", ForeignKey("submissions.id"), index=True),
    Column("message", ForeignKey("outbox.id")),
    Column("recipient", ForeignKey("recipients.id")),
    _text("address"),
    _text("status"),
    _text("said"),
    Column("asked_until", Date),
    _json("left_out"),
    Column("handled_at", Instant),
    _text("handled_by"),
    CheckConstraint(_among("kind", IncomingKind), name="kind"),
    CheckConstraint("(handled_at IS NULL) = (handled_by = '')", name="handled"),
)

incoming_files = Table(
    "incoming_files",
    metadata,
    Column("incoming", ForeignKey("incoming.id"), nullable=False),
    _number("number"),
    _text("name"),
    _text("media_type"),
    _number("size"),
    _text("sha256"),
    _flag("is_form"),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("incoming", "number"),
)

channel = Table(
    "channel",
    metadata,
    Column("name", Text, primary_key=True),
    Column("blocked_until", Instant),
    _text("reason"),
    _number("failures"),
    Column("tokens", Double, nullable=False),
    Column("refilled_at", Instant),
    CheckConstraint("failures >= 0", name="failures"),
    CheckConstraint("tokens >= 0", name="tokens"),
)

events = Table(  # no foreign keys: the log outlives what it tells of
    "events",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("kind"),
    _text("actor"),
    Column("at", Instant, nullable=False),
    _text("round"),
    Column("submission", Text, nullable=False, index=True),
    _text("message"),
    _json("data"),
    _text("previous"),
    Column("hash", Text, nullable=False),  # it covers the number, which is unique
    CheckConstraint("number > 0", name="number"),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    _number("number"),
    _text("hash"),
    CheckConstraint("id = 1", name="one_row"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    _text("email"),
    Column("email_key", Text, nullable=False, unique=True),
    _text("name"),
    _text("password_hash"),
    _text("language"),
    _flag("once"),
    _flag("digest"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id_sha256", Text, primary_key=True),
    _text("csrf"),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("account", ForeignKey("accounts.id")),
    Column("link", ForeignKey("links.id")),
    CheckConstraint("account IS NULL OR link IS NULL", name="one_owner"),
)

beats = Table(
    "beats",
    metadata,
    Column("job", Text, primary_key=True),
    Column("at", Instant, nullable=False),
)

guards = Table(
    "guards",
    metadata,
    Column("name", Text, primary_key=True),
    Column("last_tick", Instant),
    Column("since", Instant),
    _text("reason"),
    Column("off_seconds", BigInteger, nullable=False),  # 32 bits of seconds are 68 years
    _flag("vouched"),
    _number("agreeing"),
    Column("counted_at", Instant),
    _text("told"),
)

APPEND_ONLY = (answers, editions, edition_files, attempts, events)
"""Kept for ever: triggers in the database refuse to change or delete their rows."""
