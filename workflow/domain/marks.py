"""Marks in our own addresses: which mail a bounce or a reply is about, and that it is really about ours."""

import re
from dataclasses import dataclass
from enum import StrEnum

LONGEST_INBOX = 24
"""Letters before the @ of an inbox: with a mark they must stay within the 64 of RFC 5321 §4.5.3.1.1."""
_MARKED = re.compile(r"[^@\s]*\+([bs])-([a-z0-9-]{1,64})\.([a-z2-7]{10})@[^@\s]+")


class Mark(StrEnum):
    """B stands in the envelope, where mail servers answer; S in Reply-To, where people do."""

    BOUNCE = "b"
    REPLY = "s"


@dataclass(frozen=True, slots=True)
class Marked:
    """What an address says about itself. It is believed only with the seal that we would make for it."""

    mark: Mark
    message: str
    seal: str


def with_mark(inbox: str, mark: Mark, message: str, seal: str) -> str:
    """The inbox's address with the mark in it (RFC 5233). All small letters: on its way case may get lost."""
    local, _, domain = inbox.rpartition("@")
    return f"{local}+{mark}-{message}.{seal}@{domain}"


def read_mark(address: str) -> Marked | None:
    """None for an address without any, or with one that cannot be ours."""
    found = _MARKED.fullmatch(address.strip().strip("<>").lower())
    return Marked(Mark(found[1]), found[2], found[3]) if found else None
