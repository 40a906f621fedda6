"""What the headers of a mail that came in say, each read for itself: a broken one takes no other with it."""

import re
from collections.abc import Iterator, Sequence
from email.message import Message
from email.utils import getaddresses
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
    """The address that the mail says it is from, folded, and the name beside it; "" for what it does not say.

    Whoever names several senders names none: others would check one of them, and we believe another.
    """
    found = {fold(address): name for name, address in (_mailboxes(message, "From") or _mailboxes(message, "Sender"))}
    return next(iter((address, plain(name)) for address, name in found.items())) if len(found) == 1 else ("", "")


def addressees(message: Message, envelope: Sequence[str] = ()) -> tuple[str, ...]:
    """Every address it came to, folded, once each: the envelope's, what servers noted of it, then To and Cc."""
    told = [*envelope, *(value for name in _ENVELOPE for value in values(message, name))]
    written = [address for name in ("To", "Cc") for _, address in _mailboxes(message, name)]
    found = (fold(address) for address in (*told, *written))
    return tuple(dict.fromkeys(address for address in found if "@" in address))[:MOST_ADDRESSES]


def references(message: Message, *names: str) -> tuple[str, ...]:
    """The message ids in these headers, once each."""
    found = (each for name in names for value in values(message, name) for each in _ID.findall(value))
    return tuple(dict.fromkeys(plain(each) for each in found))[:MOST_REFERENCES]


def _mailboxes(message: Message, header: str) -> list[tuple[str, str]]:
    """Names and addresses as they are written. A name is decoded only after it was told apart from the address.

    Decoded first, an encoded name such as "a@b.example," would be read as an address.
    """
    found: list[tuple[str, str]] = []
    for name, raw in tuple(message.raw_items()):
        if name.lower() == header.lower():
            try:
                parsed = message.policy.header_fetch_parse(name, raw)
                read = [(each.display_name, each.addr_spec) for each in getattr(parsed, "addresses", ())]
            except UNREADABLE:
                read = []
            found += [each for each in read if "@" in each[1]] or _leniently(raw)
    return found


def _leniently(raw: object) -> list[tuple[str, str]]:
    try:
        return [each for each in getaddresses([str(raw)]) if "@" in each[1]]
    except UNREADABLE:
        return []
