"""What the database in memory is made of: tables as dictionaries, and what a real one refuses."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol, TypeVar

from workflow.domain.arrivals import Arrival
from workflow.domain.attachments import Attachment
from workflow.domain.audit import Chained
from workflow.domain.channel import ChannelState
from workflow.domain.clockguard import ClockGuard
from workflow.domain.codes import Code
from workflow.domain.details import Check, Correction
from workflow.domain.extensions import Extension
from workflow.domain.forms import Answer
from workflow.domain.incoming import EnclosedFile
from workflow.domain.messages import Attempt, Message
from workflow.domain.people import Account, Contact, Unit, fold_address
from workflow.domain.rounds import Round
from workflow.domain.submissions import Edition, Link, Recipient, Submission
from workflow.ports import Session


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


Value = TypeVar("Value")
Record = TypeVar("Record", bound=_Dataclass)


class FakeRefusedError(Exception):
    """What a real database says to a row that breaks a key or a reference, or to a write in a reading transaction."""


def in_utc(value: Record) -> Record:
    """As the real column type does: instants are kept in UTC, and a naive one is refused."""
    instants = {name: getattr(value, name) for name in getattr(value, "__slots__", ())}
    return replace(value, **{name: utc(held) for name, held in instants.items() if isinstance(held, datetime)})


def utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"a time without a zone is no instant: {instant}")
    return instant.astimezone(UTC)


class _ReadOnly(dict[Any, Any]):
    """A table as a reading transaction sees it. Only the ways in which the fakes below write are closed."""

    def __setitem__(self, key: object, value: object) -> None:
        raise FakeRefusedError("a write in a reading transaction")

    def clear(self) -> None:
        raise FakeRefusedError("a write in a reading transaction")

    def pop(self, key: object, default: object = None) -> object:
        raise FakeRefusedError("a write in a reading transaction")


@dataclass(slots=True)
class Tables:
    """Everything stored, by primary key; `copy` is what a transaction works on."""

    rounds: dict[str, Round] = field(default_factory=dict)
    submissions: dict[str, Submission] = field(default_factory=dict)
    answers: dict[tuple[str, str], tuple[Answer, str]] = field(default_factory=dict)
    editions: dict[tuple[str, int], Edition] = field(default_factory=dict)
    attachments: dict[str, Attachment] = field(default_factory=dict)
    contents: dict[tuple[str, str], bytes] = field(default_factory=dict)
    extensions: dict[str, Extension] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    contacts: dict[int, Contact] = field(default_factory=dict)
    checks: dict[str, Check] = field(default_factory=dict)
    corrections: dict[str, Correction] = field(default_factory=dict)
    recipients: dict[str, Recipient] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    attempts: dict[int, Attempt] = field(default_factory=dict)
    incoming: dict[str, Arrival] = field(default_factory=dict)
    incoming_files: dict[tuple[str, int], EnclosedFile] = field(default_factory=dict)
    events: dict[int, Chained] = field(default_factory=dict)
    channels: dict[str, ChannelState] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    beats: dict[str, datetime] = field(default_factory=dict)
    guards: dict[str, ClockGuard] = field(default_factory=dict)

    def people(self, chosen: Callable[[Recipient], bool]) -> tuple[Recipient, ...]:
        """Recipients in order of id, each with what the register says today of the address."""
        dead = {fold_address(each.email) for each in self.contacts.values() if each.undeliverable_since}
        found = (each for _, each in sorted(self.recipients.items()) if chosen(each))
        return tuple(replace(each, is_unreachable=fold_address(each.email) in dead) for each in found)

    def copy(self) -> "Tables":
        return Tables(*(dict(getattr(self, each.name)) for each in fields(self)))

    def view(self) -> "Tables":
        return Tables(*(_ReadOnly(getattr(self, each.name)) for each in fields(self)))


def insert(table: dict[Any, Value], key: object, value: Value) -> None:
    if key in table:
        raise FakeRefusedError(f"duplicate key: {key}")
    table[key] = value


def refer(table: dict[Any, Any], key: object) -> None:
    if key not in table:
        raise FakeRefusedError(f"no such row: {key}")
