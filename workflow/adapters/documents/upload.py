"""Lets an uploaded form in: its first bytes, its size unpacked, its kind, its name; then the guard of its kind."""

from collections.abc import Mapping
from types import MappingProxyType

from workflow.adapters.documents import refusals
from workflow.adapters.documents.guard import open_docx
from workflow.adapters.documents.odt_guard import open_odt
from workflow.adapters.documents.odt_source import odt_source
from workflow.adapters.documents.safe_xml import Refusal
from workflow.adapters.documents.source import Source
from workflow.adapters.documents.unpacking import unpack
from workflow.adapters.documents.word_source import word_source

MAX_TAGS = 150_000
"""In all parts together: a form of a hundred long answers has some fifty thousand."""
MAX_ATTRIBUTES = 2 * MAX_TAGS
MAX_XML = 16 * 2**20
"""Bytes, in all parts together: ten thousand printed pages."""

_SIGNATURES = (  # first bytes → why it is refused; everything else that is no ZIP is simply no document
    (b"%PDF", refusals.PDF),
    (b"{\\rtf", refusals.OTHER_FORMAT),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", refusals.OLD_WORD),  # MS-CFB: .doc, and every file locked with a password
)
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")  # MS-OFFCRYPTO 1.3.2
_WORD, _ODT = ".docx", ".odt"
_REFUSED_NAMES = MappingProxyType({".docm": refusals.MACROS, ".dotm": refusals.MACROS, ".doc": refusals.OLD_WORD})
_ODT_TYPE = "mimetype"  # the entry that only OpenDocument files have (ODF 1.3 part 2, 3.3)


def open_form(data: bytes, *, name: str) -> Source:
    """Read a form's file. Raises Refusal for everything but a safe .docx or .odt."""
    _check_start(data)
    parts = unpack(data, keep=_is_read)
    _check_amount(parts)
    if _ODT_TYPE in parts:
        opened = open_odt(parts)
        _check_name(name, _ODT)
        return odt_source(opened)
    document = open_docx(parts)
    _check_name(name, _WORD)
    return word_source(document)


def _check_start(data: bytes) -> None:
    if not data:
        raise Refusal(refusals.EMPTY)
    if data.startswith(b"PK\x03\x04"):
        return
    why = next((why for start, why in _SIGNATURES if data.startswith(start)), refusals.NOT_WORD)
    locked = why == refusals.OLD_WORD and _ENCRYPTED_STREAM in data
    raise Refusal(refusals.LOCKED if locked else why)


def _check_name(name: str, wanted: str) -> None:
    dot = name.rfind(".")
    ending = name[dot:].lower() if dot >= 0 else ""
    if ending != wanted:
        raise Refusal(_REFUSED_NAMES.get(ending, refusals.OTHER_FORMAT))


def _check_amount(parts: Mapping[str, bytes]) -> None:
    """Before parsing: an empty element or attribute takes thirty times its room in memory."""
    if (
        sum(map(len, parts.values())) > MAX_XML
        or sum(data.count(b"<") for data in parts.values()) > MAX_TAGS
        or sum(data.count(b"=") for data in parts.values()) > MAX_ATTRIBUTES
    ):
        raise Refusal(refusals.TOO_BIG)


def _is_read(name: str) -> bool:
    return name.lower().endswith((".xml", ".rels", ".rdf")) or name == _ODT_TYPE
