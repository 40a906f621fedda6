"""The personal link: a landing page that changes nothing, and the button that opens the form or asks for a code."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from workflow.bootstrap import App
from workflow.domain.codes import CodeError, TooManyCodesError
from workflow.ports import Job
from workflow.services import access, codes
from workflow.services.access import Landing
from workflow.services.codes import Door
from workflow.web.about import speak
from workflow.web.forms_in import SentForm, field, visible
from workflow.web.site import (
    CONTACT_COOKIE,
    cookie_of,
    go,
    language_of,
    render,
    set_cookie,
    set_session,
    site_of,
)
from workflow.web.words import LANGUAGES, error_text

router = APIRouter()

BROWSER_COOKIE = "tertial-kod"
BROWSER_SECONDS = 24 * 60 * 60  # longer than any code: then the page can say that a code has gone out, and when
LONGEST_CODE = 100  # what is longer is no code, and is not carried back and forth


@router.get("/l/{token}")
def land(request: Request, token: str, sprak: str = "") -> Response:
    """Mail scanners come here too: nothing is written, not even that somebody looked. Raises LinkError."""
    landing = _landing(request, token)
    language = sprak if sprak in LANGUAGES else language_of(request, landing.language)
    is_open = bool(landing.masked) and _is_open_here(request, landing)
    response = render(request, "landing.html", language=language, landing=landing, is_open=is_open)
    if sprak in LANGUAGES:
        speak(request, response, sprak)  # not by way of /sprak: the address, and so the secret, would stand in a query
    return response


@router.post("/l/{token}")
def open_form(request: Request, token: str) -> Response:
    """Open a session for this one submission, and away from the address that holds the secret; or mail a code.

    Raises LinkError.
    """
    house, landing = site_of(request), _landing(request, token)
    if landing.masked:
        return _mail_code(request, house, landing)
    session_id, session = access.open_link(house.db, token, secrets=house.secrets, office=house.office, now=house.now())
    response = go("/svara")
    set_session(request, response, CONTACT_COOKIE, session_id, session)
    return response


@router.get("/l/{token}/kod")
def ask(request: Request, token: str, sprak: str = "") -> Response:
    """The field for the code. Raises LinkError."""
    response = _code_page(request, token, language=sprak)
    if sprak in LANGUAGES:
        speak(request, response, sprak)
    return response


@router.post("/l/{token}/kod")
def enter(request: Request, token: str, form: SentForm) -> Response:
    """The right code in the right browser opens the form. Raises LinkError."""
    house, typed = site_of(request), visible(field(form, "kod"))[:LONGEST_CODE]
    try:
        session_id, session = codes.enter_code(house.db, token, typed, _door(request, house), now=house.now())
    except CodeError as error:
        return _code_page(request, token, status=422, typed=typed, error=error)
    response = go("/svara")
    set_session(request, response, CONTACT_COOKIE, session_id, session)
    return response


def _mail_code(request: Request, house: App, landing: Landing) -> Response:
    door = _door(request, house)
    try:
        codes.ask_code(house.db, landing.link.id, door, now=house.now())
    except TooManyCodesError as error:
        return _code_page(request, landing.link.id, status=429, error=error)
    house.queue.ask(Job.DELIVER)
    response = go(f"/l/{landing.link.id}/kod")
    set_cookie(request, response, BROWSER_COOKIE, door.browser, seconds=BROWSER_SECONDS)
    return response


def _door(request: Request, house: App) -> Door:
    """A browser keeps its secret, so that a second code does not make the first one somebody else's."""
    kept = cookie_of(request, BROWSER_COOKIE)
    fresh = house.secrets.new_id() + house.secrets.new_id()
    is_ours = kept.isascii() and kept.isalnum() and len(kept) == len(fresh)
    return Door(secrets=house.secrets, office=house.office, browser=kept if is_ours else fresh)


def _landing(request: Request, token: str) -> Landing:
    house = site_of(request)
    return access.look_at_link(house.db, token, secrets=house.secrets, office=house.office, now=house.now())


def _is_open_here(request: Request, landing: Landing) -> bool:
    """Whether this browser has the form open already, so that no code is needed."""
    house = site_of(request)
    found = access.visitor(house.db, cookie_of(request, CONTACT_COOKIE), secrets=house.secrets, now=house.now())
    return found is not None and found.session.link == landing.link.id


def _code_page(
    request: Request,
    token: str,
    *,
    status: int = 200,
    language: str = "",
    typed: str = "",
    error: CodeError | None = None,
) -> HTMLResponse:
    house = site_of(request)
    with house.db.read() as work:
        access.verified_link(work, token, secrets=house.secrets, office=house.office, now=house.now())
    landing = _landing(request, token)
    spoken = language if language in LANGUAGES else language_of(request, landing.language)
    return render(
        request,
        "code.html",
        status=status,
        language=spoken,
        landing=landing,
        typed=typed,
        problem=error_text(error, spoken) if error else "",
    )
