"""The event log: append-only, chained by hashes, ids and states only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from json import dumps

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
    return sha256(dumps(row, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def first_break(log: Iterable[Chained]) -> int | None:
    """The number of the first event that is changed, missing or out of place; None when the chain holds."""
    previous, expected = GENESIS, 1
    for link in log:
        sound = link.number == expected and link.previous == previous
        if not sound or link.hash != _hash(link.event, link.number, link.previous):
            return expected
        previous, expected = link.hash, expected + 1
    return None
