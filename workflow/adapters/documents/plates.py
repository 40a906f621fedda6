"""Printing plates of a Word file: compressed once, and for each copy only what differs is put in."""

import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Final
from xml.sax.saxutils import escape
from zipfile import ZipFile

_MARK: Final = re.compile("\ue000([a-z_]+)\ue001")
_SIGNS_OF_MARKS: Final = re.compile("[\ue000\ue001]")
_END: Final = b"\x03\x00"  # RFC 1951: a last block that holds nothing
_STORED_LIMIT: Final = 0xFFFF  # RFC 1951 §3.2.4
_LOCAL: Final = struct.Struct("<4s5H3L2H")  # APPNOTE 4.3.7
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")  # APPNOTE 4.3.12
_TAIL: Final = struct.Struct("<4s4H2LH")  # APPNOTE 4.3.16
_VERSION, _MADE_BY, _DEFLATED = 20, 3 << 8 | 20, 8
_RIGHTS: Final = 0o100644 << 16


def mark(name: str) -> str:
    """What stands in the plate where each copy has its own value; nobody writes these signs (private use)."""
    return f"\ue000{name}\ue001"


def holds_signs_of_marks(text: str) -> bool:
    return _SIGNS_OF_MARKS.search(text) is not None


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with each mark replaced by its value."""
    return _MARK.sub(lambda found: values[found[1]], text)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Bytes that every copy has, as they are and deflated; behind them the mark `name`, or "" at the end."""

    plain: bytes
    deflated: bytes
    name: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file in the ZIP: its record as it lies there, and the line of the directory but for the place."""

    name: bytes
    crc: int
    size: int
    deflated: bytes

    def record(self, stamp: tuple[int, int]) -> bytes:
        head = _LOCAL.pack(b"PK\x03\x04", _VERSION, 0, _DEFLATED, *stamp, *self._sums(), len(self.name), 0)
        return head + self.name + self.deflated

    def line(self, stamp: tuple[int, int], place: int) -> bytes:
        sums, names = self._sums(), (len(self.name), 0, 0, 0, 0)
        head = (b"PK\x01\x02", _MADE_BY, _VERSION, 0, _DEFLATED, *stamp, *sums, *names, _RIGHTS, place)
        return _CENTRAL.pack(*head) + self.name

    def _sums(self) -> tuple[int, int, int]:
        return self.crc, len(self.deflated), self.size


class Plate:
    """Made of one .docx that has marks where copies differ. The same values give the same bytes."""

    def __init__(self, document: bytes, *, at: datetime) -> None:
        self._stamp = _stamp(at)
        with ZipFile(BytesIO(document)) as saved:
            parts = {name: saved.read(name).decode() for name in saved.namelist()}
        self._varying = {name.encode("ascii"): _pieces(text) for name, text in parts.items() if _MARK.search(text)}
        fixed = [_entry(name, [text.encode()], _deflated(text.encode())) for name, text in _fixed(parts)]
        self._records, self._lines = _laid_out(fixed, self._stamp, 0)
        self._number = len(parts)

    def copy(self, values: Mapping[str, str]) -> bytes:
        """Print with these values, each escaped for XML. Raises KeyError for a mark that has none."""
        written = {name: escape(value).encode() for name, value in values.items()}
        varying = [_printed(name, pieces, written) for name, pieces in self._varying.items()]
        records, lines = _laid_out(varying, self._stamp, len(self._records))
        place, size = len(self._records) + len(records), len(self._lines) + len(lines)
        tail = _TAIL.pack(b"PK\x05\x06", 0, 0, self._number, self._number, size, place, 0)
        return b"".join((self._records, records, self._lines, lines, tail))


def _fixed(parts: Mapping[str, str]) -> list[tuple[bytes, str]]:
    return [(name.encode("ascii"), text) for name, text in parts.items() if not _MARK.search(text)]


def _pieces(text: str) -> list[_Piece]:
    found = _MARK.split(text)  # by turns what every copy has, and the name of a mark
    plain = [each.encode() for each in found[::2]]
    return [_Piece(each, _deflated(each), name) for each, name in zip(plain, [*found[1::2], ""], strict=True)]


def _printed(name: bytes, pieces: list[_Piece], values: Mapping[str, bytes]) -> _Entry:
    plain, deflated = [], []
    for piece in pieces:
        plain.append(piece.plain)
        deflated.append(piece.deflated)
        if piece.name:
            plain.append(values[piece.name])
            deflated.append(_stored(values[piece.name]))
    return _entry(name, plain, b"".join(deflated))


def _entry(name: bytes, plain: list[bytes], deflated: bytes) -> _Entry:
    whole = b"".join(plain)
    return _Entry(name, zlib.crc32(whole), len(whole), deflated + _END)


def _deflated(data: bytes) -> bytes:
    """Whole blocks that refer to nothing before them and do not end the stream: they may stand between any others."""
    press = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return press.compress(data) + press.flush(zlib.Z_FULL_FLUSH)


def _stored(data: bytes) -> bytes:
    """Blocks with the bytes as they are (RFC 1951 §3.2.4): for a name, compressing costs more than it saves."""
    chunks = [data[at : at + _STORED_LIMIT] for at in range(0, len(data), _STORED_LIMIT)]
    return b"".join(struct.pack("<BHH", 0, len(each), len(each) ^ 0xFFFF) + each for each in chunks)


def _laid_out(entries: list[_Entry], stamp: tuple[int, int], place: int) -> tuple[bytes, bytes]:
    records, lines = [], []
    for entry in entries:
        record = entry.record(stamp)
        records.append(record)
        lines.append(entry.line(stamp, place))
        place += len(record)
    return b"".join(records), b"".join(lines)


def _stamp(at: datetime) -> tuple[int, int]:
    """Time and date as MS-DOS has them (APPNOTE 4.4.6), in UTC, to two seconds, from 1980 on."""
    moment = max(at.astimezone(UTC), datetime(1980, 1, 1, tzinfo=UTC))
    time = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    return time, (moment.year - 1980) << 9 | moment.month << 5 | moment.day
