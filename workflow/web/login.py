"""Coordinators log in by address and password, and out."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from workflow.domain.errors import LoginRefusedError, RefusedError
from workflow.services import access
from workflow.web.forms_in import SentForm, field
from workflow.web.login_throttle import Throttle
from workflow.web.office import Posted, Seated
from workflow.web.site import COORDINATOR_COOKIE, end_cookie, go, language_of, render, set_session, site_of
from workflow.web.words import error_text

router = APIRouter(include_in_schema=False)


class BusyError(RefusedError):
    """More logins at the same time than we check."""

    sentence = "Många försöker logga in just nu. Vänta en liten stund och försök igen."


LONGEST_ADDRESS = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets


@router.get("/login")
def show(request: Request, next: str = "") -> HTMLResponse:  # noqa: A002 - the word in the address
    return _page(request, next_page=local(next))


@router.post("/login")
def log_in(request: Request, form: SentForm) -> Response:
    """One answer for a wrong address and a wrong password (OWASP ASVS 5.0 v5.0.0-6.3.8)."""
    house, next_page = site_of(request), local(field(form, "next"))
    email, password = field(form, "email"), field(form, "password")
    if len(email) > LONGEST_ADDRESS:  # nobody's; and neither the page nor the throttle shall carry it about
        message = error_text(LoginRefusedError(), language_of(request))
        return _page(request, status=401, next_page=next_page, message=message)
    who = f"{email.strip().lower()}|{request.client.host if request.client else ''}"
    throttle = _throttle(request)
    if throttle.is_full(who, house.now()):
        return _page(request, status=429, email=email, next_page=next_page, too_many=True)
    if not throttle.places.acquire(blocking=False):
        message = error_text(BusyError(), language_of(request))
        return _page(request, status=503, email=email, next_page=next_page, message=message)
    try:
        session_id, session = access.log_in(
            house.db, email=email, password=password, secrets=house.secrets, now=house.now()
        )
    except LoginRefusedError as error:
        throttle.note(who, house.now())
        message = error_text(error, language_of(request))
        return _page(request, status=401, email=email, next_page=next_page, message=message)
    finally:
        throttle.places.release()
    throttle.forget(who)
    response = go(next_page or "/")
    set_session(request, response, COORDINATOR_COOKIE, session_id, session)
    return response


@router.post("/logout")
def log_out(request: Request, _: Posted, desk: Seated) -> Response:
    access.log_out(desk.house.db, desk.who.session)
    response = go("/login")
    end_cookie(request, response, COORDINATOR_COOKIE)
    return response


def local(path: str) -> str:
    """A path of this site, or "": an address elsewhere would send people to a stranger's copy of the page.

    Browsers read a backslash as a slash and drop tabs and line ends (WHATWG URL), so neither may stand there.
    """
    is_local = path.startswith("/") and not path.startswith(("//", "/login"))
    return path if is_local and path.isprintable() and "\\" not in path else ""


def _throttle(request: Request) -> Throttle:
    """The one of this process's site."""
    if not hasattr(request.app.state, "throttle"):
        request.app.state.throttle = Throttle()
    throttle: Throttle = request.app.state.throttle
    return throttle


def _page(
    request: Request,
    *,
    status: int = 200,
    email: str = "",
    next_page: str = "",
    message: str = "",
    too_many: bool = False,
) -> HTMLResponse:
    return render(
        request,
        "login.html",
        status=status,
        email=email,
        next_page=next_page,
        message=message,
        too_many=too_many,
    )
