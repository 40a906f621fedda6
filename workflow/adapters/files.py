"""A folder of finished files: each is written whole or not at all."""

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# Begins with a letter or digit: no "..", no hidden file (drafts are hidden), nothing that a shell reads as an option.
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """Implements ports.Files. A name is FILE or FOLDER/FILE, of ASCII letters, digits, dot, hyphen and underscore."""

    root: Path

    def write(self, name: str, data: bytes | BinaryIO) -> str:
        """Keep the data in place of what was there, and give the path. Raises ValueError for a bad name."""
        path = self._path(name)
        if path is None:
            raise ValueError(f"no name for a kept file: {name!r}")
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            sync_folder(path.parent.parent)
        write_whole(path, data)
        return str(path)

    def read(self, name: str) -> bytes | None:
        """None when there is no such file, or could not be one."""
        path = self._path(name)
        return path.read_bytes() if path and path.is_file() else None

    def open(self, name: str) -> BinaryIO | None:
        """None when there is no such file, or could not be one."""
        path = self._path(name)
        return path.open("rb") if path and path.is_file() else None

    def scratch(self) -> BinaryIO:
        """Beside the kept files, where there is room for large ones: /tmp may be memory."""
        self.root.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=self.root)

    def list(self, folder: str) -> tuple[str, ...]:
        """The names of a folder's files as `read` takes them, in order; none when the folder is not there."""
        if not _PART.fullmatch(folder) or not (self.root / folder).is_dir():
            return ()
        kept = (path.name for path in (self.root / folder).iterdir() if path.is_file())
        return tuple(sorted(f"{folder}/{name}" for name in kept if _PART.fullmatch(name)))

    def _path(self, name: str) -> Path | None:
        parts = name.split("/")
        good = len(parts) in (1, 2) and all(_PART.fullmatch(part) for part in parts)
        return self.root.joinpath(*parts) if good else None


def write_whole(path: Path, data: bytes | BinaryIO, *, durable: bool = True) -> None:
    """Put a file in place so that a reader sees the old one or the new one, never a part. `data` may be a file.

    `durable` waits until both the bytes and the name are on the disk, so that a power cut takes neither.
    """
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".draft-", delete=False) as draft:
        try:
            if isinstance(data, bytes):
                draft.write(data)
            else:
                shutil.copyfileobj(data, draft)
            draft.flush()
            if durable:
                os.fsync(draft.fileno())
            Path(draft.name).replace(path)
        except BaseException:
            Path(draft.name).unlink(missing_ok=True)
            raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
