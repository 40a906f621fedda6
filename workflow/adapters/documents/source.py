"""A form that came back, whichever program saved it: its text, what stands beside the text, its hidden properties."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workflow.adapters.documents.tape import BodyText
from workflow.domain.phrases import Phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`asides` are texts outside the body, each with where it stands; `by_libreoffice` says who wrote the file.

    `targets` are the parts of the file by how its body calls them, where that is not their name.
    """

    body: BodyText
    asides: tuple[tuple[BodyText, Phrase], ...]
    hidden: Mapping[str, str]
    by_libreoffice: bool
    targets: Mapping[str, str] = field(default_factory=dict)


IN_HEADER = "i sidhuvudet"
IN_FOOTER = "i sidfoten"
IN_FOOTNOTE = "i en fotnot"
IN_ENDNOTE = "i en slutnot"
IN_COMMENT = "i en kommentar"

ASIDES = (IN_HEADER, IN_FOOTER, IN_FOOTNOTE, IN_ENDNOTE, IN_COMMENT)
