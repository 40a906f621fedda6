"""The pictures of a filled-in form, kept beside the draft as if they had been chosen one by one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflow.domain.attachments import AttachedFile, Attachment, Limits
from workflow.domain.errors import RefusedError
from workflow.ports import Database, Documents, FormPicture, Secrets, Work
from workflow.services.attachments import checked, put_beside
from workflow.services.submissions import answerable

IN_ANSWER = "Bild, fråga {number}"
OUTSIDE = "Bild"

_AFTER = timedelta(microseconds=1)  # attachments are listed as they were added: so they stand in the form's order


@dataclass(frozen=True, slots=True)
class NamedPicture:
    """A picture under the name that it gets as an attachment."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """What became of a picture: kept as `attachment`, or refused."""

    name: str
    attachment: Attachment | None
    refusal: RefusedError | None = None
    is_new: bool = True


def named(found: Iterable[FormPicture]) -> tuple[NamedPicture, ...]:
    """Those that can be attached, by the question that each answers, as a Swedish reader expects them."""
    return tuple(
        NamedPicture(
            f"{IN_ANSWER.format(number=each.question) if each.question else OUTSIDE}.{each.kind}", each.content
        )
        for each in found
        if not each.refused
    )


def keep_pictures(
    db: Database,
    submission_id: str,
    pictures: Sequence[NamedPicture],
    *,
    limits: Limits,
    documents: Documents,
    secrets: Secrets,
    by: str,
    now: datetime,
) -> tuple[KeptPicture, ...]:
    """Keep them all in one transaction, but for those that are refused; one that is there already stays as it is.

    So the same form may be read twice. Raises MoveRefusedError, RoundNotAnswerableError.
    """
    files = [_checked(each, limits, documents) for each in pictures]
    with db.begin() as work:
        answerable(work, submission_id)
        return tuple(
            KeptPicture(each.name, None, file)
            if isinstance(file, RefusedError)
            else _keep(work, submission_id, each, file, limits=limits, secrets=secrets, by=by, now=now + place * _AFTER)
            for place, (each, file) in enumerate(zip(pictures, files, strict=True))
        )


def _checked(picture: NamedPicture, limits: Limits, documents: Documents) -> AttachedFile | RefusedError:
    try:
        return checked(picture.name, picture.content, limits=limits, documents=documents)
    except RefusedError as error:
        return error


def _keep(
    work: Work,
    submission_id: str,
    picture: NamedPicture,
    file: AttachedFile,
    *,
    limits: Limits,
    secrets: Secrets,
    by: str,
    now: datetime,
) -> KeptPicture:
    beside = work.attachments.of(submission_id)
    twin = next((each for each in beside if each.file.sha256 == file.sha256), None)
    if twin is not None:
        return KeptPicture(picture.name, twin, is_new=False)
    try:
        added = put_beside(work, submission_id, file, picture.content, limits=limits, secrets=secrets, by=by, now=now)
    except RefusedError as error:
        return KeptPicture(picture.name, None, error)
    return KeptPicture(picture.name, added)
