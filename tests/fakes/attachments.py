"""The files beside drafts, in memory: a content goes when nothing names it any more."""

from tests.fakes.tables import Tables, in_utc, insert, refer
from workflow.domain.attachments import Attachment
from workflow.domain.errors import NotFoundError


class FakeAttachments:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def of(self, submission_id: str) -> tuple[Attachment, ...]:
        found = (each for each in self._tables.attachments.values() if each.submission == submission_id)
        return tuple(sorted(found, key=lambda each: (each.added_at, each.id)))

    def add(self, attachment: Attachment, content: bytes) -> None:
        refer(self._tables.submissions, attachment.submission)
        self._tables.contents[attachment.submission, attachment.file.sha256] = content
        insert(self._tables.attachments, attachment.id, in_utc(attachment))

    def content(self, attachment: Attachment) -> bytes:
        key = attachment.submission, attachment.file.sha256
        if key not in self._tables.contents:
            raise NotFoundError(what=attachment.file.name)
        return self._tables.contents[key]

    def remove(self, attachment: Attachment) -> None:
        self._tables.attachments.pop(attachment.id, None)
        beside = {each.file.sha256 for each in self.of(attachment.submission)}
        editions = (each for key, each in self._tables.editions.items() if key[0] == attachment.submission)
        handed_in = {file.sha256 for each in editions for file in each.files}
        if attachment.file.sha256 not in beside | handed_in:
            self._tables.contents.pop((attachment.submission, attachment.file.sha256), None)
