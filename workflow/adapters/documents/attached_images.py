"""Attached pictures: read piece by piece, so that nothing else hides behind a picture's first bytes."""

import re
import struct
import zlib
from collections.abc import Iterator
from types import MappingProxyType

from workflow.adapters.documents.attached_refusals import DAMAGED, NOT_THAT_KIND, TOO_BIG
from workflow.adapters.documents.safe_xml import Refusal

MAX_PIXELS = 100_000_000
"""A scan of A3 at 600 dots per inch has 70 million."""
MAX_SHOWN = 400_000_000
"""Bytes that a program takes to show it: four a pixel, or fewer pixels of sixteen bits a colour."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_SIZES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})  # SOFn, T.81 B.1.1.3
_ALONE = frozenset({0x01, *range(0xD0, 0xD8), 0xD9})  # markers without a length
_MARK, _SCAN, _END = 0xFF, 0xDA, 0xD9
_LENGTH = struct.Struct(">H")
_FRAME = struct.Struct(">B2HB")  # bits a sample, lines, samples a line, colours (T.81 B.2.2)
_COLOURS = MappingProxyType({0: 1, 2: 3, 3: 1, 4: 2, 6: 4})  # of a PNG's kinds of colour (ISO/IEC 15948, 11.2.2)
_NEXT = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # the end of a scan: there 0xff stands before 0x00 or a restart only

# Behind their end telephones put films and more. What another program would open as its own is no such thing.
_FOREIGN_STARTS = (b"PK", b"MZ", b"\x7fELF", b"Rar!", b"7z\xbc\xaf", b"{\\rtf", b"\xd0\xcf\x11\xe0", b"#!")
_FOREIGN = re.compile(rb"<(?:html|script|svg|iframe|object|body|!doctype|\?php|\?xml)|%pdf-", re.IGNORECASE)


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
    width, height, depth, colour = struct.unpack(">2I2B", chunks[0][1][:10])
    _check_size(width, height, depth * _COLOURS.get(colour, 0))


def check_jpeg(data: bytes) -> None:
    """All segments and scans up to the end (ITU-T T.81), one frame, and nothing behind it to be run. Raises Refusal."""
    if not data.startswith(_JPEG):
        raise Refusal(NOT_THAT_KIND)
    segments = list(_segments(data))
    frames = [_FRAME.unpack(body[: _FRAME.size]) for marker, body, _ in segments if marker in _SIZES]
    if len(frames) != 1 or _SCAN not in {marker for marker, _, _ in segments}:
        raise Refusal(DAMAGED)
    bits, height, width, colours = frames[0]
    _check_size(width, height, (8 if bits <= 8 else 16) * colours)  # noqa: PLR2004
    _check_rest(data[segments[-1][2] :])


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


def _segments(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Each marker with what belongs to it and where it ends, up to the end of the picture."""
    place = len(_JPEG) - 1
    marker = 0
    while marker != _END:
        marker, begin, end = _segment(data, place)
        yield marker, data[begin:end], end
        place = end
        if marker == _SCAN:
            found = _NEXT.search(data, end)
            if found is None:
                raise Refusal(DAMAGED)
            place = found.start()


def _segment(data: bytes, place: int) -> tuple[int, int, int]:
    """The marker at this place, and from where to where its own bytes reach."""
    while data[place : place + 2] == bytes([_MARK, _MARK]):
        place += 1
    marker, begin = data[place + 1] if place + 1 < len(data) else _MARK, place + 2
    if data[place : place + 1] != bytes([_MARK]) or marker == _MARK:
        raise Refusal(DAMAGED)
    if marker in _ALONE:
        return marker, begin, begin
    (length,) = _LENGTH.unpack_from(data, begin) if begin + _LENGTH.size <= len(data) else (0,)
    end = begin + length
    if length < _LENGTH.size or end > len(data) or (marker in _SIZES and length < _LENGTH.size + _FRAME.size):
        raise Refusal(DAMAGED)
    return marker, begin + _LENGTH.size, end


def _check_rest(rest: bytes) -> None:
    if rest.lstrip(b"\0 \r\n\t").startswith(_FOREIGN_STARTS) or _FOREIGN.search(rest):
        raise Refusal(NOT_THAT_KIND)


def _check_size(width: int, height: int, bits: int) -> None:
    if not width or not height or not bits:
        raise Refusal(DAMAGED)
    if width * height > MAX_PIXELS or width * height * bits > 8 * MAX_SHOWN:
        raise Refusal(TOO_BIG)
