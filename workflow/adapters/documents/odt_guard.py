"""Opens an uploaded .odt only when it is one and safe: no scripts, nothing embedded, nothing fetched from elsewhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from re import compile as pattern

from lxml import etree

from workflow.adapters.documents import refusals
from workflow.adapters.documents.odt_names import DRAW, MANIFEST, OFFICE, SCRIPT, TEXT, XLINK
from workflow.adapters.documents.safe_xml import Refusal, parse

MIMETYPE = b"application/vnd.oasis.opendocument.text"

_MANIFEST, _CONTENT, _STYLES, _META = "META-INF/manifest.xml", "content.xml", "styles.xml", "meta.xml"
_SCRIPTS = pattern(r"(?i)^(Basic|Scripts|Dialogs)/")
_EMBEDDED = pattern(r"(?i)^(Object \d|ObjectReplacements/|Obj\w*/|Databases/)")
_LINKS = frozenset({f"{TEXT}a", f"{DRAW}a"})
_FETCHING = frozenset({f"{OFFICE}dde-source", f"{TEXT}dde-connection-decl", f"{TEXT}section-source"})
_OBJECTS = frozenset(f"{DRAW}{name}" for name in ("object", "object-ole", "applet", "plugin", "floating-frame"))
_INSIDE = pattern(r"(\./)?[\w-][\w .-]*(/[\w-][\w .-]*)*")


@dataclass(frozen=True, slots=True)
class OpenedOdt:
    """The trees of an .odt that passed."""

    content: etree._Element
    styles: etree._Element | None
    meta: etree._Element | None


def open_odt(parts: Mapping[str, bytes]) -> OpenedOdt:
    """Open an unpacked .odt. Raises Refusal (OWASP ASVS 5.2, 5.3)."""
    check_parts(parts, MIMETYPE)
    trees = {name: parse(data) for name, data in parts.items() if name.lower().endswith((".xml", ".rdf"))}
    for name in (_CONTENT, _STYLES):
        if name in trees:
            check_elements(trees[name].iter(etree.Element))
    return OpenedOdt(trees[_CONTENT], trees.get(_STYLES), trees.get(_META))


def check_parts(parts: Mapping[str, bytes], mimetype: bytes) -> None:
    """The table of contents of an unpacked OpenDocument file of this type. Raises Refusal."""
    if parts.get("mimetype", b"").strip() != mimetype:
        raise Refusal(refusals.OTHER_FORMAT)
    if _MANIFEST not in parts or _CONTENT not in parts:
        raise Refusal(refusals.DAMAGED)
    _check_manifest(parse(parts[_MANIFEST]))
    if any(_SCRIPTS.search(name) for name in parts):
        raise Refusal(refusals.MACROS)
    if any(_EMBEDDED.search(name) for name in parts):
        raise Refusal(refusals.EMBEDDED)


def _check_manifest(root: etree._Element) -> None:
    if next(root.iter(f"{MANIFEST}encryption-data"), None) is not None:
        raise Refusal(refusals.LOCKED)


def check_elements(elements: Iterable[etree._Element]) -> None:
    """Raises Refusal for scripts, objects, and what is fetched from elsewhere."""
    for element in elements:
        if element.tag in {f"{OFFICE}script", f"{SCRIPT}event-listener"}:
            raise Refusal(refusals.MACROS)
        if element.tag in _FETCHING:
            raise Refusal(refusals.EXTERNAL)
        if element.tag in _OBJECTS:
            raise Refusal(refusals.EMBEDDED)
        target = element.get(f"{XLINK}href")
        if target and element.tag not in _LINKS and _INSIDE.fullmatch(target) is None and not target.startswith("#"):
            raise Refusal(refusals.EXTERNAL)
