"""What may stand in a mail's header: one mailbox per address, and words without hidden characters."""

import re
from base64 import b64encode
from collections.abc import Iterator
from email.headerregistry import Address
from typing import Final

from workflow.domain.errors import RefusedError

# The dot-atom of RFC 5322 §3.2.3 and the host names of RFC 1123 §2.1, with the lengths of RFC 5321 §4.5.3.1. Quoted
# local parts and address literals are legal but nobody's address; non-ASCII ones need SMTPUTF8, which few servers have.
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MAILBOX: Final = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")
_NAMED: Final = re.compile(r"(?P<name>.*)<(?P<address>[^<>]*)>", re.DOTALL)
_LONGEST: Final = 254
# Controls, line and paragraph separators, lone surrogates, and the characters that make one name look like another.
_HIDDEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_PLAIN_WORDS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/^_`{|}~ -]{1,60}")
_LINE: Final = 75  # RFC 2047 §2
_CONTINUES: Final = re.compile(b"[\x80-\xbf]")  # UTF-8: not the first byte of a character
_ENCODED_WORD: Final = "=?utf-8?b?{}?="


class AddressRefusedError(RefusedError):
    """An address that is not exactly one mailbox we can send to."""

    sentence = "E-postadressen {address} går inte att använda: {why}"


class HeaderRefusedError(RefusedError):
    """Words with a character that no header may hold. `character` is its U+ number."""

    sentence = "Mejlets {field} innehåller ett tecken som inte får finnas där ({character})."


def mailbox(address: str, name: str = "") -> Address:
    """Check one address and a display name. Raises AddressRefusedError or HeaderRefusedError."""
    if not address.isascii():
        raise AddressRefusedError(address=ascii(address), why="bara bokstäverna a–z går att använda.")
    if len(address) > _LONGEST or not _MAILBOX.fullmatch(address):
        raise AddressRefusedError(address=ascii(address), why="skriv en enda adress, som namn@kommunen.example.")
    local, _, domain = address.partition("@")  # given whole, the library would parse again what is checked already
    return Address(display_name=clean(name, field="namn").strip(), username=local, domain=domain)


def copied(copy: str) -> Address:
    """Read `Name <address>` or a plain address. Raises AddressRefusedError or HeaderRefusedError."""
    named = _NAMED.fullmatch(copy.strip())
    if not named:
        return mailbox(copy.strip())
    return mailbox(named["address"].strip(), named["name"].strip().removeprefix('"').removesuffix('"'))


def clean(words: str, *, field: str) -> str:
    """Give the words back unchanged. Raises HeaderRefusedError if they hold what could end or disguise a header."""
    hidden = _HIDDEN.search(words)
    if hidden:
        raise HeaderRefusedError(field=field, character=f"U+{ord(hidden[0]):04X}")
    return words


def encoded(words: str, *, field: str) -> str:
    """Words of a header in ASCII, folded with CRLF; anything but plain short words as RFC 2047 encoded words."""
    if _PLAIN_WORDS.fullmatch(words) and words == " ".join(words.split()):
        return words
    return "\r\n ".join(_encoded_words(words, len(field) + len(": ")))


def _encoded_words(words: str, indent: int) -> Iterator[str]:
    """No line longer than 75, no character cut in two (RFC 2047 §2, §5). The library takes a third of a mail's time."""
    data = words.encode()
    while data:
        end = (_LINE - indent - len(_ENCODED_WORD.format(""))) // 4 * 3
        while end < len(data) and _CONTINUES.match(data, end):  # in the midst of a character
            end -= 1
        yield _ENCODED_WORD.format(b64encode(data[:end]).decode("ascii"))
        data, indent = data[end:], 1
