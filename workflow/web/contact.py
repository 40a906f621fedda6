"""The contact person's pages: answer, check, hand in, take back. One submission per session, nothing else."""

from dataclasses import replace

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from workflow.domain.errors import (
    DraftChangedError,
    IncompleteError,
    MoveRefusedError,
    NotFoundError,
    ReasonMissingError,
    RefusedError,
)
from workflow.domain.forms import Answer, clean_written, missing
from workflow.domain.submissions import Move, State
from workflow.ports import Job
from workflow.services import access, submissions
from workflow.web import attachment_pages, colleague_page, mailed_form, more_time, saving, word
from workflow.web.desk import HANDED_IN, Desk, read_desk, show, show_form, sit_down, store
from workflow.web.forms_in import SentForm, field, visible
from workflow.web.site import CONTACT_COOKIE, end_cookie, go, language_of, render, site_of
from workflow.web.words import error_text, translations

router = APIRouter()
router.include_router(saving.router)
router.include_router(word.router)
router.include_router(mailed_form.router)
router.include_router(more_time.router)
router.include_router(attachment_pages.router)
router.include_router(colleague_page.router)

CHECK = "/svara/kontrollera"
RECEIPT = "/svara/kvitto"
WAYS = {"check": CHECK, "files": attachment_pages.PAGE}


class ReviewStartedError(RefusedError):
    """Too late to take back: somebody is reading (product rule: until a coordinator has opened it)."""

    sentence = (
        "Samordnarna har börjat läsa underlaget, så det går inte längre att ta tillbaka."
        " Hör av dig till {office} om något behöver ändras."
    )


@router.get("/svara")
def answer(request: Request) -> Response:
    desk = sit_down(request)
    if desk.submission.is_owed:
        return show_form(request, desk)
    return show(request, desk, "copy.html", handed_in=desk.submission.state in HANDED_IN)


@router.post("/svara")
def save(request: Request, form: SentForm) -> Response:
    """Save; then go where the pressed button leads (WAYS). Nothing typed is lost, whatever is refused."""
    desk = sit_down(request, form)
    return store(request, desk, form, then=WAYS.get(field(form, "action"), "/svara"))


@router.get("/svara/kopia")
def print_copy(request: Request) -> Response:
    """What is handed in, or else the draft as it stands, to print or keep."""
    desk = sit_down(request)
    return show(request, desk, "copy.html", handed_in=desk.submission.state in HANDED_IN)


@router.get("/svara/version/{number}")
def version(request: Request, number: int) -> Response:
    """A version that the unit has handed in. Raises NotFoundError."""
    desk = sit_down(request)
    edition = next((each for each in desk.view.editions if each.number == number), None)
    if edition is None:
        raise NotFoundError(what=f"version {number}")
    sender = desk.names.get(edition.received_from, "")
    return show(request, desk, "version.html", edition=edition, sender=sender)


@router.get(CHECK)
def check(request: Request) -> Response:
    desk = sit_down(request)
    if not desk.submission.is_owed:
        return go("/svara")
    return _show_check(request, desk)


@router.post("/svara/lamna-in")
def hand_in(request: Request, form: SentForm) -> Response:
    """Hand in what was read through. Pressing twice shows the receipt twice."""
    desk = sit_down(request, form)
    if desk.submission.state in HANDED_IN:
        return go(RECEIPT)
    house, read_through = desk.house, field(form, "seal")
    if not read_through:  # not sent from the page that shows the answers: let them read first
        return _show_check(request, desk, status=422)
    try:
        submissions.submit(
            house.db,
            desk.visitor.submission,
            by=desk.visitor.recipient.id,
            secrets=house.secrets,
            calendar=house.calendar,
            now=house.now(),
            seal=read_through,
        )
    except DraftChangedError:
        return _show_check(request, read_desk(house, desk.visitor), status=409, changed=True)
    except IncompleteError:
        return _show_check(request, read_desk(house, desk.visitor), status=422)
    except MoveRefusedError:
        if read_desk(house, desk.visitor).submission.state not in HANDED_IN:
            raise
    house.queue.ask(Job.DELIVER)
    return go(RECEIPT)


@router.get(RECEIPT)
def receipt(request: Request) -> Response:
    desk = sit_down(request)
    return show(request, desk, "received.html") if desk.latest else go("/svara")


@router.post("/svara/ta-tillbaka")
def take_back(request: Request, form: SentForm) -> Response:
    desk = sit_down(request, form)
    submission, house = desk.submission, desk.house
    if submission.state is State.SUBMITTED and not submission.allows(Move.TAKE_BACK):
        raise ReviewStartedError(office=house.office.contact_email)
    if submission.state is not State.DRAFT:  # pressed twice: it has been taken back
        submissions.take_back(
            house.db, submission.id, by=desk.visitor.recipient.id, secrets=house.secrets, now=house.now()
        )
    return go("/svara")


@router.get("/svara/inget-att-rapportera")
def ask_nothing(request: Request) -> Response:
    desk = sit_down(request)
    return show(request, desk, "nothing.html", unanswered=_unanswered(desk), problem="", reason="")


@router.post("/svara/inget-att-rapportera")
def report_nothing(request: Request, form: SentForm) -> Response:
    """Nothing to report is an answer: each open question without one becomes not applicable, for this reason."""
    desk = sit_down(request, form)
    try:
        reason = _reason(form)
    except RefusedError as error:
        language = language_of(request)
        said = error_text(error, language, field=translations(language).gettext("motiveringen"))
        typed = visible(field(form, "reason"))
        return show(request, desk, "nothing.html", status=422, unanswered=_unanswered(desk), problem=said, reason=typed)
    now, by = desk.house.now(), desk.visitor.recipient.id
    empty = [replace(answer, not_applicable=True, na_reason=reason) for answer in _unanswered(desk).values()]
    submissions.save_answers(desk.house.db, desk.visitor.submission, empty, by=by, now=now)
    return go(CHECK)


@router.post("/svara/avsluta")
def leave(request: Request, form: SentForm) -> Response:
    """Out of this browser; the link in the mail opens the form again."""
    desk = sit_down(request, form)
    access.log_out(site_of(request).db, desk.visitor.session)
    response = render(request, "left.html")
    end_cookie(request, response, CONTACT_COOKIE)
    return response


def _reason(form: FormData) -> str:
    """Raises ReasonMissingError, TextRefusedError, TooLongError."""
    reason = clean_written(field(form, "reason").strip(), where="reason")
    if not reason:
        raise ReasonMissingError
    return reason


def _unanswered(desk: Desk) -> dict[str, Answer]:
    """The open questions without a complete answer, in order."""
    return {
        question.key: desk.sheet.answers.get(question.key) or Answer(question=question.key)
        for question in missing(desk.sheet.questions, desk.sheet.answers)
        if desk.submission.accepts_answer(question.key)
    }


def _show_check(request: Request, desk: Desk, *, status: int = 200, changed: bool = False) -> Response:
    lacking = missing(desk.sheet.questions, desk.sheet.answers)
    return show(request, desk, "check.html", status=status, lacking=lacking, changed=changed, seal=desk.draft_seal)
