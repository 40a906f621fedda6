"""A unit's personal links, for the coordinator: who has one, and blocking or replacing one that has gone astray."""

from fastapi.responses import HTMLResponse, Response

from workflow.domain.errors import RefusedError
from workflow.domain.submissions import submission_id
from workflow.ports import Job
from workflow.services import overview
from workflow.services.links import NoHolderError, holders, renew_link, revoke_link
from workflow.web.forms_in import field
from workflow.web.office import Office, Posted, Seated, new_router
from workflow.web.site import go

router = new_router()


@router.get("/omgang/{round_id}/underlag/{unit}/lankar")
def ask(desk: Seated, round_id: str, unit: str) -> HTMLResponse:
    return _page(desk, round_id, unit)


@router.post("/omgang/{round_id}/underlag/{unit}/lankar/byt")
def renew(form: Posted, desk: Seated, round_id: str, unit: str) -> Response:
    house = desk.house
    try:
        renew_link(
            house.db,
            submission_id(round_id, unit),
            field(form, "recipient"),
            by=desk.by,
            secrets=house.secrets,
            now=desk.now(),
        )
    except NoHolderError as error:
        return _page(desk, round_id, unit, status=409, problem=desk.say.error(error))
    house.queue.ask(Job.DELIVER)
    return go(f"/omgang/{round_id}/underlag/{unit}")


@router.post("/omgang/{round_id}/underlag/{unit}/lankar/sparra")
def revoke(form: Posted, desk: Seated, round_id: str, unit: str) -> Response:
    try:
        revoke_link(desk.house.db, submission_id(round_id, unit), field(form, "recipient"), by=desk.by, now=desk.now())
    except (NoHolderError, RefusedError) as error:
        return _page(desk, round_id, unit, status=409, problem=desk.say.error(error))
    return go(f"/omgang/{round_id}/underlag/{unit}")


def _page(desk: Office, round_id: str, unit: str, *, status: int = 200, problem: str = "") -> HTMLResponse:
    view = overview.submission_view(desk.house.db, submission_id(round_id, unit))
    with desk.house.db.read() as work:
        people = holders(work, view.submission.id, desk.now())
        links = work.recipients.links_of(view.submission.id)
    valid = {each.recipient for each in links if each.is_valid(desk.now())}
    return desk.page(
        "links.html",
        status=status,
        nav_round=round_id,
        nav_here="overview",
        round=view.round,
        sub=view.submission,
        people=[(each, each.id in valid) for each in people],
        problem=problem,
    )
