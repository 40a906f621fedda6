"""Attached pictures: read piece by piece, so that nothing else hides behind a picture's first bytes."""

import struct
import zlib
from collections.abc import Iterator

from workflow.adapters.documents.attached_refusals import DAMAGED, NOT_THAT_KIND, TOO_BIG
from workflow.adapters.documents.safe_xml import Refusal

MAX_PIXELS = 100_000_000
"""A scan of A3 at 600 dots per inch has 70 million."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_SIZES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})  # SOFn, T.81 B.1.1.3
_ALONE = frozenset({0x01, *range(0xD0, 0xD8), 0xFF})  # markers without a length, and filling
_MARK, _SCAN, _END = 0xFF, 0xDA, 0xD9
_HEAD = struct.Struct(">2BH")
_FRAME = struct.Struct(">B2H")  # precision, lines, samples a line


def check_png(data: bytes) -> None:
    """All chunks whole (ISO/IEC 15948), nothing after the last. Raises Refusal."""
    if not data.startswith(_PNG):
        raise Refusal(NOT_THAT_KIND)
    chunks = list(_chunks(data))
    names = [name for name, _ in chunks]
    if (
        names[:1] != [b"IHDR"]
        or b"IDAT" not in names
        or names[-1] != b"IEND"
        or len(chunks[0][1]) != struct.calcsize(">2I5B")
    ):
        raise Refusal(DAMAGED)
    _check_pixels(*struct.unpack(">2I", chunks[0][1][:8]))


def check_jpeg(data: bytes) -> None:
    """All segments up to the first scan, and an end (ITU-T T.81). Raises Refusal."""
    if not data.startswith(_JPEG):
        raise Refusal(NOT_THAT_KIND)
    sizes = [_FRAME.unpack(body[: _FRAME.size]) for marker, body in _segments(data) if marker in _SIZES]
    if not sizes or bytes([_MARK, _END]) not in data:
        raise Refusal(DAMAGED)
    _, height, width = max(sizes)
    _check_pixels(width, height)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_PNG)
    while place < len(data):
        if place + 12 > len(data):
            raise Refusal(DAMAGED)
        (length,) = struct.unpack_from(">I", data, place)
        end = place + 12 + length
        if end > len(data) or zlib.crc32(data[place + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
            raise Refusal(DAMAGED)
        yield data[place + 4 : place + 8], data[place + 8 : end - 4]
        place = end


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each marker with what belongs to it, up to the first scan."""
    place = len(_JPEG) - 1
    while True:
        if place + _HEAD.size > len(data):
            raise Refusal(DAMAGED)
        mark, marker, length = _HEAD.unpack_from(data, place)
        end = place + 2 + length
        if mark != _MARK or (marker in _SIZES and length < _HEAD.size + _FRAME.size):
            raise Refusal(DAMAGED)
        if marker == _SCAN:
            return
        if marker in _ALONE:
            place += 1 if marker == _MARK else 2
        elif length < struct.calcsize(">H") or end > len(data):
            raise Refusal(DAMAGED)
        else:
            yield marker, data[place + _HEAD.size : end]
            place = end


def _check_pixels(width: int, height: int) -> None:
    if not width or not height:
        raise Refusal(DAMAGED)
    if width * height > MAX_PIXELS:
        raise Refusal(TOO_BIG)
