"""The gathered report: what it says, word for word, and that it is the same every time."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from json import dumps, loads
from pathlib import Path

import pytest
from docx import Document
from docx.document import Document as WordDocument
from docx_plus.core.ns import qn
from openxml_audit.validator import OpenXmlValidator

from tests.adapters.documents.samples import TRICKY, bundle
from workflow.adapters.documents.documents import OfficeDocuments
from workflow.domain.bundles import BundleFile

OFFICE = OfficeDocuments()


def report(edition: int = 0) -> WordDocument:
    return Document(BytesIO(OFFICE.word_report(bundle(edition=edition))))


def words(document: WordDocument) -> str:
    return "\n".join(line.text for line in document.paragraphs)


def rows(document: WordDocument, table: int) -> Iterator[list[list[str]]]:
    for row in document.tables[table].rows:
        yield [[line.text for line in cell.paragraphs] for cell in row.cells]


def test_the_cover_says_how_it_stands() -> None:
    text = words(report())
    assert "Uppföljningsrapport näringsliv" in text
    assert "Tertialrapport 1 2027" in text
    assert "1 januari–30 april 2027" in text
    assert "5 nämnder och bolag ingår. 3 har lämnat in, 1 har inte lämnat in och 1 är undantagen." in text
    assert "Har inte lämnat in: Farsta stadsdelsnämnd." in text
    assert "Kom in efter sista dag: Enskede-Årsta-Vantörs stadsdelsnämnd (2 arbetsdagar)." in text
    assert "Undantagna från omgången: Valnämnden." in text


def test_only_a_draft_is_called_one() -> None:
    assert "Utkast. Rapporten är inte fastställd." in words(report())
    assert "Utkast" not in words(report(edition=1))
    assert report(edition=2).sections[0].header.paragraphs[0].text.endswith("\tUtgåva 2")


def test_units_stand_under_their_question() -> None:
    document = report()
    text = words(document)
    assert "1.2  Samverkan\nBeskriv samverkan med det lokala näringslivet." in text
    assert (
        "5 fick frågan. 2 har svarat, 1 anger ej aktuellt, 1 har inte lämnat in och 1 är undantagen. "
        "1 svar kom in efter sista dag."
    ) in text
    assert "Bolag fick frågan så här: Beskriv bolagets samverkan." in text
    assert list(rows(document, 0)) == [
        [["Nämnd eller bolag"], ["Svar"]],
        [["Bromma stadsdelsnämnd", "Kom in måndag 10 maj"], ["Första stycket.", TRICKY, "Tredje."]],
        [
            ["Enskede-Årsta-Vantörs stadsdelsnämnd", "Fredag 21 maj", "Kom in 2 arbetsdagar efter sista dag"],
            ["Kom sent."],
        ],
        [
            ["Farsta stadsdelsnämnd", "Saknas"],
            ["Har inte lämnat in. Sista dag var onsdag 19 maj 2027 kl. 16.00."],
        ],
        [["Stockholms Hamn AB", "Kom in måndag 10 maj"], ["Ej aktuellt: Bolaget har inga platser."]],
        [["Valnämnden", "Undantagen"], ["Undantagen från omgången."]],
    ]


def test_the_register_ends_it() -> None:
    assert list(rows(report(), 1))[1:] == [
        [
            ["Bromma stadsdelsnämnd, KS 2027/418"],
            ["Godkänd"],
            ["måndag 10 maj 2027 kl. 11.32"],
            ["0123456789ab"],
        ],
        [
            ["Enskede-Årsta-Vantörs stadsdelsnämnd"],
            ["Godkänd, version 2"],
            ["fredag 21 maj 2027 kl. 11.00"],
            ["0123456789ab"],
        ],
        [["Farsta stadsdelsnämnd"], ["Utkast"], ["–"], ["–"]],
        [["Stockholms Hamn AB, KS 2027/418"], ["Godkänd"], ["måndag 10 maj 2027 kl. 11.32"], ["0123456789ab"]],
        [["Valnämnden"], ["Undantagen"], ["–"], ["–"]],
    ]


def test_it_can_be_found_ones_way_in() -> None:
    document = report()
    styles = [line.style.name for line in document.paragraphs if line.style is not None]
    assert styles.count("Heading 1") == 2  # the area with questions, the register
    assert styles.count("Heading 2") == 2  # contents, the question
    names = {mark.get(qn("w:name")) for mark in document.element.iter(qn("w:bookmarkStart"))}
    links = {link.get(qn("w:anchor")) for link in document.element.iter(qn("w:hyperlink"))}
    assert links == names == {"fokusomrade_1", "register"}
    for table in document.element.iter(qn("w:tbl")):
        assert table.find(f"{qn('w:tr')}/{qn('w:trPr')}/{qn('w:tblHeader')}") is not None
    assert document.core_properties.title == "Uppföljningsrapport näringsliv, tertialrapport 1 2027"
    assert document.core_properties.language == "sv-SE"
    assert "NUMPAGES" in "".join(document.sections[0].footer.paragraphs[0].paragraph_format.element.itertext())


@pytest.mark.parametrize("edition", [0, 1])
def test_the_same_bundle_gives_the_same_bytes(edition: int) -> None:
    assert OFFICE.word_report(bundle(edition=edition)) == OFFICE.word_report(bundle(edition=edition))
    assert OFFICE.json_report(bundle(edition=edition)) == OFFICE.json_report(bundle(edition=edition))


def test_other_words_give_other_bytes() -> None:
    assert OFFICE.word_report(bundle()) != OFFICE.word_report(bundle(extra="Annat."))
    assert OFFICE.json_report(bundle()) != OFFICE.json_report(bundle(extra="Annat."))


def test_the_report_follows_the_standard(tmp_path: Path) -> None:
    path = tmp_path / "report.docx"
    path.write_bytes(OFFICE.word_report(bundle()))
    assert OpenXmlValidator().validate(path).errors == []


def test_json_holds_everything() -> None:
    data = OFFICE.json_report(bundle(edition=3))
    content = loads(data)
    assert content["schema"] == "urn:tertial:bundle:1"
    assert content["draft"] is False
    assert content["bundle"]["edition"] == 3
    assert content["bundle"]["as_of"] == "2027-06-11T14:00:00Z"
    assert content["bundle"]["period_end"] == "2027-04-30"
    entries = content["bundle"]["areas"][0]["questions"][0]["entries"]
    assert entries[0]["answer"]["text"] == f"Första stycket.\n\n{TRICKY}\nTredje."
    assert entries[2]["answer"] is None
    assert entries[3]["answer"]["not_applicable"] is True
    assert entries[1]["status"]["late_days"] == 2
    assert [unit["unit"] for unit in content["bundle"]["units"]] == ["bromma", "enskede", "farsta", "hamn", "val"]
    assert data == (dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def test_attachments_stand_last_with_their_place_in_the_package(tmp_path: Path) -> None:
    file = BundleFile(name="Årsrapport.pdf", path="bilagor/bromma/01-arsrapport.pdf", kind="pdf", sha256="0", size=1200)
    units = tuple(replace(unit, files=(file,)) if unit.unit == "bromma" else unit for unit in bundle().units)
    with_one = OFFICE.word_report(replace(bundle(), units=units))
    document = Document(BytesIO(with_one))
    assert list(rows(document, 2))[1:] == [
        [["Bromma stadsdelsnämnd"], ["Årsrapport.pdf (1 kB)"], ["bilagor/bromma/01-arsrapport.pdf"]]
    ]
    assert "Bilagor" not in words(report())
    path = tmp_path / "report.docx"
    path.write_bytes(with_one)
    assert OpenXmlValidator().validate(path).errors == []
