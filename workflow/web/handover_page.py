"""Letting another person take over a unit's underlag in the middle of a round."""

from collections.abc import Callable

from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from workflow.domain.errors import RefusedError, StaleWriteError
from workflow.domain.people import Role
from workflow.domain.preview_diff import PreviewDiff
from workflow.domain.submissions import Recipient, submission_id
from workflow.ports import Database, Job
from workflow.services import overview
from workflow.services.consequences import consequences
from workflow.services.handover import HANDED, HandedOver, Successor, hand_over, holds
from workflow.web.forms_in import field
from workflow.web.office import Office, Posted, Seated, clean, new_router
from workflow.web.site import go

router = new_router()

FIELDS = ("name", "email", "phone", "language", "role", "register")


@router.get("/omgang/{round_id}/underlag/{unit}/overlamna")
def ask(desk: Seated, round_id: str, unit: str) -> HTMLResponse:
    return _page(desk, round_id, unit, dict.fromkeys(FIELDS, "") | {"role": str(Role.PRIMARY), "register": "yes"})


@router.post("/omgang/{round_id}/underlag/{unit}/overlamna")
def save(form: Posted, desk: Seated, round_id: str, unit: str) -> Response:
    """`action` look: only show what it does to the mails."""
    typed = {name: field(form, name) for name in FIELDS}
    house = desk.house
    try:
        change = _change(form, desk, submission_id(round_id, unit))
        if field(form, "action") == "look":
            diff = consequences(house.db, round_id, change, calendar=house.calendar, now=desk.now())
            return _page(desk, round_id, unit, typed, diff=diff)
        change(house.db)
    except StaleWriteError:
        said = desk.say.gettext("Någon annan har lämnat över under tiden. Kontrollera vem som är kontaktperson nu.")
        return _page(desk, round_id, unit, typed, status=409, problems=[("", said)])
    except RefusedError as error:
        return _page(desk, round_id, unit, typed, status=422, problems=[("name", desk.say.error(error))])
    house.queue.ask(Job.DELIVER)
    return go(f"/omgang/{round_id}/underlag/{unit}")


def _change(form: FormData, desk: Office, submission: str) -> Callable[[Database], HandedOver]:
    """The use case with everything given but its database. Raises RefusedError for words that nothing can hold."""
    house, now, successor = desk.house, desk.now(), _successor(form, desk)
    return lambda db: hand_over(
        db,
        submission,
        successor,
        in_register=field(form, "register") == "yes",
        shown=field(form, f"shown.{field(form, 'role')}"),
        by=desk.by,
        secrets=house.secrets,
        calendar=house.calendar,
        now=now,
    )


def _successor(form: FormData, desk: Office) -> Successor:
    role, language = field(form, "role"), field(form, "language")
    return Successor(
        name=clean(form, "name", where=desk.say.gettext("namn")),
        email=clean(form, "email", where=desk.say.gettext("e-post")),
        phone=clean(form, "phone", where=desk.say.gettext("telefon")),
        language=language if language in {"sv", "en"} else "",
        role=Role(role) if role in HANDED else Role.PRIMARY,
    )


def _page(
    desk: Office,
    round_id: str,
    unit: str,
    typed: dict[str, str],
    *,
    status: int = 200,
    problems: list[tuple[str, str]] | None = None,
    diff: PreviewDiff | None = None,
) -> HTMLResponse:
    view = overview.submission_view(desk.house.db, submission_id(round_id, unit))
    holders: dict[str, Recipient | None] = {
        str(role): next((each for each in view.recipients if holds(each, role, desk.now())), None) for role in HANDED
    }
    return desk.page(
        "handover.html",
        status=status,
        nav_round=round_id,
        nav_here="overview",
        round=view.round,
        sub=view.submission,
        holders=holders,
        typed=typed,
        problems=problems or [],
        diff=diff,
    )
