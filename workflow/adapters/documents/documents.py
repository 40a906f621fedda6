"""The door `Documents`: every kind of file that goes out to people or comes back from them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import BinaryIO
from zoneinfo import ZoneInfo

from workflow.adapters.documents.archive import pack
from workflow.adapters.documents.attached import attachment_kind
from workflow.adapters.documents.copy_writer import word_copy
from workflow.adapters.documents.form_copies import FormCopies
from workflow.adapters.documents.form_pictures import form_pictures
from workflow.adapters.documents.form_reader import read_word
from workflow.adapters.documents.report_json import json_report
from workflow.adapters.documents.report_word import word_report
from workflow.domain.bundles import Bundle
from workflow.domain.calendar import STOCKHOLM
from workflow.domain.forms import QuestionSet
from workflow.ports import EditionSheet, FormPicture, FormSheet, Packed, ReadForm


class OfficeDocuments:
    """Documents for Word and LibreOffice, in Swedish; dates in the report are those of `zone`."""

    def __init__(self, zone: ZoneInfo = STOCKHOLM) -> None:
        self._zone = zone
        self._forms = FormCopies()

    def word_form(self, sheet: FormSheet) -> bytes:
        return self._forms.word_form(sheet)

    def read_word(self, data: bytes, *, name: str, questions: QuestionSet) -> ReadForm:
        return read_word(data, name=name, questions=questions)

    def form_pictures(self, data: bytes, *, name: str, questions: QuestionSet) -> tuple[FormPicture, ...]:
        return form_pictures(data, name=name, questions=questions)

    def word_copy(self, sheet: EditionSheet) -> bytes:
        return word_copy(sheet)

    def attachment_kind(self, data: bytes, *, name: str, kinds: Collection[str]) -> str:
        return attachment_kind(data, name=name, kinds=kinds)

    def word_report(self, bundle: Bundle) -> bytes:
        return word_report(bundle, zone=self._zone)

    def json_report(self, bundle: Bundle) -> bytes:
        return json_report(bundle)

    def pack(self, out: BinaryIO, files: Mapping[str, Packed], *, at: datetime) -> None:
        pack(out, files, at=at)
