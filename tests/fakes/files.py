"""A folder in memory."""

from dataclasses import dataclass, field
from io import BytesIO
from typing import BinaryIO

from workflow.services.bundles import Gathered


@dataclass
class FakeFiles:
    kept: dict[str, bytes] = field(default_factory=dict)

    def write(self, name: str, data: bytes | BinaryIO) -> str:
        self.kept[name] = data if isinstance(data, bytes) else data.read()
        return name

    def read(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def open(self, name: str) -> BinaryIO | None:
        return BytesIO(self.kept[name]) if name in self.kept else None

    def scratch(self) -> BinaryIO:
        return BytesIO()

    def list(self, folder: str) -> tuple[str, ...]:
        return tuple(sorted(name for name in self.kept if name.startswith(f"{folder}/")))


def files_of(gathered: Gathered) -> dict[str, bytes]:
    """All files of an edition by name, the ZIP written."""
    out = BytesIO()
    gathered.package.write(out)
    return {**gathered.reports, gathered.package.name: out.getvalue()}
