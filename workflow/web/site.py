"""What every page uses: the house, the reader's language, rendering, sessions and the token of their forms."""

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment
from starlette.datastructures import FormData

from workflow.bootstrap import App
from workflow.domain import datewords
from workflow.domain.errors import (
    LoginRefusedError,
    NotFoundError,
    RefusedError,
    StaleWriteError,
    TertialError,
    TooLargeError,
)
from workflow.ports import Session
from workflow.services import access
from workflow.services.access import Coordinator, Visitor
from workflow.web.words import LANGUAGES, preferred

CONTACT_COOKIE = "tertial-svar"
COORDINATOR_COOKIE = "tertial-kontor"
LANGUAGE_COOKIE = "tertial-sprak"


class LoginNeededError(TertialError):
    """A coordinator's page without a coordinator's session: off to the login, and back again."""

    sentence = "Logga in för att fortsätta."


class SessionOverError(NotFoundError):
    """A contact person's page without an opened link."""

    sentence = "Du har varit borta länge. Öppna länken i mejlet igen."


class ForgedFormError(RefusedError):
    """A form without its session's token: sent by another site, or older than the login."""

    sentence = "Formuläret är för gammalt. Läs om sidan och försök igen."


STATUS: tuple[tuple[type[TertialError], int], ...] = (
    (SessionOverError, 403),
    (LoginNeededError, 403),
    (NotFoundError, 404),
    (StaleWriteError, 409),
    (LoginRefusedError, 401),
    (TooLargeError, 413),
    (RefusedError, 422),
    (TertialError, 500),
)


def site_of(request: Request) -> App:
    """The wired house of this process."""
    app: App = request.app.state.house
    return app


def language_of(request: Request, own: str = "") -> str:
    """The reader's language: chosen in the footer, else their own from the register, else the browser's."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    known: str = own or getattr(request.state, "own_language", "")
    return known if known in LANGUAGES else preferred(request.headers.get("accept-language", ""))


def render(request: Request, template: str, *, status: int = 200, language: str = "", **values: object) -> HTMLResponse:
    """A page. Templates get `now`, `language`, `office`, `words` (dates), `calendar` and what is passed."""
    house = site_of(request)
    spoken = language or language_of(request)
    environment: Environment = request.app.state.templates[spoken]
    shared: dict[str, object] = {
        "request_path": _path_to_return_to(request),
        "language": spoken,
        "office": house.office,
        "calendar": house.calendar,
        "words": datewords,
        "now": house.now(),
        "coordinator": None,
        "visitor": None,
        "development": not house.settings.production,
    }
    text = environment.get_template(template).render(shared | values)
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})


def _path_to_return_to(request: Request) -> str:
    """For the language link: "" where leaving would lose what was typed, or tell the secret of a personal link."""
    path = request.url.path
    return "" if request.method != "GET" or path.startswith("/l/") else path


def go(url: str) -> RedirectResponse:
    """After a POST: see other (RFC 9110 §15.4.4), so that the back button and reload never send twice."""
    return RedirectResponse(url, status_code=303)


def signed_in(request: Request) -> Coordinator:
    """The coordinator of this request. Raises LoginNeededError."""
    house = site_of(request)
    session_id = request.cookies.get(COORDINATOR_COOKIE, "")
    found = access.coordinator(house.db, session_id, secrets=house.secrets, now=house.now())
    if found is None:
        raise LoginNeededError
    request.state.own_language = found.account.language
    return found


def answering(request: Request) -> Visitor:
    """The contact person of this request. Raises SessionOverError."""
    house = site_of(request)
    session_id = request.cookies.get(CONTACT_COOKIE, "")
    found = access.visitor(house.db, session_id, secrets=house.secrets, now=house.now())
    if found is None:
        raise SessionOverError(what="session")
    request.state.own_language = found.recipient.language
    return found


def check_form(request: Request, session: Session, form: FormData) -> None:
    """Every POST of a session carries its token. Raises ForgedFormError. Notes the session's sign of life."""
    house = site_of(request)
    if form.get("csrf") != session.csrf:
        raise ForgedFormError
    access.touch(house.db, session, now=house.now())


def set_session(request: Request, response: Response, cookie: str, session_id: str, session: Session) -> None:
    """Hand the session to the browser: unreadable for script, same site only, secure wherever the site is."""
    house = site_of(request)
    response.set_cookie(
        cookie,
        session_id,
        max_age=int((session.expires_at - session.created_at).total_seconds()),
        httponly=True,
        samesite="lax",
        secure=house.settings.base_url.startswith("https://"),
    )


def status_of(error: TertialError) -> int:
    return next(status for kind, status in STATUS if isinstance(error, kind))
