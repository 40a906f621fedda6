"""The gathered report as a Word document: by focus area, question and unit, with a register of the units last."""

from zoneinfo import ZoneInfo

from docx.document import Document as WordDocument
from docx.shared import Mm, Pt
from docx.table import _Cell
from docx.text.paragraph import Paragraph
from docx_plus.bookmarks import add_bookmark
from docx_plus.core.oxml import el
from docx_plus.styles import modify_style

from workflow.adapters.documents.ids import BookmarkIds
from workflow.adapters.documents.report_words import (
    STATES,
    SWEDISH,
    asked,
    came_in,
    edition,
    no_answer,
    other_wordings,
    overview,
)
from workflow.adapters.documents.typography import calm, in_sentence
from workflow.adapters.documents.word import Card, Plan, add_table, as_bytes, cells, new_document, write
from workflow.domain.attachments import size_words
from workflow.domain.bundles import Bundle, BundleArea, BundleQuestion, Entry, UnitStatus
from workflow.domain.datewords import at_start, moment, period
from workflow.domain.submissions import State

_ENTRY_WIDTHS = (Mm(50), Mm(120))
_REGISTER_WIDTHS = (Mm(66), Mm(28), Mm(46), Mm(30))
_FILE_WIDTHS = (Mm(56), Mm(54), Mm(60))
_FINGERPRINT = 12  # hexadecimal digits: 48 bits tell editions apart; the whole stands in the manifest and the JSON
_DRAFT = "Utkast. Rapporten är inte fastställd. Svar kan saknas, kompletteras eller ändras."


def word_report(bundle: Bundle, *, zone: ZoneInfo) -> bytes:
    """Write the report as .docx; the same bundle gives the same bytes. Times are those of `zone`."""
    return as_bytes(_Report(bundle, zone).document, at=bundle.as_of)


