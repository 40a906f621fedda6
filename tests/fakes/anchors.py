"""An anchor file in memory."""

from dataclasses import dataclass, field

from workflow.domain.audit import Anchor, Kept


@dataclass
class FakeAnchors:
    kept: list[Anchor] = field(default_factory=list)

    def keep(self, anchor: Anchor) -> None:
        self.kept.append(anchor)

    def last(self) -> Anchor | None:
        return self.kept[-1] if self.kept else None

    def read(self) -> Kept:
        return Kept(anchors=tuple(self.kept))
