"""A form saved as OpenDocument text (.odt): where its text lies in the file."""

from collections.abc import Iterator

from lxml import etree

from workflow.adapters.documents.odt_guard import OpenedOdt
from workflow.adapters.documents.odt_lists import Lists
from workflow.adapters.documents.odt_names import META, OFFICE, STYLE, TEXT
from workflow.adapters.documents.odt_text import COMMENT, NOTE, read_odt_text
from workflow.adapters.documents.source import IN_COMMENT, IN_ENDNOTE, IN_FOOTER, IN_FOOTNOTE, IN_HEADER, Source
from workflow.adapters.documents.tape import BodyText
from workflow.domain.phrases import Phrase, say


def odt_source(opened: OpenedOdt) -> Source:
    """Read an opened .odt. Raises Refusal for what takes too long."""
    roots = [root for root in (opened.content, opened.styles) if root is not None]
    body = opened.content.find(f"{OFFICE}body/{OFFICE}text")
    return Source(
        body=BodyText() if body is None else read_odt_text(body, lists=Lists(roots)),
        asides=tuple(_asides(opened)),
        hidden={} if opened.meta is None else _hidden(opened.meta),
        by_libreoffice=True,
    )


def _asides(opened: OpenedOdt) -> Iterator[tuple[BodyText, Phrase]]:
    for note in opened.content.iter(NOTE, COMMENT):
        where = IN_COMMENT
        if note.tag == NOTE:
            where = IN_ENDNOTE if note.get(f"{TEXT}note-class") == "endnote" else IN_FOOTNOTE
        for paragraph in note.iter(f"{TEXT}p"):
            yield read_odt_text(paragraph, lists=Lists()), say(where)
    if opened.styles is not None:
        for element, where in _margins(opened.styles):
            yield read_odt_text(element, lists=Lists()), say(where)


def _margins(styles: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    for kind, where in (("header", IN_HEADER), ("footer", IN_FOOTER)):
        for name in (kind, f"{kind}-first", f"{kind}-left"):
            for element in styles.iter(f"{STYLE}{name}"):
                yield element, where


def _hidden(meta: etree._Element) -> dict[str, str]:
    """Read the properties that the form's maker gave it."""
    return {
        row.get(f"{META}name", ""): "".join(text for text in row.itertext() if isinstance(text, str))
        for row in meta.iter(f"{META}user-defined")
    }
