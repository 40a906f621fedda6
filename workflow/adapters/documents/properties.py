"""Custom document properties: what a Word file knows about itself and every office program keeps."""

from collections.abc import Mapping

from docx.document import Document as WordDocument
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from lxml import etree

PART = "docProps/custom.xml"
_PROPERTIES = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
_TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
_SET = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"  # user-defined properties, MS-OLEPS 3.1.2
_FIRST_ID = 2  # 0 and 1 are reserved there


def add_custom_properties(document: WordDocument, values: Mapping[str, str]) -> None:
    """Give the document these text properties (it must have none before)."""
    root = etree.Element(f"{{{_PROPERTIES}}}Properties", nsmap={"op": _PROPERTIES, "vt": _TYPES})
    for number, (name, value) in enumerate(values.items(), start=_FIRST_ID):
        row = etree.SubElement(root, f"{{{_PROPERTIES}}}property", fmtid=_SET, pid=str(number), name=name)
        etree.SubElement(row, f"{{{_TYPES}}}lpwstr").text = value
    data = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    package = document.part.package
    part = Part(PackURI(f"/{PART}"), CONTENT_TYPE.OFC_CUSTOM_PROPERTIES, data, package)
    package.relate_to(part, RELATIONSHIP_TYPE.CUSTOM_PROPERTIES)


def custom_properties(root: etree._Element) -> dict[str, str]:
    """Read the text properties of a parsed custom.xml."""
    return {
        row.get("name", ""): "".join(text for text in row.itertext() if isinstance(text, str))
        for row in root.iterfind(f"{{{_PROPERTIES}}}property")
    }
