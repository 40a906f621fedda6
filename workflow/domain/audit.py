"""The event log: append-only, chained by hashes, ids and states only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from json import JSONEncoder, dumps, loads

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Who did what, when and to what. `data` holds ids, states and numbers; never a name, an address or a text."""

    kind: str
    actor: str
    at: datetime
    round: str = ""
    submission: str = ""
    message: str = ""
    data: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chained:
    """An event in its place: `hash` covers the event, its number and the hash before it."""

    number: int
    event: Event
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends: the number and hash of its last event; of an empty log, 0 and GENESIS."""

    number: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class Anchor:
    """The head as it was `at` an instant, kept where whoever can rewrite the database cannot rewrite it too.

    `restored`: a backup was put back and the log went on from this head; what it had beyond it then was given up.
    """

    head: Head
    at: datetime
    restored: bool = False

    def line(self) -> bytes:
        """How it is kept: one line of JSON, with "restored": true only where it is so."""
        row = {"number": self.head.number, "hash": self.head.hash, "at": self.at.isoformat()}
        return dumps(row | ({"restored": True} if self.restored else {})).encode() + b"\n"


def read_anchor(line: bytes) -> Anchor | None:
    """The anchor that a line holds; None when it holds none."""
    try:
        row = loads(line)
        head, at = Head(int(row["number"]), str(row["hash"])), datetime.fromisoformat(row["at"])
        return Anchor(head, at, restored=bool(row.get("restored"))) if at.tzinfo else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


@dataclass(frozen=True, slots=True)
class Kept:
    """Every anchor there is, in the order they were kept; `unreadable` are the lines that hold none, from 1."""

    anchors: tuple[Anchor, ...] = ()
    unreadable: tuple[int, ...] = ()


_compact = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def chain(event: Event, *, number: int, previous: str) -> Chained:
    return Chained(number=number, event=event, previous=previous, hash=_hash(event, number, previous))


def _hash(event: Event, number: int, previous: str) -> str:
    row = [
        number,
        previous,
        event.kind,
        event.actor,
        event.at.isoformat(),
        event.round,
        event.submission,
        event.message,
        sorted(event.data.items()),
    ]
    return sha256(_compact(row).encode()).hexdigest()


def first_break(log: Iterable[Chained]) -> int | None:
    """The number of the first event that is changed, missing or out of place; None when the chain holds."""
    previous, expected = GENESIS, 1
    for link in log:
        sound = link.number == expected and link.previous == previous
        if not sound or link.hash != _hash(link.event, link.number, link.previous):
            return expected
        previous, expected = link.hash, expected + 1
    return None


def first_unfit(log: Sequence[Chained], anchors: Iterable[Anchor]) -> Anchor | None:
    """The first anchor whose event is not in an unbroken log any more: it was cut off there, or written anew.

    Anchors are taken in the order they were kept. A restore takes back those beyond the head it went on from.
    """
    standing: list[Anchor] = []
    for anchor in anchors:
        if anchor.restored:
            standing = [each for each in standing if each.head.number <= anchor.head.number]
        standing.append(anchor)
    return next((anchor for anchor in standing if not _has(log, anchor.head)), None)


def _has(log: Sequence[Chained], head: Head) -> bool:
    """Whether the log has this event in its place; the beginning, before the first event, it always has."""
    if head.number == 0:
        return head == Head()
    return head.number <= len(log) and log[head.number - 1].hash == head.hash
