"""Documents in a few bytes: enough to see that they were asked for."""

from collections.abc import Mapping
from datetime import datetime
from json import dumps

from workflow.domain.bundles import Bundle
from workflow.domain.forms import QuestionSet
from workflow.domain.phrases import say
from workflow.ports import EditionSheet, FormSheet, ReadForm, Unread


class FakeDocuments:
    def word_form(self, sheet: FormSheet) -> bytes:
        return f"form {sheet.round} {sheet.unit} {sorted(sheet.answers)}".encode()

    def read_word(self, data: bytes, *, name: str, questions: QuestionSet) -> ReadForm:
        return ReadForm(
            round="",
            unit="",
            form_id="",
            form_version="",
            answers=(),
            unread=(Unread(text=data.decode(), where=say("utanför fälten")),),
        )

    def word_copy(self, sheet: EditionSheet) -> bytes:
        return f"copy {sheet.unit_name} {sheet.edition.number} {sheet.edition.sha256}".encode()

    def word_report(self, bundle: Bundle) -> bytes:
        return f"report {bundle.round} {bundle.edition}".encode()

    def json_report(self, bundle: Bundle) -> bytes:
        return repr(bundle).encode()

    def pack(self, files: Mapping[str, bytes], *, at: datetime) -> bytes:
        return dumps([at.isoformat(), sorted(files)]).encode()
