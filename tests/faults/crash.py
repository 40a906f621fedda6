"""Sudden death at a named point: a mailroom whose doors kill their own process. The product knows nothing of it.

The points stand in the order in which a mail passes them; those inside the SMTP dialogue before the body are the
sink's to hit (`Sink.watch`), because only it knows when a command has arrived.
"""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from workflow.domain.messages import Message, MessageState
from workflow.ports import Channel, Database, Handover, Meanwhile, Postman, Preparation, Work, nothing_else
from workflow.services.outbox import Mailroom

BY_THE_SINK = ("mail", "rcpt", "data")
POINTS = (
    "in claim",
    "after claim",
    *BY_THE_SINK,
    "before marker",
    "in marker",
    "after marker",
    "dot sent",
    "reply read",
    "in exchange",
    "after exchange",
    "in finish",
    "after finish",
)


@dataclass
class Fate:
    """What happens to this process the first time it comes to a point: SIGKILL, or SIGSTOP for one that only sleeps."""

    point: str
    by: signal.Signals = signal.SIGKILL
    has_struck: bool = False

    def at(self, point: str) -> None:
        if point == self.point and not self.has_struck:
            self.has_struck = True
            os.kill(os.getpid(), self.by)


class Witness(Protocol):
    """Hears of each point when it is reached: a fate, or somebody who only remembers."""

    def at(self, point: str) -> None: ...


def crashing(room: Mailroom, fate: Witness) -> Mailroom:
    """The same mailroom, in which the process meets its fate."""
    return replace(room, db=_Db(room.db, fate), postman=_Postman(room.postman, fate))


def followed_db(db: Database, witness: Witness) -> Database:
    """The same database, whose transactions the witness hears of."""
    return _Db(db, witness)


@dataclass
class _Seen:
    """To which states mails were moved in a transaction."""

    fate: Witness
    states: set[MessageState] = field(default_factory=set)

    @property
    def step(self) -> str:
        if {MessageState.HANDING, MessageState.SENT} <= self.states:
            return "exchange"  # results of some, markers of others
        if MessageState.HANDING in self.states:
            return "marker"
        if MessageState.SENT in self.states:
            return "finish"
        return "claim" if MessageState.SENDING in self.states else ""


@dataclass
class _Db:
    inner: Database
    fate: Witness

    @contextmanager
    def begin(self, meanwhile: Meanwhile = nothing_else) -> Iterator[Work]:
        seen = _Seen(self.fate)
        with self.inner.begin(meanwhile) as work:
            masked: Any = _Work(work, seen)
            yield masked
            self.fate.at(f"in {seen.step}")
        self.fate.at(f"after {seen.step}")

    @contextmanager
    def read(self) -> Iterator[Work]:
        with self.inner.read() as work:
            yield work


class _Work:
    def __init__(self, inner: Work, seen: _Seen) -> None:
        self._inner = inner
        self.outbox = _Outbox(inner.outbox, seen)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Outbox:
    def __init__(self, inner: Any, seen: _Seen) -> None:
        self._inner, self._seen = inner, seen

    def change(self, before: Message, after: Message) -> bool:
        self._look([after])
        return bool(self._inner.change(before, after))

    def change_all(self, pairs: Sequence[tuple[Message, Message]]) -> tuple[bool, ...]:
        self._look([after for _, after in pairs])
        stands: tuple[bool, ...] = self._inner.change_all(pairs)
        return stands

    def _look(self, afters: Sequence[Message]) -> None:
        self._seen.states |= {after.state for after in afters}
        if MessageState.HANDING in self._seen.states:
            self._seen.fate.at("before marker")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@dataclass
class _Postman:
    inner: Postman
    fate: Witness

    @contextmanager
    def connect(self) -> Iterator[Channel]:
        with self.inner.connect() as channel:
            yield _Channel(channel, self.fate)


@dataclass(eq=False)
class _Channel:
    inner: Channel
    fate: Witness

    def prepare(self, sender: str, recipients: Sequence[str], data: bytes, *, waits: bool = True) -> Preparation:
        return self.inner.prepare(sender, recipients, data, waits=waits)

    def send_dot(self) -> None:
        self.inner.send_dot()

    def waits_on(self) -> int | None:
        return self.inner.waits_on()

    def has_answered(self) -> bool:
        return self.inner.has_answered()

    def read_reply(self) -> Handover:
        self.fate.at("dot sent")
        reply = self.inner.read_reply()
        self.fate.at("reply read")
        return reply

    def drop(self) -> None:
        self.inner.drop()
