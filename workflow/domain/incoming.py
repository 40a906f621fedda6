"""A mail that came in: what it says about itself, and what kind of mail that makes it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256


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
    UNREADABLE = "unreadable"
    """One that could not be taken in, however often it was tried: somebody has to read it where it lies."""


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
    """`digest` is the SHA-256 of its bytes; `written` is its own date, as it says it.

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
    written: str = ""

    def same_case(self, *about: str) -> str:
        """What identifies a case that this mail makes: by whatever way it comes, and however often, it is that one.

        On each way servers add lines of their own, so that the bytes differ. A Message-ID alone is not enough: anybody
        can send one that they have seen. All that we would keep goes in, and what the case is held to be `about`:
        whoever copies a mail to the letter hides none that is about another thing.
        """
        named = (self.message_id, self.written, "" if self.message_id or self.written else self.digest)
        return _sealed((*about, *named, *_kept(self)))


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


def _kept(mail: IncomingMail) -> Iterator[str]:
    yield from (mail.sender, mail.sender_name, mail.subject, mail.text, *mail.references)
    for report in mail.reports:
        yield from (report.action, report.status, report.recipient, report.diagnostic)
    for file in mail.files:
        yield from (file.name, file.media_type, sha256(file.content).hexdigest())
    yield from mail.left_out


def _sealed(words: tuple[str, ...]) -> str:
    """With each one's length, so that none runs over into the next."""
    encoded = (each.encode("utf-8", "surrogatepass") for each in words)
    return sha256(b"".join(b"%d:%b" % (len(each), each) for each in encoded)).hexdigest()
