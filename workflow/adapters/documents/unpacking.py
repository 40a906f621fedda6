"""Unpacks a ZIP from a stranger into memory: the table of contents is judged before anything is unpacked."""

import zlib
from collections.abc import Callable
from io import BytesIO
from posixpath import normpath
from stat import S_ISLNK
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from safezip import SafezipError, SafeZipFile

from workflow.adapters.documents.refusals import DAMAGED, LOCKED, TOO_BIG, UNSAFE
from workflow.adapters.documents.safe_xml import Refusal

MAX_ENTRIES = 2_000
MAX_TOTAL = 50 * 2**20
"""Bytes, unpacked."""
MAX_RATIO = 100
_RATIO_FREE = 2**20  # a short form of one repeated letter packs better than that without being a bomb


def unpack(data: bytes, *, keep: Callable[[str], bool] = bool) -> dict[str, bytes]:
    """Give the entries by name; those that are not to be kept are empty, and not unpacked.

    Raises Refusal for bombs, tricks with names, locked and damaged archives.
    """
    try:
        with ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_sizes(entries, len(data))
            _check_entries(entries)
            SafeZipFile(BytesIO(data)).close()  # opening alone looks for overlapping and forged entries
            files = [entry for entry in entries if not entry.is_dir()]
            return {each.filename: archive.read(each) if keep(each.filename) else b"" for each in files}
    except (SafezipError, BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise Refusal(DAMAGED) from error


def _check_sizes(entries: list[ZipInfo], packed: int) -> None:
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES or total > MAX_TOTAL or total > max(MAX_RATIO * packed, _RATIO_FREE):
        raise Refusal(TOO_BIG)


def _check_entries(entries: list[ZipInfo]) -> None:
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refusal(LOCKED)
    names = [entry.filename.lower() for entry in entries]
    if len(set(names)) < len(names) or not all(_is_plain(entry) for entry in entries):
        raise Refusal(UNSAFE)


def _is_plain(entry: ZipInfo) -> bool:
    name = entry.orig_filename
    inside = not name.startswith(("/", "..")) and "\\" not in name and ":" not in name and "\0" not in name
    ordinary = normpath(name) == name.rstrip("/") and not S_ISLNK(entry.external_attr >> 16)
    return inside and ordinary and entry.compress_type in {ZIP_STORED, ZIP_DEFLATED}
