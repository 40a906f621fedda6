"""Makes the mail's bytes of a frozen letter: the same bytes every time, whatever the clock or the process."""

import hashlib
import re
from collections.abc import Iterable
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from typing import Final

from workflow.adapters.mail.addresses import clean, copied, encoded, mailbox
from workflow.adapters.mail.ics import calendar_entry
from workflow.domain.messages import Enclosure, Frozen
from workflow.ports import LINK_SECRET, CalendarEntry

_SECRET: Final = re.compile(r"[A-Za-z0-9._~-]+")  # RFC 3986 §2.3: the same in a URL, in HTML and in text
_MESSAGE_ID: Final = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+>")
_LANGUAGE: Final = re.compile(r'<html[^>]* lang="([A-Za-z-]{2,35})"')
_PARAMETER: Final = re.compile(r"\s*;\s*([A-Za-z0-9-]+)=([A-Za-z0-9._-]+)")
_MEDIA_TYPE: Final = re.compile(r"([a-z]+)/([A-Za-z0-9.+-]+)((?:\s*;\s*[A-Za-z0-9-]+=[A-Za-z0-9._-]+)*)")


class _Line(str):
    """A header that is folded already.

    The standard library folds display names itself, and in Python 3.11 a long name with a comma comes out as several
    mailboxes. Its policies leave an object with `name` and `fold` alone (email.policy.EmailPolicy).
    """

    __slots__ = ("name",)

    name: str

    @classmethod
    def of(cls, name: str, value: str) -> "_Line":
        line = cls(value)
        line.name = name
        return line

    def fold(self, *, policy: EmailPolicy) -> str:
        return f"{self.name}: {self}\r\n"


class MimeEnvelopes:
    """Implements ports.Envelopes. `mail_domain` completes identifiers that have no right side (RFC 5322 §3.6.4)."""

    def __init__(self, mail_domain: str, reply_to: str) -> None:
        """Raises AddressRefusedError when `reply_to` is not one mailbox."""
        self._domain = mail_domain
        self._reply_to = mailbox(reply_to)

    def assemble(self, frozen: Frozen, *, secret: str) -> bytes:
        """Build the mail with CRLF line ends, in 7-bit characters only.

        Raises AddressRefusedError or HeaderRefusedError for what a header must not hold, and ValueError for a secret
        that is not URL-safe, a naive date or an impossible Message-ID.
        """
        message_id = self._message_id(frozen.message_id)
        mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
        for name, value in self._headers(frozen, message_id):
            mail[name] = _Line.of(name, value)
        _fill(mail, frozen, secret)
        language = _LANGUAGE.search(frozen.html)
        if language:  # last, or the library would move it into the first part
            mail["Content-Language"] = language[1]
        for number, part in enumerate(each for each in mail.walk() if each.is_multipart()):
            part.set_boundary(_boundary(message_id, number))
        return mail.as_bytes()

    def calendar_entry(self, entry: CalendarEntry) -> Enclosure:
        """See ics.calendar_entry."""
        return calendar_entry(entry)

    def _message_id(self, given: str) -> str:
        whole = given if given.startswith("<") else f"<{given}>" if "@" in given else f"<{given}@{self._domain}>"
        if not _MESSAGE_ID.fullmatch(whole):
            raise ValueError(f"not a Message-ID: {given!r}")
        return whole

    def _headers(self, frozen: Frozen, message_id: str) -> Iterable[tuple[str, str]]:
        yield "From", _mailboxes("From", (mailbox(frozen.sender_email, frozen.sender_name),))
        yield "To", _mailboxes("To", (mailbox(frozen.to_email, frozen.to_name),))
        if frozen.copies:
            yield "Cc", _mailboxes("Cc", (copied(each) for each in frozen.copies))
        yield "Reply-To", _mailboxes("Reply-To", (self._reply_to,))
        yield "Subject", encoded(clean(frozen.subject, field="ämnesrad"), field="Subject")
        yield "Date", _date(frozen)
        yield "Message-ID", message_id
        if frozen.kind:
            yield "X-Tertial-Kind", frozen.kind  # lets a mailbox sort reminders by a rule
        yield "Auto-Submitted", "auto-generated"  # RFC 3834 §5
        yield "X-Auto-Response-Suppress", "All"  # Exchange: no out-of-office replies, no receipts


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


def _fill(mail: EmailMessage, frozen: Frozen, secret: str) -> None:
    mail.set_content(_opened(frozen.text, secret), cte="quoted-printable")
    mail.add_alternative(_opened(frozen.html, secret), subtype="html", cte="quoted-printable")
    for enclosure in frozen.attachments:
        _attach(mail, enclosure)


def _opened(text: str, secret: str) -> str:
    """Put the link's secret where its marker stands."""
    if LINK_SECRET not in text:
        return text
    if not _SECRET.fullmatch(secret):
        raise ValueError("the link's secret must be made of unreserved URL characters")
    return text.replace(LINK_SECRET, secret)


def _attach(mail: EmailMessage, enclosure: Enclosure) -> None:
    kind = _MEDIA_TYPE.fullmatch(enclosure.media_type)
    if not kind:
        raise ValueError(f"not a media type: {enclosure.media_type!r}")
    maintype, subtype, parameters = kind.groups()
    mail.add_attachment(
        enclosure.content,
        maintype=maintype,
        subtype=subtype,
        filename=clean(enclosure.name, field="bilaga").replace("/", "-").replace("\\", "-"),
        params=dict(_PARAMETER.findall(parameters)),
    )


def _boundary(message_id: str, number: int) -> str:
    """`=_` stands in neither quoted-printable nor base64 (RFC 2045 §6.7), so no content can hold a boundary."""
    return f"=_{number}_{hashlib.sha256(message_id.encode()).hexdigest()[:32]}"
