"""The words that the Word form itself says, in both languages; questions and headings are the form's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class FormWords:
    """`tag` is the language as BCP 47 has it. Sentences have named fields."""

    tag: str
    write_answer: str
    write_reason: str
    reason: str
    columns: tuple[str, str, str]
    how: str
    unit: str
    contact: str
    phone: str
    email: str
    due: str
    office: str
    table: str
    page: tuple[str, str]


WORDS: Mapping[str, FormWords] = MappingProxyType(
    {
        "sv": FormWords(
            tag="sv-SE",
            write_answer="Klicka här för att skriva svaret",
            write_reason="Klicka här för att skriva varför",
            reason="Ej aktuellt? Skriv varför: ",
            columns=("Nr", "Fråga", "Svar"),
            how=(
                "Klicka i fälten i kolumnen Svar och skriv. En ny rad börjar ett nytt stycke. Resten av dokumentet är "
                "låst. Spara det som Word-dokument (.docx)."
            ),
            unit="Nämnd eller bolag",
            contact="Kontaktperson",
            phone="Telefon",
            email="E-post",
            due="Lämnas senast",
            office="Lämnas till",
            table="Frågor inom fokusområde {number} med ett fält för svaret på varje rad.",
            page=("Sida", "av"),
        ),
        "en": FormWords(
            tag="en-GB",
            write_answer="Click here to write the answer",
            write_reason="Click here to write why",
            reason="Not applicable? Write why: ",
            columns=("No", "Question", "Answer"),
            how=(
                "Click in the fields of the column Answer and write. A new line begins a new paragraph. The rest of "
                "the document is locked. Save it as a Word document (.docx)."
            ),
            unit="Committee or company",
            contact="Contact person",
            phone="Telephone",
            email="E-mail",
            due="Due",
            office="Hand in to",
            table="Questions of focus area {number} with a field for the answer in each row.",
            page=("Page", "of"),
        ),
    },
)
