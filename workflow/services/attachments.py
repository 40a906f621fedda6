"""Files beside the draft: added, taken away, read again; and those that came in, each one transaction."""

from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from workflow.domain.attachments import AttachedFile, Attachment, Limits, free_name, safe_name
from workflow.domain.errors import NotFoundError
from workflow.domain.submissions import Submission
from workflow.ports import Database, Documents, Secrets, Work
from workflow.services.submissions import answerable, note_written


def add_file(
    db: Database,
    submission_id: str,
    name: str,
    data: bytes,
    *,
    limits: Limits,
    documents: Documents,
    secrets: Secrets,
    by: str,
    now: datetime,
) -> Attachment:
    """Let a file go with the answers from now on. The same file under the same name again changes nothing.

    Also where only chosen questions came back: a file answers a question as often as a sentence does.
    Raises KindNotAllowedError, AttachmentRefusedError, FileTooLargeError, FilesTooLargeError, TooManyFilesError,
    MoveRefusedError, RoundNotAnswerableError.
    """
    file = checked(name, data, limits=limits, documents=documents)
    with db.begin() as work:
        answerable(work, submission_id)
        beside = work.attachments.of(submission_id)
        twin = next((each for each in beside if each.file == file), None)
        return twin or put_beside(work, submission_id, file, data, limits=limits, secrets=secrets, by=by, now=now)


def checked(name: str, data: bytes, *, limits: Limits, documents: Documents) -> AttachedFile:
    """The file as it would be listed, when its kind, content and own size are allowed.

    Raises KindNotAllowedError, AttachmentRefusedError, FileTooLargeError, TooManyFilesError.
    """
    shown = safe_name(name, "").removesuffix(".")
    file = AttachedFile(name=shown, kind="", sha256=sha256(data).hexdigest(), size=len(data))
    limits.check(file, ())
    kind = documents.attachment_kind(data, name=shown, kinds=limits.kinds)
    return replace(file, name=safe_name(name, kind), kind=kind)


def put_beside(
    work: Work,
    submission_id: str,
    file: AttachedFile,
    data: bytes,
    *,
    limits: Limits,
    secrets: Secrets,
    by: str,
    now: datetime,
) -> Attachment:
    """Keep a file that has been checked, under a name of its own.

    Raises FilesTooLargeError, TooManyFilesError, MoveRefusedError, RoundNotAnswerableError.
    """
    submission, _ = answerable(work, submission_id)
    files = [each.file for each in work.attachments.of(submission_id)]
    limits.check(file, files)
    named = replace(file, name=free_name(file.name, [each.name for each in files]))
    added = Attachment(id=secrets.new_id(), submission=submission_id, file=named, added_by=by, added_at=now)
    _write(work, submission, by=by, now=now)
    work.attachments.add(added, data)
    return added


def remove_file(db: Database, submission_id: str, attachment_id: str, *, by: str, now: datetime) -> None:
    """Take a file away; one that is gone already stays gone. What has come in with an edition stays there.

    Raises MoveRefusedError, RoundNotAnswerableError.
    """
    with db.begin() as work:
        submission, _ = answerable(work, submission_id)
        found = next((each for each in work.attachments.of(submission_id) if each.id == attachment_id), None)
        if found is None:
            return
        _write(work, submission, by=by, now=now)
        work.attachments.remove(found)


def draft_file(db: Database, submission_id: str, attachment_id: str) -> tuple[AttachedFile, bytes]:
    """A file beside the draft. Only for doors that have proved to be the unit. Raises NotFoundError."""
    with db.read() as work:
        found = next((each for each in work.attachments.of(submission_id) if each.id == attachment_id), None)
        if found is None:
            raise NotFoundError(what=attachment_id)
        return found.file, work.attachments.content(found)


def edition_file(db: Database, submission_id: str, number: int, place: int) -> tuple[AttachedFile, bytes]:
    """The file in that place (from 1) of what came in. Raises NotFoundError."""
    with db.read() as work:
        edition = next((each for each in work.editions.of(submission_id) if each.number == number), None)
        if edition is None or not 1 <= place <= len(edition.files):
            raise NotFoundError(what=f"{submission_id} {number} {place}")
        file = edition.files[place - 1]
        return file, work.editions.content(submission_id, number, file)


def _write(work: Work, submission: Submission, *, by: str, now: datetime) -> None:
    """A file added or taken away is writing, as a letter typed is."""
    round_ = work.rounds.get(submission.round)
    questions = round_.form.asked(submission.kind, submission.unit)
    note_written(work, submission, questions, work.drafts.of(submission.id), by=by, now=now)
