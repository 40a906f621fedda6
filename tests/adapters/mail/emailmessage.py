"""The same mail built by EmailMessage alone: too slow to send with, and what our own bytes are measured by."""

import re
from collections.abc import Iterable
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime

from workflow.adapters.mail.addresses import copied, encoded
from workflow.domain.messages import Enclosure, Frozen
from workflow.ports import LINK_SECRET


def _encoded(words: str, *, field: str) -> str:
    """By the library's own folding."""
    if encoded(words, field=field) == words:
        return words
    return Header(words, charset="utf-8", header_name=field, maxlinelen=75).encode(linesep="\r\n")


class Line(str):
    """A header that is folded already.

    Folding display names itself, the library of Python 3.11 makes several mailboxes of a long name with a comma. Its
    policies leave an object with `name` and `fold` alone (email.policy.EmailPolicy).
    """

    __slots__ = ("name",)

    name: str

    @classmethod
    def of(cls, name: str, value: str) -> "Line":
        line = cls(value)
        line.name = name
        return line

    def fold(self, *, policy: EmailPolicy) -> str:
        return f"{self.name}: {self}\r\n"


def by_library(frozen: Frozen, *, secret: str, reply_to: str) -> bytes:
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    for name, value in _headers(frozen, reply_to):
        mail[name] = Line.of(name, value)
    mail.set_content(frozen.text.replace(LINK_SECRET, secret), cte="quoted-printable")
    mail.add_alternative(frozen.html.replace(LINK_SECRET, secret), subtype="html", cte="quoted-printable")
    for enclosure in frozen.attachments:
        _attach(mail, enclosure)
    language = re.search(r'<html[^>]* lang="([A-Za-z-]+)"', frozen.html)
    if language:  # last, or the library would move it into the first part
        mail["Content-Language"] = language[1]
    for number, part in enumerate(each for each in mail.walk() if each.is_multipart()):
        part.set_boundary(f"=_oracle_{number}")
    return mail.as_bytes()


def _headers(frozen: Frozen, reply_to: str) -> Iterable[tuple[str, str]]:
    yield "From", _mailbox("From", Address(frozen.sender_name.strip(), addr_spec=frozen.sender_email))
    yield "To", _mailbox("To", Address(frozen.to_name.strip(), addr_spec=frozen.to_email))
    if frozen.copies:
        yield "Cc", ",\r\n ".join(_mailbox("Cc", copied(each)) for each in frozen.copies)
    yield "Reply-To", reply_to
    yield "Subject", _encoded(frozen.subject, field="Subject")
    yield "Date", format_datetime(frozen.date)
    yield "Message-ID", frozen.message_id
    if frozen.kind:
        yield "X-Tertial-Kind", frozen.kind
    yield "Auto-Submitted", "auto-generated"
    yield "X-Auto-Response-Suppress", "All"


def _mailbox(field: str, address: Address) -> str:
    if not address.display_name:
        return address.addr_spec
    return f"{_encoded(address.display_name, field=field)}\r\n <{address.addr_spec}>"


def _attach(mail: EmailMessage, enclosure: Enclosure) -> None:
    media_type, *parameters = (each.strip() for each in enclosure.media_type.split(";"))
    maintype, subtype = media_type.split("/")
    mail.add_attachment(
        enclosure.content,
        maintype=maintype,
        subtype=subtype,
        filename=enclosure.name.replace("/", "-").replace("\\", "-"),
        params=dict(each.split("=") for each in parameters),
    )
