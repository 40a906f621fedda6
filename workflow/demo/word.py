"""A person who fills in the Word form: types into its fields and saves, as Word would."""

from collections.abc import Mapping
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DOCUMENT = "word/document.xml"
SPACE = "{http://www.w3.org/XML/1998/namespace}space"


def type_into(form: bytes, texts: Mapping[str, str]) -> bytes:
    """The file with `texts` (field → text, a line a paragraph) typed into its fields. Raises KeyError for no field."""
    with ZipFile(BytesIO(form)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    document = etree.fromstring(files[DOCUMENT], etree.XMLParser(resolve_entities=False, no_network=True))
    fields = {_tag(control): control for control in document.iter(f"{W}sdt")}
    for tag, text in texts.items():
        _type(fields[tag], text)
    files[DOCUMENT] = etree.tostring(document, xml_declaration=True, encoding="UTF-8", standalone=True)
    saved = BytesIO()
    with ZipFile(saved, "w", ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return saved.getvalue()


def _tag(control: etree._Element) -> str:
    found = control.find(f"{W}sdtPr/{W}tag")
    return "" if found is None else found.get(f"{W}val", "")


def _type(control: etree._Element, text: str) -> None:
    invitation = control.find(f"{W}sdtPr/{W}showingPlcHdr")
    if invitation is not None and (properties := invitation.getparent()) is not None:
        properties.remove(invitation)
    content = control.find(f"{W}sdtContent")
    if content is None:
        raise KeyError(_tag(control))
    content[:] = [_paragraph(line) for line in text.split("\n")]


def _paragraph(line: str) -> etree._Element:
    paragraph = etree.Element(f"{W}p")
    words = etree.SubElement(etree.SubElement(paragraph, f"{W}r"), f"{W}t")
    words.set(SPACE, "preserve")
    words.text = line
    return paragraph
