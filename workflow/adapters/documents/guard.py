"""Opens an uploaded .docx only when it is one and safe: its table of contents, then its parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from posixpath import normpath
from re import compile as pattern

from lxml import etree

from workflow.adapters.documents import refusals
from workflow.adapters.documents.safe_xml import Refusal, parse

_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_OFFICE_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
_TYPES_PART = "[Content_Types].xml"
RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_TYPE_TAGS = "{http://schemas.openxmlformats.org/package/2006/content-types}"

_MACRO = pattern(r"(?i)vbaProject|vbaData|macroEnabled")
_ACTIVE_NAME = pattern(r"(?i)(^|/)(embeddings|activeX)/")
_ACTIVE_TYPE = pattern(r"(?i)oleObject|activeX|/(package|control|aFChunk|subDocument)$")


@dataclass(frozen=True, slots=True)
class OpenedDocx:
    """The parts of a .docx that passed: bytes by name, and the name of the main part."""

    parts: Mapping[str, bytes]
    main: str

    def tree(self, name: str) -> etree._Element | None:
        """Give the root of a part, or nothing when there is no such part."""
        return parse(self.parts[name]) if name in self.parts else None


def open_docx(parts: Mapping[str, bytes]) -> OpenedDocx:
    """Open an unpacked .docx. Raises Refusal for everything else (OWASP ASVS 5.2, 5.3)."""
    main = check_package(parts, _MAIN)
    for name, data in parts.items():
        if name.lower().endswith(".xml"):
            parse(data)
    return OpenedDocx(parts, main)


def check_package(parts: Mapping[str, bytes], content_type: str) -> str:
    """Give the name of the main part of an unpacked OOXML file; its table of contents and relationships are enough.

    Raises Refusal where it is of another type, and for macros, embedded files and what is fetched.
    """
    if _TYPES_PART not in parts:
        raise Refusal(refusals.NOT_WORD)
    types = parse(parts[_TYPES_PART])
    _check_active(parts, types)
    relationships = {name: parse(data) for name, data in parts.items() if name.lower().endswith(".rels")}
    for root in relationships.values():
        _check_relationships(root)
    main = _main_part(relationships.get("_rels/.rels"))
    if main not in parts or _content_type(types, main) != content_type:
        raise Refusal(refusals.OTHER_FORMAT if main else refusals.NOT_WORD)
    return main


def _check_active(parts: Mapping[str, bytes], types: etree._Element) -> None:
    named = " ".join((*parts, *(row.get("ContentType", "") for row in types)))
    if _MACRO.search(named):
        raise Refusal(refusals.MACROS)
    if any(_ACTIVE_NAME.search(name) for name in parts):
        raise Refusal(refusals.EMBEDDED)


def _check_relationships(root: etree._Element) -> None:
    for row in root.iter(RELATIONSHIP):
        kind = row.get("Type", "")
        if _MACRO.search(kind):
            raise Refusal(refusals.MACROS)
        if _ACTIVE_TYPE.search(kind):
            raise Refusal(refusals.EMBEDDED)
        if row.get("TargetMode", "").lower() == "external" and not kind.endswith("/hyperlink"):
            raise Refusal(refusals.EXTERNAL)


def _main_part(root: etree._Element | None) -> str:
    rows = () if root is None else root.iter(RELATIONSHIP)
    target = next((row.get("Target", "") for row in rows if row.get("Type") == _OFFICE_DOCUMENT), "")
    return normpath(target.lstrip("/")) if target else ""


def _content_type(types: etree._Element, name: str) -> str:
    for row in types.iter(f"{_TYPE_TAGS}Override"):
        if row.get("PartName", "").lstrip("/") == name:
            return row.get("ContentType", "")
    return ""
