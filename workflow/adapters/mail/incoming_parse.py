"""Taking a mail apart with the library, after a look at what that would cost."""

import re
from dataclasses import dataclass
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.policy import EmailPolicy
from typing import Final

# What the library's parser can be made to cost by a mail written for it: nesting (recursion, and each line handed
# through every level), parts and headers by the hundred thousand (an object each), and one endless header.
MOST_CONTAINERS: Final = 60
MOST_BOUNDARIES: Final = 3_000
MOST_HEADERS: Final = 20_000
LONGEST_HEADER: Final = 8_000  # characters; hundreds of recipients
LONGEST_TOP: Final = 200_000  # bytes of headers

_CONTAINER: Final = re.compile(rb"^[ \t]*content-type[ \t]*:\s*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)
_BOUNDARY: Final = re.compile(rb"^--[^\r\n]", re.MULTILINE)
_HEADER: Final = re.compile(rb"^[!-9;-~]{1,76}:", re.MULTILINE)
_EMPTY_LINE: Final = re.compile(rb"\r?\n\r?\n")

UNREADABLE: Final = (
    ValueError,  # UnicodeError and binascii.Error are ones
    LookupError,
    AttributeError,
    TypeError,
    AssertionError,
    NotImplementedError,
    RecursionError,
    OverflowError,
    MessageError,
)
"""What the library is known to raise over broken headers and bodies, instead of noting a defect."""


class _Bounded(EmailPolicy):
    """The default policy, with headers of bearable length and raw 8-bit letters read as what they nearly always are."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, decoded(value[:LONGEST_HEADER])


POLICY: Final = _Bounded()


@dataclass(frozen=True, slots=True)
class Read:
    """The mail as the library sees it; only its beginning where `is_whole` is false."""

    mail: EmailMessage
    is_whole: bool


def parse(raw: bytes, *, whole: bool) -> Read:
    """Never raises. What would cost too much is read no further than its headers."""
    if _is_bearable(raw):
        try:
            return Read(_as_message(BytesParser(policy=POLICY).parsebytes(raw)), is_whole=whole)
        except UNREADABLE:
            return Read(_top(raw), is_whole=False)
    return Read(_top(raw), is_whole=False)


def decoded(words: str) -> str:
    """Bytes that were no ASCII come as lone surrogates: UTF-8, else the letters of western Europe."""
    try:
        words.encode()
    except UnicodeEncodeError:
        raw = words.encode("utf-8", "surrogateescape")
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw.decode("cp1252", "replace")
    return words


def _is_bearable(raw: bytes) -> bool:
    return (
        len(_head(raw)) <= LONGEST_TOP
        and _at_most(_CONTAINER, raw, MOST_CONTAINERS)
        and _at_most(_BOUNDARY, raw, MOST_BOUNDARIES)
        and _at_most(_HEADER, raw, MOST_HEADERS)
    )


def _at_most(pattern: re.Pattern[bytes], raw: bytes, most: int) -> bool:
    return all(number < most for number, _ in enumerate(pattern.finditer(raw)))


def _head(raw: bytes) -> bytes:
    end = _EMPTY_LINE.search(raw)
    return raw[: end.start()] if end else raw


def _top(raw: bytes) -> EmailMessage:
    """The headers alone, as many as are bearable."""
    lines = _head(raw)[:LONGEST_TOP].splitlines(keepends=True)[:1_000]
    try:
        return _as_message(BytesHeaderParser(policy=POLICY).parsebytes(b"".join(lines)))
    except UNREADABLE:
        return EmailMessage(policy=POLICY)


def _as_message(message: object) -> EmailMessage:
    return message if isinstance(message, EmailMessage) else EmailMessage(policy=POLICY)
