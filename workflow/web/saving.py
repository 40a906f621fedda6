"""One question saved as it is typed: answered in JSON to the page's script, by the same rules as the button."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.datastructures import FormData

from workflow.domain.errors import (
    LockedQuestionError,
    MoveRefusedError,
    NotFoundError,
    TertialError,
    TextRefusedError,
    TooLargeError,
    TooLongError,
)
from workflow.domain.forms import QuestionSet
from workflow.domain.submissions import State
from workflow.services import overview, submissions
from workflow.services.access import Visitor
from workflow.services.submissions import RoundNotAnswerableError, Saved
from workflow.web import answers
from workflow.web.answers import Row, Typed
from workflow.web.desk import said
from workflow.web.forms_in import SentForm
from workflow.web.site import (
    ForgedFormError,
    SessionOverError,
    answering,
    check_form,
    language_of,
    piece,
    site_of,
    status_of,
)
from workflow.web.words import error_text, translations

router = APIRouter()

CONFLICT = 409
# What the script does about it: `session` waits for the link to be opened again, `refused` for another text, `closed`
# for nothing more. Whatever it is, what was typed stays in the browser.
REASONS: tuple[tuple[type[TertialError], str], ...] = (
    (SessionOverError, "session"),
    (ForgedFormError, "session"),
    (TextRefusedError, "refused"),
    (TooLongError, "refused"),
    (TooLargeError, "refused"),
    (LockedQuestionError, "closed"),
    (MoveRefusedError, "closed"),
    (RoundNotAnswerableError, "closed"),
    (NotFoundError, "closed"),
)


class NoSuchQuestionError(NotFoundError):
    """A question that this unit is not asked."""

    sentence = "Frågan finns inte i formuläret."


@router.post("/svara/fraga/{key}")
def save_one(request: Request, key: str, form: SentForm) -> JSONResponse:
    """Store one question's fields. 409 with both texts where somebody else was first; then nothing is stored."""
    try:
        visitor = answering(request)
        check_form(request, visitor.session, form)
        return _save(request, visitor, key, form)
    except TertialError as error:
        return _refused(request, error)


def _save(request: Request, visitor: Visitor, key: str, form: FormData) -> JSONResponse:
    house = site_of(request)
    mine = answers.sent_answer(form, key)
    try:
        saved = submissions.save_answers(house.db, visitor.submission, [mine], by=visitor.recipient.id, now=house.now())
    except KeyError as error:
        raise NoSuchQuestionError(what=key) from error
    except (TextRefusedError, TooLongError, LockedQuestionError) as error:
        return _refused(request, error, submissions.sheet(house.db, visitor.submission).questions)
    is_plain = not saved.clashes and saved.submission.state is not State.RETURNED
    view = None if is_plain else overview.submission_view(house.db, visitor.submission)
    names = {each.id: each.name for each in view.recipients} if view else {}
    typed = Typed(answers={key: mine}, clashes=answers.clashes_of(saved.clashes, names))
    rows = answers.rows(saved, typed, view.editions[-1] if view and view.editions else None)
    row = next(each for each in rows if each.key == key)
    return _clashed(request, row) if saved.clashes else _kept(request, row, saved)


def _kept(request: Request, row: Row, saved: Saved) -> JSONResponse:
    gettext = translations(language_of(request)).gettext
    far = {"done": saved.submission.answered, "all": saved.submission.questions}
    told = {
        "version": row.version,
        "seen": row.seen,
        "done": far["done"],
        "said": piece(request, "parts/piece_saved.html", submission=saved.submission),
        "progress": gettext("%(done)s av %(all)s frågor besvarade") % far,
        "short": gettext("%(done)s av %(all)s frågor") % far,
        "state": piece(request, "parts/piece_state.html", row=row),
        "mark": piece(request, "parts/piece_mark.html", row=row),
    }
    return _json(told)


def _clashed(request: Request, row: Row) -> JSONResponse:
    """Both texts: the person's own is in the field, the other's comes as words and as a piece of the page."""
    gettext = translations(language_of(request)).gettext
    theirs = row.clash.theirs if row.clash else row.stored
    told = {
        "error": "clash",
        "message": gettext(
            "Inte sparat: två har skrivit samtidigt. Välj vilken text som ska gälla och tryck på Spara."
        ),
        "version": row.version,
        "seen": row.seen,
        "theirs": {"text": theirs.text, "not_applicable": theirs.not_applicable, "reason": theirs.na_reason},
        "text": piece(request, "parts/piece_theirs.html", row=row),
        "choice": piece(request, "parts/piece_choice.html", row=row),
    }
    return _json(told, status=CONFLICT)


def _refused(request: Request, error: TertialError, questions: QuestionSet | None = None) -> JSONResponse:
    reason = next((reason for kind, reason in REASONS if isinstance(error, kind)), "trouble")
    message = error_text(error, language_of(request)) if questions is None else said(request, questions, error)
    return _json({"error": reason, "message": message}, status=status_of(error))


def _json(told: Mapping[str, object], *, status: int = 200) -> JSONResponse:
    return JSONResponse(told, status_code=status, headers={"Cache-Control": "no-store"})
