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


_FINAL = "failed"


def kind_of(mail: IncomingMail, *, is_matched: bool, is_form: bool) -> IncomingKind:
    """What a mail is. `is_matched`: it is about a mail of ours, by what cannot be made up.

    `is_form`: the filled-in form of a unit came with it, from one of that unit's people. What a machine says is never
    taken for a person's answer, whatever came with it.
    """
    if not is_matched and not is_form:
        return IncomingKind.STRAY
    if mail.reports:
        return _reported(mail.reports) if is_matched else IncomingKind.STRAY
    if mail.automatic:
        return IncomingKind.AUTO if is_matched else IncomingKind.STRAY
    return IncomingKind.FORM if is_form else IncomingKind.REPLY


def _reported(reports: tuple[DeliveryReport, ...]) -> IncomingKind:
    """The worst of what is said."""
    actions = {each.action for each in reports}
    if _FINAL in actions:
        return IncomingKind.BOUNCE
    return IncomingKind.DELAYED if "delayed" in actions else IncomingKind.DELIVERED
