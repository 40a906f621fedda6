"""The application: routes, templates, safety headers, limits, and how errors are shown."""

from functools import cache
from pathlib import Path

from asgi_cross_origin_protection import CrossOriginProtection
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from workflow.bootstrap import App
from workflow.domain.errors import TertialError, TooLargeError
from workflow.web import about, contact, coordinator, details_page, health, links, login, mailbox
from workflow.web.forms_in import typed_texts
from workflow.web.headers import HEADERS, SafetyHeaders
from workflow.web.limits import BodyLimit, PlainPaths
from workflow.web.site import PERSONAL, LoginNeededError, SessionOverError, go, language_of, render, status_of
from workflow.web.words import LANGUAGES, error_text, translations

_WEB = Path(__file__).parent


def create_site(house: App) -> FastAPI:
    """Build the site. Nothing is created on import; one process, one house."""
    site = FastAPI(
        title="Tertial",
        docs_url=None,  # /docs loads from a foreign CDN
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # to an address made of the Host header, which anybody may write
    )
    site.state.house = house
    site.state.templates = {language: _templates(language) for language in LANGUAGES}
    site.mount("/static", StaticFiles(directory=_WEB / "static"), name="static")
    for room in (about, contact, coordinator, details_page, health, links, login):
        site.include_router(room.router)
    if not house.settings.production:
        site.include_router(mailbox.router)
    site.exception_handler(TertialError)(_show_error)
    site.exception_handler(HTTPException)(_show_http_error)
    site.exception_handler(RequestValidationError)(_show_bad_request)
    site.exception_handler(ClientDisconnect)(_say_nothing)
    site.exception_handler(Exception)(_show_crash)
    site.add_middleware(BodyLimit, megabytes=house.settings.max_upload_mb)
    site.add_middleware(CrossOriginProtection)
    site.add_middleware(PlainPaths, refuse=_show_no_such_page)
    site.add_middleware(SafetyHeaders)
    return site


@cache
def _templates(language: str) -> Environment:
    """One for each language in a process, whatever the house: compiling the pages takes a second."""
    environment = Environment(
        loader=PackageLoader("workflow.web"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    install = vars(environment)["install_gettext_translations"]  # where the extension puts it
    install(translations(language), newstyle=True)
    return environment


def _show_error(request: Request, error: TertialError) -> Response:
    """What the error says, in the reader's language, and whatever they had typed."""
    typed = _typed(request)
    if isinstance(error, LoginNeededError) and not typed:
        return go(f"/login?next={request.url.path}" if request.method == "GET" else "/login")
    message = error_text(error, language_of(request))
    return _show_fault(request, message, status=status_of(error), typed=typed, error=error)


def _show_http_error(request: Request, error: HTTPException) -> Response:
    gettext = translations(language_of(request)).gettext
    known = {404: gettext("Sidan finns inte."), 405: gettext("Sidan går inte att använda på det sättet.")}
    message = known.get(error.status_code) or gettext("Det gick inte att läsa det som skickades.")
    return _show_fault(request, message, status=error.status_code, typed=_typed(request))


def _show_no_such_page(request: Request) -> Response:
    return _show_http_error(request, HTTPException(404))


def _say_nothing(_request: Request, _error: Exception) -> Response:
    """The browser went away in the midst of sending: nobody reads this, and it is no fault of ours to log."""
    return Response(status_code=400)


def _show_bad_request(request: Request, _: Exception) -> Response:
    message = translations(language_of(request)).gettext("Det gick inte att läsa det som skickades.")
    return _show_fault(request, message, status=422, typed=_typed(request))


def _show_crash(request: Request, error: Exception) -> Response:
    """Our own fault. The server logs it after this page has been sent; the texts are still the person's."""
    gettext = translations(language_of(request)).gettext
    if request.app.state.house.is_passing(error):
        message = gettext("Databasen svarar inte just nu. Vänta en stund och försök igen.")
        response = _show_fault(request, message, status=503, typed=_typed(request))
        response.headers["Retry-After"] = "5"  # seconds; RFC 9110 §10.2.3
    else:
        response = _show_fault(request, gettext("Något gick fel hos oss."), status=500, typed=_typed(request))
    response.headers.update(HEADERS)  # outside of the middleware that adds them
    response.headers["Connection"] = "close"  # the server hangs up now; whoever is not told meets a dead line next time
    return response


def _typed(request: Request) -> list[tuple[str, str]]:
    form = getattr(request.state, "form", None)
    return typed_texts(form) if isinstance(form, FormData) else []


def _show_fault(
    request: Request, message: str, *, status: int, typed: list[tuple[str, str]], error: TertialError | None = None
) -> Response:
    return render(
        request,
        "kept.html" if typed else "error.html",
        status=status,
        message=message,
        typed=typed,
        back=way_on(request, error),
        gone=isinstance(error, SessionOverError),
        too_large=isinstance(error, TooLargeError),
    )


def way_on(request: Request, error: TertialError | None) -> str:
    """Where to go on from an error; "" where there is no telling."""
    path = request.url.path
    if isinstance(error, LoginNeededError):
        return "/login"
    if isinstance(error, SessionOverError):
        return ""
    if path.startswith("/svara"):
        if not isinstance(error, TooLargeError):
            return "/svara"
        return "/svara/bilagor" if path.startswith("/svara/bilagor") else "/svara/word/ladda-upp"
    return path.rpartition("/")[0] if request.method == "POST" and not path.startswith(PERSONAL) else ""


__all__ = ["create_site"]