class _Report:
    """The document as it grows, with what every part of it needs to know."""

    def __init__(self, bundle: Bundle, zone: ZoneInfo) -> None:
        self._bundle = bundle
        self._zone = zone
        self.document: WordDocument = new_document(_card(bundle, zone))
        self._bookmarks = BookmarkIds(self.document)
        modify_style(self.document, "Heading1", font_size=24.0, spacing_before=0)
        areas = [area for area in bundle.areas if area.questions]
        self._write_cover(areas)
        for area in areas:
            self._write_area(area)
        self._write_register()

    def _write_cover(self, areas: list[BundleArea]) -> None:
        bundle = self._bundle
        self._add(at_start(bundle.title), "Lead")
        self._add(calm(bundle.form_title), "Title")
        self._add(at_start(period(bundle.period_start, bundle.period_end, SWEDISH)), "Lead")
        self.document.paragraphs[-1].paragraph_format.space_after = Pt(18)
        if bundle.is_draft:
            self._add(_DRAFT, "Notice")
        for sentence in overview(bundle):
            self._add(sentence, "Normal")
        self._add("Innehåll", "Heading 2")
        for area in areas:
            self._add_link(f"{area.number}. {area.title}", _anchor(area))
        self._add_link("Nämnder och bolag", "register")

    def _write_area(self, area: BundleArea) -> None:
        self._begin_page(f"Fokusområde {area.number}")
        heading = self._add(area.title, "Heading 1")
        add_bookmark(heading, _anchor(area), id_registry=self._bookmarks)
        for question in area.questions:
            self._write_question(question)

    def _write_question(self, question: BundleQuestion) -> None:
        heading = write(self.document.add_paragraph(), f"{question.number}  ", "Heading 2", character="Quiet")
        heading.add_run(question.label or question.text)
        if question.label:
            self._add(question.text, "Normal").paragraph_format.keep_with_next = True
        for words in (asked(question), *other_wordings(question)):
            self._add(words, "Meta").paragraph_format.keep_with_next = True
        self._add("", "Meta")
        plan = Plan(
            columns=("Nämnd eller bolag", "Svar"),
            widths=_ENTRY_WIDTHS,
            title=f"Svar på fråga {question.number}",
            description="En rad för varje nämnd eller bolag som fick frågan, i bokstavsordning.",
        )
        for row, entry in zip(add_table(self.document, plan, len(question.entries)), question.entries, strict=True):
            unit, answer = cells(row, _ENTRY_WIDTHS)
            self._write_unit(unit, entry.status)
            self._write_answer(answer, entry)

    def _write_unit(self, cell: _Cell, status: UnitStatus) -> None:
        write(cell.paragraphs[0], status.name, "Heading 3")
        plain, loud = came_in(status, self._bundle, self._zone)
        for words, character in ((plain, None), (loud, "Late")):
            if words:
                write(cell.add_paragraph(), words, "Meta", character=character)

    def _write_answer(self, cell: _Cell, entry: Entry) -> None:
        first = cell.paragraphs[0]
        answer = entry.answer
        if answer is None or not answer.is_complete:
            loud, plain = no_answer(entry, self._bundle, self._zone)
            write(first, loud, "Answer", character="Late").add_run(plain)
        elif answer.not_applicable:
            write(first, "Ej aktuellt: ", "Answer", character="Mark").add_run(answer.na_reason.strip())
        else:
            write(first, answer.paragraphs[0], "Answer")
            for text in answer.paragraphs[1:]:
                write(cell.add_paragraph(), text, "Answer")

    def _write_register(self) -> None:
        self._begin_page("Förteckning")
        add_bookmark(self._add("Nämnder och bolag", "Heading 1"), "register", id_registry=self._bookmarks)
        self._add("Fingeravtrycket är de första tecknen i SHA-256 för det inlämnade underlaget.", "Normal")
        plan = Plan(
            columns=("Nämnd eller bolag", "Läge", "Kom in", "Fingeravtryck"),
            widths=_REGISTER_WIDTHS,
            title="Nämnder och bolag i omgången",
            description="En rad för varje nämnd eller bolag: läge, när underlaget kom in och dess fingeravtryck.",
        )
        units = self._bundle.units
        for row, status in zip(add_table(self.document, plan, len(units)), units, strict=True):
            for cell, words in zip(cells(row, _REGISTER_WIDTHS), self._register_row(status), strict=True):
                write(cell.paragraphs[0], words, "Cell")
        if self._bundle.with_files:
            self._write_attachments()

    def _write_attachments(self) -> None:
        self._add("Bilagor", "Heading 2")
        self._add("Filerna ligger i paketet (ZIP) som rapporten hör till, under de namn som står här.", "Normal")
        plan = Plan(
            columns=("Nämnd eller bolag", "Bilaga", "Fil i paketet"),
            widths=_FILE_WIDTHS,
            title="Bilagor till underlagen",
            description="En rad för varje bilaga: vems den är, vad den heter och var den ligger.",
        )
        files = [(unit.name, each) for unit in self._bundle.with_files for each in unit.files]
        for row, (unit, file) in zip(add_table(self.document, plan, len(files)), files, strict=True):
            words = (unit, f"{file.name} ({size_words(file.size, SWEDISH)})", file.path)
            for cell, said in zip(cells(row, _FILE_WIDTHS), words, strict=True):
                write(cell.paragraphs[0], said, "Cell")

    def _register_row(self, status: UnitStatus) -> tuple[str, str, str, str]:
        diary = f", {status.diary_number}" if status.diary_number else ""
        version = f", version {status.edition}" if status.edition > 1 else ""
        received = moment(status.received_at, SWEDISH, self._zone) if status.received_at and status.edition else "–"
        return status.name + diary, STATES[State(status.state)] + version, received, status.sha256[:_FINGERPRINT] or "–"

    def _begin_page(self, words: str) -> None:
        lead = self._add(words, "Lead").paragraph_format
        lead.page_break_before = lead.keep_with_next = True

    def _add(self, text: str, style: str) -> Paragraph:
        return write(self.document.add_paragraph(), text, style)

    def _add_link(self, text: str, anchor: str) -> None:
        paragraph = self._add(text, "Normal")
        line = paragraph.paragraph_format.element
        link = el("w:hyperlink", **{"w:anchor": anchor, "w:history": "1"})
        link.extend(line.r_lst)
        line.append(link)


def _anchor(area: BundleArea) -> str:
    return f"fokusomrade_{area.number}"


def _card(bundle: Bundle, zone: ZoneInfo) -> Card:
    title = f"{calm(bundle.form_title)}, {in_sentence(bundle.title)}"
    return Card(
        title=title,
        subject=period(bundle.period_start, bundle.period_end, SWEDISH),
        author="Tertial",
        left=title,
        right="Utkast" if bundle.is_draft else f"Utgåva {bundle.edition}",
        foot=edition(bundle, zone),
        at=bundle.as_of,
    )
