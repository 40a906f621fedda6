"""A sentence that keeps its fields apart, so that it can be said in another language later."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Phrase:
    """`text` is Swedish with named fields, and the key in the English catalogue; str() fills the fields in."""

    text: str
    fields: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text.format(**self.fields)


def say(text: str, **fields: object) -> Phrase:
    return Phrase(text, fields)
