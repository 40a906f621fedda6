"""ZIP files whose bytes depend on their content only, and the archive with its manifest."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from io import BytesIO
from itertools import chain
from json import dumps
from re import compile as pattern
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from workflow.ports import Packed

MANIFEST = "manifest.json"
MANIFEST_SCHEMA = "urn:tertial:manifest:1"

_PIECE = 256 * 1024
_LONGEST_NAME = 100
_ZIP_EPOCH = datetime(1980, 1, 1, tzinfo=UTC)  # APPNOTE 4.4.6: MS-DOS time begins here
_NAME = pattern(r"[A-Za-z0-9_][A-Za-z0-9._ -]*(/[A-Za-z0-9_][A-Za-z0-9._ -]*)*")
_RESERVED = pattern(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")


def fixed_zip(files: Mapping[str, bytes], *, at: datetime) -> bytes:
    """Make a ZIP with the entries in the given order, dated `at` (UTC, to two seconds): same files, same bytes."""
    buffer = BytesIO()
    _write(buffer, files.items(), at)
    return buffer.getvalue()


def pack(out: BinaryIO, files: Mapping[str, Packed], *, at: datetime) -> None:
    """Put the files, sorted by name, with manifest.json (bytes and SHA-256 of each) into a ZIP dated `at`.

    Names are plain ASCII, at most 100 characters, safe on every system; anything else raises ValueError. One file at a
    time is read and let go.
    """
    _check_names(files)
    ordered = {name: files[name] for name in sorted(files)}
    contents = ((name, each.read()) for name, each in ordered.items())
    _write(out, chain([(MANIFEST, _manifest(ordered, at))], contents), at)


def _write(out: BinaryIO, files: Iterable[tuple[str, bytes]], at: datetime) -> None:
    moment = max(at.astimezone(UTC), _ZIP_EPOCH)
    stamp = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    with ZipFile(out, "w") as archive:
        for name, data in files:
            entry = ZipInfo(name, date_time=stamp)
            entry.compress_type = ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            entry.file_size = len(data)
            with archive.open(entry, "w") as place:
                for start in range(0, len(data), _PIECE):
                    place.write(data[start : start + _PIECE])
            del data  # before the next one is read


def _manifest(files: Mapping[str, Packed], at: datetime) -> bytes:
    rows = [{"bytes": each.size, "name": name, "sha256": each.sha256} for name, each in files.items()]
    made_at = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    content = {"files": rows, "made_at": made_at, "schema": MANIFEST_SCHEMA}
    return (dumps(content, indent=2, sort_keys=True) + "\n").encode()


def _check_names(files: Iterable[str]) -> None:
    seen = {MANIFEST}
    for name in files:
        if name.lower() in seen:
            raise ValueError(f"{name!r} occurs twice (capitals do not count)")
        seen.add(name.lower())
        if not _is_safe(name):
            raise ValueError(f"{name!r} is not a plain ASCII name of at most {_LONGEST_NAME} characters")


def _is_safe(name: str) -> bool:
    if len(name) > _LONGEST_NAME or _NAME.fullmatch(name) is None:
        return False
    return not any(part.endswith((".", " ")) or _RESERVED.fullmatch(part) for part in name.split("/"))
