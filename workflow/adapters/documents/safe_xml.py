"""XML from strangers: no entities, no network, no document type, no giants."""

from collections.abc import Iterator
from io import BytesIO
from re import compile as pattern

from lxml import etree

from workflow.adapters.documents.refusals import DAMAGED, UNSAFE

_DOCTYPE = pattern(rb"<!\s*(DOCTYPE|ENTITY)")
_BEGINNING = pattern(rb"(\xef\xbb\xbf)?\s*<|\xff\xfe|\xfe\xff")
_ENCODING = pattern(rb"""encoding\s*=\s*["']([^"']*)""")
_ENCODINGS = frozenset({b"utf-8", b"utf-16", b"us-ascii"})
_DECLARATION_ENDS = 200


class Refusal(Exception):  # noqa: N818 - what it says is no error of ours
    """Why a file is not read; the word is one of REFUSALS."""


def parse(data: bytes) -> etree._Element:
    """Parse one part. Raises Refusal where it is no well-formed XML or has a document type (OOXML never has one)."""
    _check_letters(data)
    if _DOCTYPE.search(data):
        raise Refusal(UNSAFE)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refusal(DAMAGED) from error
    if (
        root.getroottree().docinfo.internalDTD is not None
    ):  # written in an encoding the search above does not see through
        raise Refusal(UNSAFE)
    return root


def elements(data: bytes) -> Iterator[etree._Element]:
    """Each element of one part as it begins, and then forgotten: a large table takes no memory. Raises as `parse`."""
    _check_letters(data)
    if _DOCTYPE.search(data):
        raise Refusal(UNSAFE)
    walk = etree.iterparse(
        BytesIO(data), events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False
    )
    try:
        for event, element in walk:
            if event == "start":
                yield element
            else:
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refusal(DAMAGED) from error


def _check_letters(data: bytes) -> None:
    """Other encodings than those of XML 1.0 §4.3.3 can hide from every search in bytes."""
    if data and _BEGINNING.match(data) is None:
        raise Refusal(DAMAGED)
    found = _ENCODING.search(data[:_DECLARATION_ENDS])
    if found is not None and found[1].lower() not in _ENCODINGS:
        raise Refusal(UNSAFE)
