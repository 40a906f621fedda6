"""Attached documents that are ZIP files inside: of the right kind, without macros, embedded files or links outward."""

from collections.abc import Mapping
from types import MappingProxyType

from workflow.adapters.documents import refusals
from workflow.adapters.documents.guard import check_package
from workflow.adapters.documents.odt_guard import check_elements, check_parts
from workflow.adapters.documents.safe_xml import Refusal, elements
from workflow.adapters.documents.unpacking import unpack

MAX_TAGS = 1_000_000
"""In a table of 150,000 cells there are some 600,000."""

_OFFICE = "application/vnd.openxmlformats-officedocument."
_MAIN = MappingProxyType(
    {
        "docx": f"{_OFFICE}wordprocessingml.document.main+xml",
        "xlsx": f"{_OFFICE}spreadsheetml.sheet.main+xml",
        "pptx": f"{_OFFICE}presentationml.presentation.main+xml",
    }
)
_OPEN_DOCUMENT = MappingProxyType(
    {
        "odt": b"application/vnd.oasis.opendocument.text",
        "ods": b"application/vnd.oasis.opendocument.spreadsheet",
    }
)
_WALKED = ("content.xml", "styles.xml")
_LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # MS-CFB: with a password, or the format before 2007


def check_office(data: bytes, kind: str) -> None:
    """Raises Refusal."""
    if not data.startswith(b"PK\x03\x04"):
        raise Refusal(refusals.LOCKED if _is_locked(data) else refusals.OTHER_FORMAT)
    parts = unpack(data, keep=_is_read)
    if kind in _MAIN:
        _check_links(parts)
        check_package(parts, _MAIN[kind])
        return
    check_parts(parts, _OPEN_DOCUMENT[kind])
    for part in (parts[name] for name in _WALKED if name in parts):
        if part.count(b"<") > MAX_TAGS:
            raise Refusal(refusals.TOO_BIG)
        check_elements(elements(part))


def _is_locked(data: bytes) -> bool:
    return data.startswith(_LOCKED) and "EncryptedPackage".encode("utf-16-le") in data


def _is_read(name: str) -> bool:
    return name.endswith(".rels") or name in {"[Content_Types].xml", "mimetype", "META-INF/manifest.xml", *_WALKED}


def _check_links(parts: Mapping[str, bytes]) -> None:
    """Links to other workbooks and to programs (DDE) lie in parts of their own."""
    if any("/externallinks/" in name.lower() for name in parts):
        raise Refusal(refusals.EXTERNAL)
