"""A coordinator's own account: who they are here, and whether they want the daily mail."""

from fastapi.responses import HTMLResponse, Response

from workflow.services import access
from workflow.web.forms_in import field
from workflow.web.office import Posted, Seated, new_router
from workflow.web.site import go

router = new_router()

PAGE = "/konto"


@router.get(PAGE)
def show(desk: Seated) -> HTMLResponse:
    return desk.page("account.html", nav_here="account", account=desk.who.account)


@router.post(f"{PAGE}/dagligt-mejl")
def choose_digest(form: Posted, desk: Seated) -> Response:
    """Turns it on or off; what is pressed twice stays so."""
    wanted = field(form, "wanted") == "yes"
    access.choose_digest(desk.house.db, email=desk.who.account.email, wanted=wanted, by=desk.by, now=desk.now())
    return go(PAGE)
