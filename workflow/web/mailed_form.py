"""A filled-in form that came by mail, before the unit's own people: how we read it, to be saved or put away."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from workflow.domain.errors import FileRefusedError
from workflow.services import inbox
from workflow.web.desk import show, sit_down
from workflow.web.forms_in import SentForm
from workflow.web.site import go, language_of
from workflow.web.word import show_read
from workflow.web.words import error_text

router = APIRouter()

PAGE = "/svara/mejlat"


@router.get(PAGE + "/{arrival_id}")
def look(request: Request, arrival_id: str) -> Response:
    """Nothing is stored by looking. Raises NotFoundError, also for the form of another unit."""
    desk = sit_down(request)
    file = inbox.form_file(desk.house.db, desk.submission.id, arrival_id)
    if not desk.submission.is_owed:
        return go("/svara")
    try:
        read = desk.house.documents.read_word(file.content, name=file.name, questions=desk.sheet.questions)
    except FileRefusedError as error:
        problem = error_text(error, language_of(request))
        return show(request, desk, "word_upload.html", status=422, problem=problem)
    return show_read(request, desk, read, file.name, file.content, mailed=arrival_id)


@router.post(PAGE + "/{arrival_id}/bort")
def put_away(request: Request, arrival_id: str, form: SentForm) -> Response:
    """It is not wanted. The mail itself is kept."""
    desk = sit_down(request, form)
    by, now = desk.visitor.recipient.id, desk.house.now()
    inbox.put_form_away(desk.house.db, desk.submission.id, arrival_id, by=by, now=now)
    return go("/svara")
