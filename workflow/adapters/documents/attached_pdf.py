"""Attached PDFs: whole, readable without a password, and without scripts, programs to start or files inside."""

import zlib
from collections.abc import Iterator
from re import DOTALL
from re import compile as pattern

from workflow.adapters.documents.attached_refusals import DAMAGED, LOCKED, NOT_THAT_KIND, RUNS, TOO_BIG
from workflow.adapters.documents.safe_xml import Refusal

MAX_OBJECTS = 64 * 2**20
"""Bytes of packed objects, unpacked: the text of some ten thousand pages is no object of this kind."""

_TAIL = 2048  # bytes; programs look for the end of the file in its last 1,024
_ESCAPED = pattern(rb"#([0-9A-Fa-f]{2})")  # a name may be written /J#61vaScript (ISO 32000-1, 7.3.5)
_RUNS = pattern(rb"/(JavaScript|JS|Launch|RichMedia|XFA|EmbeddedFiles?)(?![A-Za-z0-9])")
_LOCK = pattern(rb"/Encrypt(?![A-Za-z0-9])")
_OBJECTS = pattern(rb"/ObjStm(?![A-Za-z0-9]).{0,1024}?stream\r?\n", DOTALL)
_PACKED = b"/ObjStm"
_STREAM = pattern(rb"stream\r?\n.*?endstream", DOTALL)


def check_pdf(data: bytes) -> None:
    """Raises Refusal."""
    if not data.startswith(b"%PDF-"):
        raise Refusal(NOT_THAT_KIND)
    if b"%%EOF" not in data[-_TAIL:]:
        raise Refusal(DAMAGED)
    for text in _dictionaries(data):
        if _LOCK.search(text):
            raise Refusal(LOCKED)
        if _RUNS.search(text):
            raise Refusal(RUNS)


def _dictionaries(data: bytes) -> Iterator[bytes]:
    """What stands outside streams, and the objects that are packed in streams (7.5.7); names in one spelling."""
    outside = _STREAM.sub(b"", data)
    if _plain(outside).count(_PACKED) != outside.count(_PACKED):  # spelt so that they are not found below
        raise Refusal(RUNS)
    yield _plain(outside)
    room = MAX_OBJECTS
    for found in _OBJECTS.finditer(data):
        unpacked = _inflated(data[found.end() : data.find(b"endstream", found.end())], room)
        room -= len(unpacked)
        yield _plain(unpacked)


def _inflated(data: bytes, room: int) -> bytes:
    press = zlib.decompressobj()
    try:
        text = press.decompress(data, room)
    except zlib.error:
        return b""  # packed in a way that hardly anybody uses; a reader that knows it asks before it runs anything
    if press.unconsumed_tail:
        raise Refusal(TOO_BIG)
    return text


def _plain(text: bytes) -> bytes:
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), text)
