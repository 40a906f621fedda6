"""Files that go with the answers: the contact person's page, and what the unit may take home of its own."""

from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.responses import Response

from workflow.domain.errors import RefusedError
from workflow.services import attachments
from workflow.web.desk import Desk, read_desk, show, sit_down
from workflow.web.downloads import download
from workflow.web.forms_in import NoFileError, SentFiles, SentForm, sent_files
from workflow.web.site import go, language_of
from workflow.web.words import error_text

router = APIRouter()

PAGE = "/svara/bilagor"


@router.get(PAGE)
def look(request: Request) -> Response:
    desk = sit_down(request)
    return show_files(request, desk) if desk.submission.is_owed else go("/svara")


@router.post(PAGE)
def add(request: Request, form: SentFiles) -> Response:
    """Each file for itself: one that is refused keeps no other out."""
    desk = sit_down(request, form)
    problems, house, sent = [], desk.house, sent_files(form, "file")
    for name, data in sent:
        try:
            attachments.add_file(
                house.db,
                desk.submission.id,
                name,
                data,
                limits=house.settings.attachments,
                documents=house.documents,
                secrets=house.secrets,
                by=desk.visitor.recipient.id,
                now=house.now(),
            )
        except RefusedError as error:
            problems.append(error_text(error, language_of(request)))
    if not sent:
        problems.append(error_text(NoFileError(), language_of(request)))
    return show_files(request, read_desk(house, desk.visitor), problems, status=422) if problems else go(PAGE)


@router.post("/svara/bilagor/{attachment_id}/ta-bort")
def remove(request: Request, attachment_id: str, form: SentForm) -> Response:
    desk = sit_down(request, form)
    by, now = desk.visitor.recipient.id, desk.house.now()
    attachments.remove_file(desk.house.db, desk.submission.id, attachment_id, by=by, now=now)
    return go(PAGE)


@router.get("/svara/bilagor/{attachment_id}")
def take_draft(request: Request, attachment_id: str) -> Response:
    """A file beside the draft. Raises NotFoundError."""
    desk = sit_down(request)
    return download(*attachments.draft_file(desk.house.db, desk.submission.id, attachment_id))


@router.get("/svara/version/{number}/bilaga/{place}")
def take_own(request: Request, number: int, place: int) -> Response:
    """A file that the unit has handed in. Raises NotFoundError."""
    desk = sit_down(request)
    return download(*attachments.edition_file(desk.house.db, desk.submission.id, number, place))


def show_files(request: Request, desk: Desk, problems: Sequence[str] = (), *, status: int = 200) -> Response:
    """The list of files; `problems` are sentences about those that did not come into it."""
    limits = desk.house.settings.attachments
    return show(request, desk, "attachments.html", status=status, problems=problems, limits=limits)
