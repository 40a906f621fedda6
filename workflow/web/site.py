"""What every page uses: the house, the reader's language, rendering, sessions and the token of their forms."""

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment
from starlette.datastructures import FormData

from workflow.bootstrap import App
from workflow.domain import datewords
from workflow.domain.attachments import size_words
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
PERSONAL = ("/l/", "/uppgifter/")
"""What addresses that hold a personal link's secret begin with."""


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
    chosen = cookie_of(request, LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return chosen
    known: str = own or getattr(request.state, "own_language", "")
    return known if known in LANGUAGES else preferred(request.headers.get("accept-language", ""))


def render(request: Request, template: str, *, status: int = 200, language: str = "", **values: object) -> HTMLResponse:
    """A page. Templates get `now`, `language`, `office`, `calendar`, words for dates and sizes, and what is passed."""
    house = site_of(request)
    spoken = language or language_of(request)
    environment: Environment = request.app.state.templates[spoken]
    shared: dict[str, object] = {
        "request_path": _path_to_return_to(request),
        "language": spoken,
        "office": house.office,
        "calendar": house.calendar,
        "words": datewords,
        "size_words": size_words,
        "now": house.now(),
        "coordinator": None,
        "visitor": None,
        "development": not house.settings.production,
    }
    text = environment.get_template(template).render(shared | values)
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})


def piece(request: Request, template: str, **values: object) -> str:
    """A small part of a page, for the script that puts it in its place."""
    return bytes(render(request, template, status=200, language="", **values).body).decode().strip()


def _path_to_return_to(request: Request) -> str:
    """For the language link: "" where leaving would lose what was typed, or tell the secret of a personal link."""
    path = request.url.path
    return "" if request.method != "GET" or path.startswith(PERSONAL) else path


def go(url: str) -> RedirectResponse:
    """After a POST: see other (RFC 9110 §15.4.4), so that the back button and reload never send twice."""
    return RedirectResponse(url, status_code=303)


def signed_in(request: Request) -> Coordinator:
    """The coordinator of this request. Raises LoginNeededError."""
    house = site_of(request)
    session_id = cookie_of(request, COORDINATOR_COOKIE)
    found = access.coordinator(house.db, session_id, secrets=house.secrets, now=house.now())
    if found is None:
        raise LoginNeededError
    request.state.own_language = found.account.language
    return found


def answering(request: Request) -> Visitor:
    """The contact person of this request. Raises SessionOverError."""
    house = site_of(request)
    session_id = cookie_of(request, CONTACT_COOKIE)
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
    """Hand the session to the browser."""
    seconds = int((session.expires_at - session.created_at).total_seconds())
    set_cookie(request, response, cookie, session_id, seconds=seconds)


# --- cookies -----------------------------------------------------------------


def cookie_of(request: Request, name: str) -> str:
    """What the browser sends back; "" where it sends nothing."""
    return request.cookies.get(_full_name(request, name), "")


def set_cookie(request: Request, response: Response, name: str, value: str, *, seconds: int) -> None:
    """Unreadable for script, same site only, secure wherever the site is."""
    response.set_cookie(
        _full_name(request, name),
        value,
        max_age=seconds,
        httponly=True,
        samesite="lax",
        secure=_is_secure(request),
    )


def end_cookie(request: Request, response: Response, name: str) -> None:
    """With the attributes it was set with: browsers leave a __Host- cookie alone otherwise."""
    set_cookie(request, response, name, "", seconds=0)


def _is_secure(request: Request) -> bool:
    return site_of(request).settings.base_url.startswith("https://")


def _full_name(request: Request, name: str) -> str:
    """With the prefix that no neighbouring host can set a cookie under (RFC 6265bis §4.1.3.2); it needs https."""
    return f"__Host-{name}" if _is_secure(request) else name


def status_of(error: TertialError) -> int:
    return next(status for kind, status in STATUS if isinstance(error, kind))
