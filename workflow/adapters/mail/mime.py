"""Makes the mail's bytes of a frozen letter: the same bytes every time, whatever the clock or the process."""

import re
from collections.abc import Iterable
from email.headerregistry import Address
from email.utils import format_datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final

from workflow.adapters.mail.addresses import clean, copied, encoded, mailbox
from workflow.adapters.mail.assembly import file_part, multipart, text_part
from workflow.adapters.mail.ics import calendar_entry
from workflow.domain.messages import Enclosure, Frozen, MessageKind
from workflow.ports import LINK_SECRET, CalendarEntry

_SECRET: Final = re.compile(r"[A-Za-z0-9._~-]+")  # RFC 3986 §2.3: the same in a URL, in HTML and in text
_MESSAGE_ID: Final = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+>")
_LANGUAGE: Final = re.compile(r'<html[^>]* lang="([A-Za-z-]{2,35})"')
_ANSWERS: Final = frozenset({MessageKind.MAILED_FORM})  # a mail that answers a mail
_WORD: Final = re.compile(r"[A-Za-z0-9._-]+")


class MimeEnvelopes:
    """Implements ports.Envelopes. `mail_domain` completes identifiers that have no right side (RFC 5322 §3.6.4)."""

    def __init__(self, mail_domain: str, reply_to: str) -> None:
        """Raises AddressRefusedError when `reply_to` is not one mailbox."""
        self._domain = mail_domain
        self._reply_to = mailbox(reply_to)

    def assemble(self, frozen: Frozen, *, secret: str, reply_to: str = "") -> bytes:
        """Build the mail with CRLF line ends, in 7-bit characters only.

        Raises AddressRefusedError or HeaderRefusedError for what a header must not hold, and ValueError for a secret
        that is not URL-safe, a naive date or an impossible Message-ID.
        """
        message_id = self._message_id(frozen.message_id)
        lines = [f"{name}: {value}\r\n" for name, value in self._headers(frozen, message_id, reply_to)]
        return "".join(lines).encode("ascii") + _content(frozen, secret, message_id)

    def calendar_entry(self, entry: CalendarEntry) -> Enclosure:
        """See ics.calendar_entry."""
        return calendar_entry(entry)

    def _message_id(self, given: str) -> str:
        whole = given if given.startswith("<") else f"<{given}>" if "@" in given else f"<{given}@{self._domain}>"
        if not _MESSAGE_ID.fullmatch(whole):
            raise ValueError(f"not a Message-ID: {given!r}")
        return whole

    def _headers(self, frozen: Frozen, message_id: str, reply_to: str) -> Iterable[tuple[str, str]]:
        yield "From", _sender(frozen.sender_email, frozen.sender_name)
        yield "To", _mailboxes("To", (mailbox(frozen.to_email, frozen.to_name),))
        if frozen.copies:
            yield "Cc", _mailboxes("Cc", (copied(each) for each in frozen.copies))
        yield "Reply-To", _mailboxes("Reply-To", (mailbox(reply_to) if reply_to else self._reply_to,))
        yield "Subject", encoded(clean(frozen.subject, field="ämnesrad"), field="Subject")
        yield "Date", _date(frozen)
        yield "Message-ID", message_id
        if frozen.kind:
            yield "X-Tertial-Kind", _word(frozen.kind)  # lets a mailbox sort reminders by a rule
        yield "Auto-Submitted", "auto-replied" if frozen.kind in _ANSWERS else "auto-generated"  # RFC 3834 §5
        yield "X-Auto-Response-Suppress", "All"  # Exchange: no out-of-office replies, no receipts
        language = _LANGUAGE.search(frozen.html)
        if language:
            yield "Content-Language", language[1]
        yield "MIME-Version", "1.0"


@lru_cache(maxsize=16)
def _sender(email: str, name: str) -> str:
    """The same in every mail of an office."""
    return _mailbox("From", mailbox(email, name))


def _mailboxes(field: str, addresses: Iterable[Address]) -> str:
    """One mailbox on each line."""
    return ",\r\n ".join(_mailbox(field, each) for each in addresses)


def _mailbox(field: str, address: Address) -> str:
    if not address.display_name:
        return address.addr_spec
    return f"{encoded(address.display_name, field=field)}\r\n <{address.addr_spec}>"


def _date(frozen: Frozen) -> str:
    if frozen.date.tzinfo is None:
        raise ValueError("a mail's date needs a zone")
    return format_datetime(frozen.date)


def _word(value: str) -> str:
    if not _WORD.fullmatch(value):
        raise ValueError(f"not a word for a header: {value!r}")
    return value


def _content(frozen: Frozen, secret: str, message_id: str) -> bytes:
    """The bodies, and around them the attachments if there are any; boundaries are numbered from the outside."""
    bodies = (text_part("plain", _opened(frozen.text, secret)), text_part("html", _opened(frozen.html, secret)))
    if not frozen.attachments:
        return multipart("alternative", _boundary(message_id, 0), bodies)
    files = (file_part(each, _file_name(each)) for each in frozen.attachments)
    return multipart(
        "mixed", _boundary(message_id, 0), (multipart("alternative", _boundary(message_id, 1), bodies), *files)
    )


def _opened(text: str, secret: str) -> str:
    """Put the link's secret where its marker stands."""
    if LINK_SECRET not in text:
        return text
    if not _SECRET.fullmatch(secret):
        raise ValueError("the link's secret must be made of unreserved URL characters")
    return text.replace(LINK_SECRET, secret)


def _file_name(enclosure: Enclosure) -> str:
    return clean(enclosure.name, field="bilaga").replace("/", "-").replace("\\", "-")


def _boundary(message_id: str, number: int) -> str:
    """`=_` stands in neither quoted-printable nor base64 (RFC 2045 §6.7), so no content can hold a boundary."""
    return f"=_{number}_{sha256(message_id.encode()).hexdigest()[:32]}"
