"""Attached PDFs: whole, readable without a password, and without scripts, programs to start or files inside."""

import zlib
from collections.abc import Iterator
from re import DOTALL
from re import compile as pattern

from workflow.adapters.documents.attached_refusals import DAMAGED, LOCKED, NOT_THAT_KIND, RUNS, TOO_BIG
from workflow.adapters.documents.safe_xml import Refusal

MAX_OBJECTS = 64 * 2**20
"""Bytes of packed objects, unpacked: the text of some ten thousand pages is no object of this kind."""

MAX_PACKS = 10_000

_TAIL = 2048  # bytes; programs look for the end of the file in its last 1,024
_ESCAPED = pattern(rb"#([0-9A-Fa-f]{2})")  # a name may be written /J#61vaScript (ISO 32000-1, 7.3.5)
_RUNS = pattern(rb"/(JavaScript|Launch|RichMedia|EmbeddedFiles?)(?![A-Za-z0-9])")  # too long to stand by chance
_SHORT = pattern(rb"/(JS|XFA)(?![A-Za-z0-9])")
_LOCK = pattern(rb"/Encrypt(?![A-Za-z0-9])")
_OBJECTS = pattern(rb"/ObjStm(?![A-Za-z0-9]).{0,1024}?stream\r?\n", DOTALL)
_PACKED = b"/ObjStm"
_PIECE, _BEFORE = 65_536, 1_024  # bytes
_BEGINS, _ENDS = pattern(rb"stream\r?\n"), b"endstream"


def check_pdf(data: bytes) -> None:
    """Raises Refusal."""
    if not data.startswith(b"%PDF-"):
        raise Refusal(NOT_THAT_KIND)
    if b"%%EOF" not in data[-_TAIL:]:
        raise Refusal(DAMAGED)
    if data.count(_PACKED) > MAX_PACKS:
        raise Refusal(TOO_BIG)
    outside = b"".join(_outside(data))
    if _LOCK.search(_plain(outside)):
        raise Refusal(LOCKED)
    # What stands in a stream is looked at too: a comment can make anything look like one.
    hidden = _plain(outside).count(_PACKED) != outside.count(_PACKED)
    if hidden or _SHORT.search(_plain(outside)) or _RUNS.search(_plain(data)):
        raise Refusal(RUNS)
    room = MAX_OBJECTS
    for found in _OBJECTS.finditer(data):
        text = _unpacked(data, found.end(), room)
        room -= len(text)
        if _RUNS.search(_plain(text)) or _SHORT.search(_plain(text)):
            raise Refusal(RUNS)


def _outside(data: bytes) -> Iterator[bytes]:
    """What stands in no stream, in one walk from the first byte to the last."""
    place = 0
    while (begins := _BEGINS.search(data, place)) and (ends := data.find(_ENDS, begins.end())) >= 0:
        yield data[place : begins.start()]
        place = ends + len(_ENDS)
    yield data[place:]


def _unpacked(data: bytes, start: int, room: int) -> bytes:
    """Objects packed in a stream (7.5.7), read to the end that their own packing has, whatever stands between."""
    press, text = zlib.decompressobj(), bytearray()
    try:
        for place in range(start, len(data), _PIECE):
            text += press.decompress(data[place : place + _PIECE], room + 1 - len(text))
            if len(text) > room:
                raise Refusal(TOO_BIG)
            if press.eof:
                break
    except zlib.error as error:
        if b"Decode" in data[max(0, start - _BEFORE) : start]:  # packed in a way that no office program uses
            raise Refusal(RUNS) from error
        return b""  # not packed at all: looked at with the rest
    return bytes(text)


def _plain(text: bytes) -> bytes:
    """Names in one spelling."""
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), text)
