"""Opens an uploaded .docx only when it is one and safe: its first bytes, its table of contents, then its parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from posixpath import normpath
from re import compile as pattern
from types import MappingProxyType

from lxml import etree

from workflow.adapters.documents import refusals
from workflow.adapters.documents.safe_xml import Refusal, parse
from workflow.adapters.documents.unpacking import unpack
from workflow.domain.errors import FileRefusedError

_SIGNATURES = (  # first bytes → why it is refused; everything else that is no ZIP is simply no Word document
    (b"%PDF", refusals.PDF),
    (b"{\\rtf", refusals.OTHER_FORMAT),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", refusals.OLD_WORD),  # MS-CFB: .doc, and every file locked with a password
)
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")  # MS-OFFCRYPTO 1.3.2

_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_OFFICE_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
_TYPES_PART = "[Content_Types].xml"
_RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_TYPE_TAGS = "{http://schemas.openxmlformats.org/package/2006/content-types}"

MAX_TAGS = 1_000_000
"""In all parts together: a form of a hundred long answers has some fifty thousand."""

_MACRO = pattern(r"(?i)vbaProject|vbaData|macroEnabled")
_ACTIVE_NAME = pattern(r"(?i)(^|/)(embeddings|activeX)/")
_ACTIVE_TYPE = pattern(r"(?i)oleObject|activeX|/(package|control|aFChunk|subDocument)$")
_EXTENSIONS = MappingProxyType(
    {".docx": "", ".docm": refusals.MACROS, ".dotm": refusals.MACROS, ".doc": refusals.OLD_WORD},
)


@dataclass(frozen=True, slots=True)
class OpenedDocx:
    """The parts of a .docx that passed: bytes by name, and the name of the main part."""

    parts: Mapping[str, bytes]
    main: str

    def tree(self, name: str) -> etree._Element | None:
        """Give the root of a part, or nothing when there is no such part."""
        return parse(self.parts[name]) if name in self.parts else None


def open_docx(data: bytes, *, name: str) -> OpenedDocx:
    """Open the .docx called `name`. Raises FileRefusedError (file, why) for everything else (OWASP ASVS 5.2, 5.3)."""
    try:
        _check_start(data)
        opened = _open(unpack(data))
        _check_name(name)
    except Refusal as refusal:
        raise FileRefusedError(file=name, why=str(refusal)) from refusal
    return opened


def _check_start(data: bytes) -> None:
    if not data:
        raise Refusal(refusals.EMPTY)
    if data.startswith(b"PK\x03\x04"):
        return
    why = next((why for start, why in _SIGNATURES if data.startswith(start)), refusals.NOT_WORD)
    locked = why == refusals.OLD_WORD and _ENCRYPTED_STREAM in data
    raise Refusal(refusals.LOCKED if locked else why)


def _check_name(name: str) -> None:
    dot = name.rfind(".")
    why = _EXTENSIONS.get(name[dot:].lower() if dot >= 0 else "", refusals.OTHER_FORMAT)
    if why:
        raise Refusal(why)


def _open(parts: Mapping[str, bytes]) -> OpenedDocx:
    if _TYPES_PART not in parts:
        raise Refusal(refusals.NOT_WORD)
    if sum(data.count(b"<") for name, data in parts.items() if _is_xml(name)) > MAX_TAGS:
        raise Refusal(refusals.TOO_BIG)  # before parsing: an empty element takes thirty times its room in memory
    types = parse(parts[_TYPES_PART])
    _check_active(parts, types)
    relationships = {name: parse(data) for name, data in parts.items() if name.lower().endswith(".rels")}
    for root in relationships.values():
        _check_relationships(root)
    main = _main_part(relationships.get("_rels/.rels"))
    if main not in parts or _content_type(types, main) != _MAIN:
        raise Refusal(refusals.OTHER_FORMAT if main else refusals.NOT_WORD)
    for name, data in parts.items():
        if name.lower().endswith(".xml"):
            parse(data)
    return OpenedDocx(parts, main)


def _is_xml(name: str) -> bool:
    return name.lower().endswith((".xml", ".rels"))


def _check_active(parts: Mapping[str, bytes], types: etree._Element) -> None:
    named = " ".join((*parts, *(row.get("ContentType", "") for row in types)))
    if _MACRO.search(named):
        raise Refusal(refusals.MACROS)
    if any(_ACTIVE_NAME.search(name) for name in parts):
        raise Refusal(refusals.EMBEDDED)


def _check_relationships(root: etree._Element) -> None:
    for row in root.iter(_RELATIONSHIP):
        kind = row.get("Type", "")
        if _MACRO.search(kind):
            raise Refusal(refusals.MACROS)
        if _ACTIVE_TYPE.search(kind):
            raise Refusal(refusals.EMBEDDED)
        if row.get("TargetMode", "").lower() == "external" and not kind.endswith("/hyperlink"):
            raise Refusal(refusals.EXTERNAL)


def _main_part(root: etree._Element | None) -> str:
    rows = () if root is None else root.iter(_RELATIONSHIP)
    target = next((row.get("Target", "") for row in rows if row.get("Type") == _OFFICE_DOCUMENT), "")
    return normpath(target.lstrip("/")) if target else ""


def _content_type(types: etree._Element, name: str) -> str:
    for row in types.iter(f"{_TYPE_TAGS}Override"):
        if row.get("PartName", "").lstrip("/") == name:
            return row.get("ContentType", "")
    return ""
