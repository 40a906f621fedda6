"""A folder in memory."""

from dataclasses import dataclass, field


@dataclass
class FakeFiles:
    kept: dict[str, bytes] = field(default_factory=dict)

    def write(self, name: str, data: bytes) -> str:
        self.kept[name] = data
        return name

    def read(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def list(self, folder: str) -> tuple[str, ...]:
        return tuple(sorted(name for name in self.kept if name.startswith(f"{folder}/")))
