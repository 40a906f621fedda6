"""Anchors of the log in a file of JSON lines: one line each, appended, on the disk before anybody relies on it."""

import os
from dataclasses import dataclass
from pathlib import Path

from workflow.adapters.files import sync_folder
from workflow.domain.audit import Anchor, Kept, read_anchor

_TAIL = 4096  # bytes; a line has about 130


@dataclass(frozen=True, slots=True)
class FileAnchors:
    """Implements ports.Anchors. The file is made with the first anchor; several processes may append to it.

    A line: {"number": 42, "hash": "…64 hexadecimal digits…", "at": "2027-05-03T06:00:00+00:00"}, and "restored": true
    where a backup was put back. A line that a power cut tore stays as it is and is told of.
    """

    path: Path

    def keep(self, anchor: Anchor) -> None:
        new = not self.path.exists()
        if new:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            torn = b"" if _ends_well(handle) else b"\n"
            os.write(handle, torn + anchor.line())
            os.fsync(handle)
        finally:
            os.close(handle)
        if new:
            sync_folder(self.path.parent)

    def last(self) -> Anchor | None:
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
                lines = file.read().splitlines()
        except FileNotFoundError:
            return None
        return read_anchor(lines[-1]) if lines else None

    def read(self) -> Kept:
        """A file that is not there holds no anchors. Raises OSError for one that cannot be read."""
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return Kept()
        found = [(number, read_anchor(line)) for number, line in enumerate(lines, start=1) if line.strip()]
        return Kept(
            anchors=tuple(anchor for _, anchor in found if anchor),
            unreadable=tuple(number for number, anchor in found if not anchor),
        )


def _ends_well(handle: int) -> bool:
    """Whether the next line begins on a line of its own."""
    size = os.fstat(handle).st_size
    return size == 0 or os.pread(handle, 1, size - 1) == b"\n"
