"""A mail that came in: what it says about itself, and what kind of mail that makes it."""

from dataclasses import dataclass
from enum import StrEnum


class IncomingKind(StrEnum):
    """Decided by the signs of RFC 3464 and RFC 3834 before anything else is believed."""

    FORM = "form"
    REPLY = "reply"
    BOUNCE = "bounce"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    AUTO = "auto"
    STRAY = "stray"
    """From somebody unknown, or about nothing of ours: shown, and it changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnclosedFile:
    """A file that came with it; `name` is as it was written, unsafe for a file system."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """What a mail server says about one recipient of one of our mails (RFC 3464 §2.3)."""

    action: str
    """failed, delayed, delivered, relayed or expanded."""
    status: str
    """RFC 3463, such as 5.1.1; "" when none is given."""
    recipient: str
    diagnostic: str
    message_id: str = ""
    """Of the mail that it is about, where it is returned with it; anybody can write one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMail:
    """`digest` is the SHA-256 of its bytes: the same mail fetched twice is one.

    `delivered_to` are the addresses it came to, the envelope's first where the server tells it. `automatic` says in
    a few words why a machine is held to have written it, "" for a person. `text` is without what it quotes.
    """

    digest: str
    message_id: str
    sender: str
    sender_name: str
    subject: str
    delivered_to: tuple[str, ...]
    references: tuple[str, ...]
    automatic: str
    reports: tuple[DeliveryReport, ...]
    text: str
    files: tuple[EnclosedFile, ...]
    left_out: tuple[str, ...] = ()
    """What came with it and was too much to keep: names of files, or "" where the mail had more than could be read."""
