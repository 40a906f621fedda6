"""Letting a colleague or the deputy answer too: the contact person's own page. Works without script."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from workflow.domain.errors import MoveRefusedError, RefusedError, TextRefusedError, TooLongError
from workflow.ports import Job
from workflow.services import colleagues
from workflow.services.colleagues import NamelessError
from workflow.web.desk import Desk, show, sit_down
from workflow.web.forms_in import SentForm, field, visible
from workflow.web.site import go, language_of
from workflow.web.words import error_text, translations

router = APIRouter()

PAGE = "/svara/kollegor"
_ABOUT_THE_NAME = (NamelessError, TextRefusedError, TooLongError)


@router.get(PAGE)
def look(request: Request) -> Response:
    return _page(request, sit_down(request))


@router.post(PAGE)
def invite(request: Request, form: SentForm) -> Response:
    desk = sit_down(request, form)
    house, typed = desk.house, {name: visible(field(form, name)) for name in ("name", "email")}
    try:
        colleagues.invite(
            house.db,
            desk.submission.id,
            name=field(form, "name"),
            email=field(form, "email"),
            by=desk.visitor.recipient.id,
            secrets=house.secrets,
            now=house.now(),
        )
    except MoveRefusedError:  # handed in meanwhile
        return go("/svara")
    except RefusedError as error:
        language = language_of(request)
        said = error_text(error, language, field=translations(language).gettext("namn"))
        place = "namn" if isinstance(error, _ABOUT_THE_NAME) else "epost"
        return _page(request, desk, typed, (place, said), status=422)
    house.queue.ask(Job.DELIVER)
    return go(PAGE)


@router.post("/svara/kollegor/{recipient_id}/ta-tillbaka")
def withdraw(request: Request, recipient_id: str, form: SentForm) -> Response:
    """Pressed twice: the page shows how it stands."""
    desk = sit_down(request, form)
    by, now = desk.visitor.recipient.id, desk.house.now()
    colleagues.withdraw(desk.house.db, desk.submission.id, recipient_id, by=by, now=now)
    return go(PAGE)


def _page(
    request: Request,
    desk: Desk,
    typed: dict[str, str] | None = None,
    problem: tuple[str, str] | None = None,
    *,
    status: int = 200,
) -> Response:
    if not desk.submission.is_owed:
        return go("/svara")
    me, now = desk.visitor.recipient, desk.house.now()
    with desk.house.db.read() as work:
        guests = colleagues.invited(work, desk.submission.id, now)
    return show(
        request,
        desk,
        "colleagues.html",
        status=status,
        guests=[(each, colleagues.may_withdraw(me, each)) for each in guests],
        names=desk.names,
        may_invite=not me.invited_by,
        typed=typed or {"name": "", "email": ""},
        problem=problem,
    )
