"""Documents in a few bytes: enough to see that they were asked for."""

from collections.abc import Collection, Mapping
from datetime import datetime
from json import dumps
from typing import BinaryIO

from workflow.domain.attachments import AttachmentRefusedError, ending_of
from workflow.domain.bundles import Bundle
from workflow.domain.errors import FileRefusedError
from workflow.domain.forms import QuestionSet
from workflow.ports import EditionSheet, FormPicture, FormSheet, Packed, ReadForm


class FakeDocuments:
    def word_form(self, sheet: FormSheet) -> bytes:
        return f"form {sheet.round} {sheet.unit} {sorted(sheet.answers)}".encode()

    def read_word(self, data: bytes, *, name: str, questions: QuestionSet) -> ReadForm:
        """A form says `form ROUND UNIT …`; anything else is none."""
        words = data.decode(errors="replace").split(" ", maxsplit=3)
        if words[0] != "form":
            raise FileRefusedError(file=name, why="no form")
        return ReadForm(
            round=words[1],
            unit=words[2],
            form_id="",
            form_version="",
            answers=(),
        )

    def form_pictures(self, data: bytes, *, name: str, questions: QuestionSet) -> tuple[FormPicture, ...]:
        return ()

    def word_copy(self, sheet: EditionSheet) -> bytes:
        return f"copy {sheet.unit_name} {sheet.edition.number} {sheet.edition.sha256}".encode()

    def attachment_kind(self, data: bytes, *, name: str, kinds: Collection[str]) -> str:
        kind = ending_of(name)
        if kind not in kinds or not data:
            raise AttachmentRefusedError(file=name, why="")
        return kind

    def word_report(self, bundle: Bundle) -> bytes:
        return f"report {bundle.round} {bundle.edition}".encode()

    def json_report(self, bundle: Bundle) -> bytes:
        return repr(bundle).encode()

    def pack(self, out: BinaryIO, files: Mapping[str, Packed], *, at: datetime) -> None:
        out.write(dumps([at.isoformat(), sorted(files)]).encode())
