"""The document that goes with the receipt: all that was handed in, in the same bytes every time."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from docx import Document
from docx_plus.core.ns import qn
from openxml_audit.validator import OpenXmlValidator

from tests.adapters.documents.samples import FORM, QUESTIONS, TRICKY
from tests.builders import a_file, an_edition
from workflow.adapters.documents.documents import OfficeDocuments
from workflow.domain.errors import FileRefusedError
from workflow.domain.forms import Answer
from workflow.ports import EditionSheet

OFFICE = OfficeDocuments()
SHEET = EditionSheet(
    form_title=FORM.title,
    questions=QUESTIONS,
    round_title="Tertialrapport 1 2027",
    unit_name="Hägersten-Älvsjö stadsdelsnämnd",
    office="Samordnarna",
    edition=an_edition(
        number=2,
        received_at=datetime(2027, 5, 21, 9, tzinfo=UTC),
        files=(a_file(size=1_240_000),),
        answers={
            "samverkan_naringsliv": Answer(question="samverkan_naringsliv", text=f"Först.\n\n  {TRICKY}\nSist."),
            "vaxla_upp": Answer(question="vaxla_upp", not_applicable=True, na_reason="Vi deltar inte.\nÄn."),
        },
    ),
    received="fredag 21 maj 2027 kl. 11.00",
    late="2 arbetsdagar",
    diary_number="KS 2027/418",
)


def lines(sheet: EditionSheet = SHEET) -> list[str]:
    return [line.text for line in Document(BytesIO(OFFICE.word_copy(sheet))).paragraphs]


def test_it_says_whose_and_when() -> None:
    assert lines()[:8] == [
        "Inlämnat underlag, tertialrapport 1 2027",
        "Uppföljningsrapport näringsliv",
        "Nämnd eller bolag\tHägersten-Älvsjö stadsdelsnämnd",
        "Kom in\tfredag 21 maj 2027 kl. 11.00",
        "Försenat\t2 arbetsdagar",
        "Inlämning\t2",
        "Diarienummer\tKS 2027/418",
        "Lämnat till\tSamordnarna",
    ]


def test_every_question_stands_with_its_answer_as_it_was_written() -> None:
    said = lines()[8:]
    assert said == [
        "1. Stimulera tillväxt och företagsamhet",
        "1.2  Beskriv samverkan med det lokala näringslivet.",
        "Först.",
        f"  {TRICKY}",
        "Sist.",
        "1.3  Beskriv arbetet med ”Växla upp Stockholm”",
        "Ej aktuellt: Vi deltar inte.",
        "Än.",
        "3. Attraktivare miljöer",
        "3.1  Hur underlättas närvaron av kultur?",
        "Inget svar.",
        "3.2  Hur sker samarbetet?",
        "Inget svar.",
        "Bilagor",
        "Bilaga åtta.pdf (1,2 MB)",
        f"SHA-256 {a_file().sha256}",
        "Svarens fingeravtryck (SHA-256)",
        SHEET.edition.sha256,
    ]


def test_english_words_stand_round_swedish_questions() -> None:
    document = Document(BytesIO(OFFICE.word_copy(replace(SHEET, language="en", late="", diary_number=""))))
    said = [line.text for line in document.paragraphs]
    assert "Not applicable: Vi deltar inte." in said
    assert not any(line.startswith(("Late", "Registry")) for line in said)
    asked = next(line for line in document.paragraphs if line.text.startswith("1.2"))
    assert {mark.get(qn("w:val")) for mark in asked.paragraph_format.element.iter(qn("w:lang"))} == {"sv-SE"}


def test_the_same_edition_gives_the_same_bytes() -> None:
    assert OFFICE.word_copy(SHEET) == OFFICE.word_copy(replace(SHEET))
    assert OFFICE.word_copy(SHEET) != OFFICE.word_copy(replace(SHEET, edition=replace(SHEET.edition, number=3)))


@pytest.mark.parametrize("language", ["sv", "en"])
def test_it_follows_the_standard(language: str, tmp_path: Path) -> None:
    path = tmp_path / "copy.docx"
    path.write_bytes(OFFICE.word_copy(replace(SHEET, language=language)))
    assert OpenXmlValidator().validate(path).errors == []


def test_it_is_not_taken_for_a_filled_in_form() -> None:
    with pytest.raises(FileRefusedError):
        OFFICE.read_word(OFFICE.word_copy(SHEET), name="svar.docx", questions=QUESTIONS)
