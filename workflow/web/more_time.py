"""The contact person asks for more time, sees the answer, and may take the request back. Works without script."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from workflow.domain.errors import (
    AlreadyAskedError,
    MoveRefusedError,
    ReasonMissingError,
    RefusedError,
    RequestAnsweredError,
    TextRefusedError,
    TooLongError,
)
from workflow.domain.extensions import ask as would_be
from workflow.domain.extensions import in_force, open_among
from workflow.domain.forms import clean_written
from workflow.services import extensions
from workflow.web.day_words import day_warnings
from workflow.web.desk import Desk, show, sit_down
from workflow.web.forms_in import SentForm, field, visible
from workflow.web.site import go, language_of
from workflow.web.typed_time import TypedTime, typed_of
from workflow.web.words import error_text, translations

router = APIRouter()

PAGE = "/svara/anstand"
_ABOUT_THE_REASON = (ReasonMissingError, TextRefusedError, TooLongError)


class DoubtfulDayError(RefusedError):
    """Not wrong, but to be confirmed."""

    sentence = "Dagen kan vara olämplig. Välj en annan, eller kryssa i att den ska gälla ändå."


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What stands in the fields, and what is wrong with it: (id of the field, sentence)."""

    day: str = ""
    reason: str = ""
    problem: tuple[str, str] | None = None
    warnings: tuple[str, ...] = ()


@router.get(PAGE)
def ask(request: Request) -> Response:
    return _page(request, sit_down(request), Typed())


@router.post(PAGE)
def send(request: Request, form: SentForm) -> Response:
    """Pressed twice: the request stands once."""
    desk = sit_down(request, form)
    try:
        wished, reason = _typed(request, desk, form)
        extensions.ask_for_time(
            desk.house.db,
            desk.submission.id,
            wished=wished,
            reason=reason,
            by=desk.visitor.recipient.id,
            secrets=desk.house.secrets,
            calendar=desk.house.calendar,
            now=desk.house.now(),
        )
    except AlreadyAskedError:
        return go(PAGE)
    except MoveRefusedError:  # handed in meanwhile
        return go("/svara")
    except RefusedError as error:
        return _refused(request, desk, form, error)
    return go(PAGE)


@router.post("/svara/anstand/ta-tillbaka")
def take_back(request: Request, form: SentForm) -> Response:
    """Pressed twice, or answered meanwhile: the page shows how it stands."""
    desk = sit_down(request, form)
    asked = open_among(extensions.of_unit(desk.house.db, desk.submission.id))
    if asked and asked.id == field(form, "request"):
        by = desk.visitor.recipient.id
        try:
            extensions.take_back_request(
                desk.house.db, desk.submission.id, asked.id, by=by, secrets=desk.house.secrets, now=desk.house.now()
            )
        except RequestAnsweredError:
            return go(PAGE)
    return go(PAGE)


def _typed(request: Request, desk: Desk, form: FormData) -> tuple[datetime, str]:
    """The day, at the clock time of the last day that stands, and the reason; a doubtful day must be confirmed."""
    calendar, day, now = desk.house.calendar, field(form, "day"), desk.house.now()
    reason = clean_written(field(form, "reason.time"), where="reason")
    wished = TypedTime(day, typed_of(desk.submission.due_at, calendar).clock).instant(calendar)
    would_be(desk.submission, id_="", wished=wished, reason=reason, by="", at=now, calendar=calendar)
    warnings = day_warnings(calendar, language_of(request), wished, desk.sheet.round.closes_at)
    if warnings and field(form, "confirmed") != day:
        raise DoubtfulDayError(warnings=warnings)
    return wished, reason


def _refused(request: Request, desk: Desk, form: FormData, error: RefusedError) -> Response:
    language = language_of(request)
    said = error_text(error, language, field=translations(language).gettext("motiveringen"))
    warnings = error.values.get("warnings", ())
    typed = Typed(
        day=visible(field(form, "day")),
        reason=visible(field(form, "reason.time")),
        problem=("skal" if isinstance(error, _ABOUT_THE_REASON) else "dag", said),
        warnings=warnings if isinstance(warnings, tuple) else (),
    )
    return _page(request, desk, typed, status=422)


def _page(request: Request, desk: Desk, typed: Typed, *, status: int = 200) -> Response:
    if not desk.submission.is_owed:
        return go("/svara")
    known = extensions.of_unit(desk.house.db, desk.submission.id)
    return show(
        request,
        desk,
        "more_time.html",
        status=status,
        typed=typed,
        asked=open_among(known),
        given=in_force(desk.submission, known),
        earlier=[each for each in reversed(known) if not each.is_open],
        clock=typed_of(desk.submission.due_at, desk.house.calendar).clock,
    )
