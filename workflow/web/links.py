"""The personal link: a landing page that changes nothing, and the button that opens the form."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from workflow.services import access
from workflow.web.about import speak
from workflow.web.site import CONTACT_COOKIE, go, language_of, render, set_session, site_of
from workflow.web.words import LANGUAGES

router = APIRouter()


@router.get("/l/{token}")
def land(request: Request, token: str, sprak: str = "") -> Response:
    """Mail scanners come here too: nothing is written, not even that somebody looked. Raises LinkError."""
    house = site_of(request)
    landing = access.look_at_link(house.db, token, secrets=house.secrets, office=house.office, now=house.now())
    language = sprak if sprak in LANGUAGES else language_of(request, landing.language)
    response = render(request, "landing.html", language=language, landing=landing)
    if sprak in LANGUAGES:
        speak(request, response, sprak)  # not by way of /sprak: the address, and so the secret, would stand in a query
    return response


@router.post("/l/{token}")
def open_form(request: Request, token: str) -> Response:
    """Open a session for this one submission, and away from the address that holds the secret. Raises LinkError."""
    house = site_of(request)
    session_id, session = access.open_link(house.db, token, secrets=house.secrets, office=house.office, now=house.now())
    response = go("/svara")
    set_session(request, response, CONTACT_COOKIE, session_id, session)
    return response
