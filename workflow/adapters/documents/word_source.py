"""A form saved as .docx: where its text lies among the parts of the file."""

from collections.abc import Iterator
from posixpath import basename, dirname, join
from re import compile as pattern
from types import MappingProxyType

from docx_plus.core.ns import qn

from workflow.adapters.documents import source
from workflow.adapters.documents.guard import RELATIONSHIP, OpenedDocx
from workflow.adapters.documents.properties import PART, custom_properties
from workflow.adapters.documents.source import Source
from workflow.adapters.documents.tape import BodyText
from workflow.adapters.documents.word_lists import Lists
from workflow.adapters.documents.word_text import read_text
from workflow.domain.phrases import Phrase, say

_ASIDE = pattern(r"(header|footer|footnotes|endnotes|comments)\d*\.xml")
_WHERE = MappingProxyType(
    {
        "header": source.IN_HEADER,
        "footer": source.IN_FOOTER,
        "footnotes": source.IN_FOOTNOTE,
        "endnotes": source.IN_ENDNOTE,
        "comments": source.IN_COMMENT,
    },
)


def word_source(opened: OpenedDocx) -> Source:
    """Read an opened .docx. Raises Refusal for what takes too long."""
    by_libreoffice = b"<Application>LibreOffice" in opened.parts.get("docProps/app.xml", b"")
    root, hidden = opened.tree(opened.main), opened.tree(PART)
    body = None if root is None else root.find(qn("w:body"))
    folder = dirname(opened.main)
    lists = Lists(opened.tree(join(folder, "numbering.xml")), opened.tree(join(folder, "styles.xml")))
    return Source(
        body=BodyText() if body is None else read_text(body, by_libreoffice=by_libreoffice, lists=lists),
        asides=tuple(_asides(opened, folder)),
        hidden={} if hidden is None else custom_properties(hidden),
        by_libreoffice=by_libreoffice,
        targets=_targets(opened, folder),
    )


def _targets(opened: OpenedDocx, folder: str) -> dict[str, str]:
    """The parts that the main part names by their relationships."""
    root = opened.tree(join(folder, "_rels", f"{basename(opened.main)}.rels"))
    rows = () if root is None else root.iter(RELATIONSHIP)
    return {row.get("Id", ""): join("/", folder, row.get("Target", "")).lstrip("/") for row in rows}


def _asides(opened: OpenedDocx, folder: str) -> Iterator[tuple[BodyText, Phrase]]:
    for name in sorted(opened.parts):
        kind = _ASIDE.fullmatch(name.removeprefix(f"{folder}/"))
        root = opened.tree(name) if kind else None
        if kind and root is not None:
            yield read_text(root), say(_WHERE[kind[1]])
