"""The words of the document that goes with a receipt, in both languages; questions and headings are the form's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyWords:
    """`tag` is the language as BCP 47 has it; `page` are the words round a page's number."""

    tag: str
    lead: str
    unit: str
    received: str
    late: str
    edition: str
    diary_number: str
    office: str
    not_applicable: str
    no_answer: str
    files: str
    fingerprint: str
    page: tuple[str, str]


WORDS: Mapping[str, CopyWords] = MappingProxyType(
    {
        "sv": CopyWords(
            tag="sv-SE",
            lead="Inlämnat underlag",
            unit="Nämnd eller bolag",
            received="Kom in",
            late="Försenat",
            edition="Inlämning",
            diary_number="Diarienummer",
            office="Lämnat till",
            not_applicable="Ej aktuellt: ",
            no_answer="Inget svar.",
            files="Bilagor",
            fingerprint="Svarens fingeravtryck (SHA-256)",
            page=("Sida", "av"),
        ),
        "en": CopyWords(
            tag="en-GB",
            lead="Report as submitted",
            unit="Committee or company",
            received="Came in",
            late="Late",
            edition="Submission",
            diary_number="Registry no.",
            office="Submitted to",
            not_applicable="Not applicable: ",
            no_answer="No answer.",
            files="Attachments",
            fingerprint="Fingerprint of the answers (SHA-256)",
            page=("Page", "of"),
        ),
    },
)
