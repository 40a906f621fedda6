"""What the headers of a mail that came in say, each read for itself: a broken one takes no other with it."""

import re
from collections.abc import Iterator, Sequence
from email.message import Message
from email.utils import getaddresses, parseaddr
from typing import Final

from workflow.adapters.mail.incoming_parse import UNREADABLE, decoded

LONGEST_WORDS: Final = 500  # characters of a subject or a name
MOST_ADDRESSES: Final = 100
MOST_REFERENCES: Final = 100
_ENVELOPE: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
_ID: Final = re.compile(r"<[^<>\s]{1,250}>")
# NUL is refused by PostgreSQL, other controls are no text, and lone surrogates cannot be written anywhere.
_NO_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def plain(words: str, *, most: int = LONGEST_WORDS) -> str:
    """Words on one line, without what no database and no page can hold."""
    return " ".join(clean(decoded(words[: most * 4])).split())[:most]


def clean(text: str) -> str:
    return _NO_TEXT.sub("", text)


def values(message: Message, name: str) -> Iterator[str]:
    """Every value of a header, decoded where the library can."""
    for found, raw in tuple(message.raw_items()):
        if found.lower() == name.lower():
            try:
                yield str(message.policy.header_fetch_parse(found, raw))
            except UNREADABLE:
                yield str(raw)


def words_of(message: Message, name: str) -> str:
    """The first value of a header as plain words, "" without one."""
    return plain(next(values(message, name), ""))


def fold(address: str) -> str:
    """An address as it is compared. Local parts may be told apart by case in theory, and are by nobody."""
    return plain(address).strip("<> ").casefold()


def one_sender(message: Message) -> tuple[str, str]:
    """The address that the mail says it is from, folded, and the name beside it; "" for what it does not say."""
    for header in ("From", "Sender"):
        for value in values(message, header):
            name, address = _parsed(value)
            if "@" in address:
                return fold(address), plain(name)
    return "", ""


def addressees(message: Message, envelope: Sequence[str] = ()) -> tuple[str, ...]:
    """Every address it came to, folded, once each: the envelope's, what servers noted of it, then To and Cc."""
    told = [*envelope, *(value for name in _ENVELOPE for value in values(message, name))]
    written = [value for name in ("To", "Cc") for value in values(message, name)]
    found = (fold(address) for address in (*told, *_all_parsed(written)))
    return tuple(dict.fromkeys(address for address in found if "@" in address))[:MOST_ADDRESSES]


def references(message: Message, *names: str) -> tuple[str, ...]:
    """The message ids in these headers, once each."""
    found = (each for name in names for value in values(message, name) for each in _ID.findall(value))
    return tuple(dict.fromkeys(plain(each) for each in found))[:MOST_REFERENCES]


def _parsed(value: str) -> tuple[str, str]:
    try:
        return parseaddr(value)
    except UNREADABLE:
        return "", ""


def _all_parsed(written: Sequence[str]) -> list[str]:
    try:
        return [address for _, address in getaddresses(written)]
    except UNREADABLE:
        return []
