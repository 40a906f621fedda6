"""Pictures in a filled-in form: found whole, each once, by the question they answer; never too many."""

import pytest
from docx_plus.core.ns import qn
from lxml import etree

from tests.adapters.documents.files import jpg, png
from tests.adapters.documents.office import control, edited, entries, paragraph, zipped
from tests.adapters.documents.samples import QUESTIONS, answers, sheet
from tests.adapters.documents.test_form import PICTURE
from tests.adapters.documents.test_odt import odt
from tests.adapters.documents.test_odt import paragraph as odt_paragraph
from tests.adapters.documents.test_odt import row as odt_row
from workflow.adapters.documents.documents import OfficeDocuments
from workflow.adapters.documents.form_pictures import MAX_PICTURES
from workflow.ports import FormPicture

OFFICE = OfficeDocuments()
RELS = "word/_rels/document.xml.rels"
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def drawing(id_: str) -> etree._Element:
    blip = f'<a:blip xmlns:r="{RELATED}" r:embed="{id_}"/>'
    return etree.fromstring(
        PICTURE.replace('drawingml/2006/picture"/>', f'drawingml/2006/picture">{blip}</a:graphicData>')
    )


def with_pictures(form: bytes, places: dict[str, str], parts: dict[str, bytes]) -> bytes:
    """`places`: relationship → the field it stands in ("" outside); `parts`: relationship → content."""

    def edit(root: etree._Element) -> None:
        for id_, tag in places.items():
            where = next(control(root, tag).iter(qn("w:r"))) if tag else paragraph("")
            where.append(drawing(id_))
            if not tag:
                root[0].append(where)

    files = entries(edited(form, edit))
    rows = "".join(f'<Relationship Id="{id_}" Type="{RELATED}/image" Target="media/{id_}.bin"/>' for id_ in parts)
    files[RELS] = files[RELS].replace(b"</Relationships>", rows.encode() + b"</Relationships>")
    return zipped(files | {f"word/media/{id_}.bin": content for id_, content in parts.items()})


def found(data: bytes, name: str = "svar.docx") -> list[tuple[str, str, str]]:
    return [(each.kind, each.question, each.about) for each in pictures(data, name) if not each.refused]


def refused(data: bytes) -> list[str]:
    return [str(each.refused) for each in pictures(data) if each.refused]


def pictures(data: bytes, name: str = "svar.docx") -> tuple[FormPicture, ...]:
    return OFFICE.form_pictures(data, name=name, questions=QUESTIONS)


FORM = OFFICE.word_form(sheet(answers(kultur="Se bilden.")))


def test_a_picture_is_found_by_the_question_it_answers() -> None:
    data = with_pictures(FORM, {"rId71": "kultur", "rId72": ""}, {"rId71": png(), "rId72": jpg()})
    assert found(data) == [("png", "3.1", "Karta över hamnen"), ("jpg", "", "Karta över hamnen")]
    assert [each.content for each in pictures(data)] == [png(), jpg()]


def test_of_an_odt_too() -> None:
    frame = "<draw:frame><draw:image xlink:href='./Pictures/1.png'/><svg:desc>Karta</svg:desc></draw:frame>"
    data = zipped(entries(odt(odt_row("3.1", "kultur", odt_paragraph(f"Svar.{frame}")))) | {"Pictures/1.png": png()})
    assert found(data, "svar.odt") == [("png", "3.1", "Karta")]


EMF = b"\x01\0\0\0" + bytes(36) + b" EMF" + bytes(40)
UNTAKEN = {
    EMF: "den är i formatet EMF",
    b"\xd7\xcd\xc6\x9a" + bytes(40): "den är i formatet WMF",
    b"GIF89a" + bytes(40): "den är i formatet GIF",
    b"II*\0" + bytes(40): "den är i formatet TIFF",
    b"BM" + bytes(40): "den är i formatet BMP",
    b"RIFF\0\0\0\0WEBPVP8 ": "den är i formatet WebP",
    b'<?xml version="1.0"?><!-- ritad --><svg xmlns="http://www.w3.org/2000/svg"/>': "den är i formatet SVG",
    png()[:-5]: "den är skadad",
    b"something": "den är skadad",
    png(60_000, 60_000): "den har för många bildpunkter",
    b"": "den finns inte med i filen",
}


@pytest.mark.parametrize(("content", "why"), UNTAKEN.items(), ids=UNTAKEN.values())
def test_what_cannot_be_attached_is_named_with_the_reason(content: bytes, why: str) -> None:
    data = with_pictures(FORM, {"rId71": "kultur"}, {"rId71": content})
    assert found(data) == []
    (said,) = refused(data)
    assert said.startswith(f"Bilden i svaret på fråga 3.1 kan inte bli en bilaga: {why}")
    assert said.endswith(("lägg till den under Bilagor.", "Lägg till den under Bilagor."))


def test_a_picture_that_is_not_in_the_file_and_a_chart_are_named_too() -> None:
    assert "den finns inte med i filen" in refused(with_pictures(FORM, {"rId79": "kultur"}, {}))[0]

    def draw(root: etree._Element) -> None:
        next(control(root, "kultur").iter(qn("w:r"))).append(etree.fromstring(PICTURE))

    assert "ett diagram eller en figur" in refused(edited(FORM, draw))[0]


def test_the_same_twice_is_once_and_there_are_not_too_many() -> None:
    parts = {f"rId{number}": png(1, number + 1) for number in range(100, 110 + MAX_PICTURES)}
    data = with_pictures(FORM, dict.fromkeys(parts, "kultur"), parts)
    assert len(found(data)) == MAX_PICTURES
    assert refused(data) == [
        "Bilden i svaret på fråga 3.1 kan inte bli en bilaga: filen har fler än 20 bilder. Lägg till den under Bilagor."
    ]
    twice = with_pictures(FORM, {"rId71": "kultur", "rId72": ""}, {"rId71": png(), "rId72": png()})
    assert len(pictures(twice)) == 1


def test_a_strange_file_has_none() -> None:
    for data in (b"", b"PK\x03\x04", b"%PDF-1.7", zipped({"a": b"b"})):
        assert pictures(data) == ()
