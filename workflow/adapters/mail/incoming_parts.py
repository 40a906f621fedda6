"""The parts of a mail that came in: the text a person wrote, and the files that came with it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from typing import Final

from workflow.adapters.mail.incoming_headers import clean, plain, words_of
from workflow.adapters.mail.incoming_html import text_of_html
from workflow.adapters.mail.incoming_parse import UNREADABLE
from workflow.domain.incoming import EnclosedFile

MOST_FILES: Final = 30
MOST_TEXT: Final = 200_000  # characters
MOST_HTML: Final = 2_000_000  # bytes
_SIGNATURES: Final = frozenset(
    {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
)
_OF_A_REPORT: Final = frozenset(
    {"message/delivery-status", "message/global-delivery-status", "message/disposition-notification",
     "text/rfc822-headers", "message/global-headers"}
)  # fmt: skip


@dataclass(slots=True)
class Found:
    """What the parts gave; `left_out` names what was too much."""

    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    kept: list[EnclosedFile] = field(default_factory=list)
    too_much: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The plain text; without one what the HTML says."""
        written = "\n\n".join(part for part in self.plain if part.strip())
        return (written or "\n\n".join(self.html))[:MOST_TEXT]

    @property
    def files(self) -> tuple[EnclosedFile, ...]:
        return tuple(self.kept)

    @property
    def left_out(self) -> tuple[str, ...]:
        return tuple(self.too_much)


def leaves(message: Message) -> Iterator[Message]:
    """The parts that hold no parts of their own, in order; an enclosed mail is one part, never entered."""
    parts = parts_of(message) if kind_of(message).startswith("multipart/") else []
    if parts:
        for part in parts:
            yield from leaves(part)
    else:
        yield message


def parts_of(message: Message) -> list[Message]:
    """The mails or field blocks within; asked for its text instead, the library may raise over a charset."""
    payload = message.get_payload() if message.is_multipart() else []
    return [part for part in payload if isinstance(part, Message)]


def kind_of(part: Message) -> str:
    """Its media type in small letters; "" for one that cannot be read."""
    try:
        return part.get_content_type()
    except UNREADABLE:
        return ""


def collect(mail: EmailMessage, *, most_bytes: int) -> Found:
    """The text and the files; files that together are more than `most_bytes` are named and not kept."""
    found = Found()
    room = most_bytes
    for part in leaves(mail):
        kind = kind_of(part)
        if kind in _OF_A_REPORT or kind in _SIGNATURES:
            continue
        if _is_text(part, kind):
            _add_text(found, part, kind)
        else:
            room -= _add_file(found, part, kind, room)
    return found


def _is_text(part: Message, kind: str) -> bool:
    return kind in {"text/plain", "text/html"} and not _name(part) and _disposition(part) != "attachment"


def _add_text(found: Found, part: Message, kind: str) -> None:
    text = _decoded(part, _content(part)[:MOST_HTML])
    if kind == "text/html":
        found.html.append(clean(text_of_html(text)))
    else:
        found.plain.append(clean(text.replace("\r\n", "\n")))


def _add_file(found: Found, part: Message, kind: str, room: int) -> int:
    """Keep it where there is room. Gives the bytes it takes."""
    content, name = _content(part), _name(part)
    if len(found.kept) >= MOST_FILES or len(content) > room:
        found.too_much.append(name)
        return 0
    if content or name:
        found.kept.append(EnclosedFile(name=name, media_type=plain(kind), content=content))
    return len(content)


def _content(part: Message) -> bytes:
    """The bytes of one part; of an enclosed mail, the mail."""
    try:
        if part.is_multipart():
            return b"".join(inner.as_bytes() for inner in parts_of(part)[:1])
        content = part.get_payload(decode=True)
    except UNREADABLE:
        return b""
    return content if isinstance(content, bytes) else b""


def _decoded(part: Message, content: bytes) -> str:
    """By its charset; where that is missing, unknown or wrong, as UTF-8, then as western European letters."""
    try:
        named = part.get_content_charset() or "utf-8"
    except UNREADABLE:
        named = "utf-8"
    for charset in (named, "utf-8"):
        try:
            return content.decode(charset)
        except (LookupError, ValueError):  # no such charset, one that is no text ("base64"), or not these bytes
            continue
    return content.decode("cp1252", "replace")


def _name(part: Message) -> str:
    """The file's name; Outlook writes an encoded word inside the quotes, against RFC 2047 §5."""
    try:
        named = str(part.get_filename() or "")
    except UNREADABLE:
        named = ""
    if not named and kind_of(part) == "message/rfc822":
        named = "".join(f"{words_of(inner, 'Subject') or 'mail'}.eml" for inner in parts_of(part)[:1])
    if "=?" in named:
        try:
            named = str(make_header(decode_header(named)))
        except (*UNREADABLE, HeaderParseError):
            return plain(named)
    return plain(named)


def _disposition(part: Message) -> str:
    try:
        return (part.get_content_disposition() or "").lower()
    except UNREADABLE:
        return ""
