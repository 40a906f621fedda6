"""One mail to come, decided about: hold it, skip it, let it go, add a paragraph; what it does is shown first."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from fastapi.responses import HTMLResponse, Response

from workflow.domain.errors import NotFoundError, RefusedError, StaleWriteError
from workflow.domain.messages import NOTE, Message
from workflow.domain.preview_diff import PreviewDiff
from workflow.ports import Database, Job
from workflow.services import rounds
from workflow.services.by_hand import Deed, MailSettledError, NoteChangedError, decide
from workflow.services.consequences import consequences
from workflow.services.preview import look_ahead
from workflow.services.preview_mail import find_planned
from workflow.web.forms_in import field
from workflow.web.office import Office, Posted, Seated, new_router
from workflow.web.site import go

router = new_router()

DEEDS: Mapping[str, Deed] = {"pausa": Deed.HOLD, "hoppa": Deed.SKIP, "slapp": Deed.RELEASE, "tillagg": Deed.NOTE}


@router.get("/omgang/{round_id}/forhandsvisning/{mail_name}/{deed}")
def ask(desk: Seated, round_id: str, mail_name: str, deed: str) -> HTMLResponse:
    _check(deed)
    return _page(desk, round_id, mail_name, deed)


@router.post("/omgang/{round_id}/forhandsvisning/{mail_name}/{deed}")
def do(form: Posted, desk: Seated, round_id: str, mail_name: str, deed: str) -> Response:
    _check(deed)
    text = field(form, "text")
    try:
        message = _deed(desk, round_id, mail_name, deed, text, upon=field(form, "upon"))(desk.house.db)
    except (MailSettledError, NoteChangedError, StaleWriteError) as error:
        return _page(desk, round_id, mail_name, deed, status=409, text=text, problem=desk.say.error(error))
    except RefusedError as error:
        return _page(desk, round_id, mail_name, deed, status=422, text=text, problem=desk.say.error(error))
    if deed == "slapp":
        desk.house.queue.ask(Job.DELIVER)
    return go(f"/omgang/{round_id}/forhandsvisning/{message.id}")


def _check(deed: str) -> None:
    if deed not in DEEDS:
        raise NotFoundError(what=deed)


def _deed(
    desk: Office, round_id: str, mail_name: str, deed: str, text: str, *, upon: str | None = None
) -> Callable[[Database], Message]:
    """The use case with everything given but its database."""
    house, now = desk.house, desk.now()
    return lambda db: decide(
        db,
        round_id,
        mail_name,
        DEEDS[deed],
        text,
        upon=upon,
        by=desk.by,
        secrets=house.secrets,
        calendar=house.calendar,
        now=now,
    )


def _page(
    desk: Office, round_id: str, mail_name: str, deed: str, *, status: int = 200, text: str = "", problem: str = ""
) -> HTMLResponse:
    house = desk.house
    seen = look_ahead(house.db, rounds.find_round(house.db, round_id), calendar=house.calendar, now=desk.now())
    mail = find_planned(seen, mail_name)
    written = mail.row.detail.get(NOTE, "") if mail.row else ""
    diff, hindrance = _foretold(desk, round_id, mail_name, deed)
    return desk.page(
        "by_hand.html",
        status=status,
        nav_round=round_id if seen.is_stored else "",
        nav_here="mails",
        round=seen.round,
        mail=mail,
        id=seen.id_of(mail),
        deed=deed,
        text=text or (written if deed == "tillagg" else ""),
        upon=written,
        diff=diff,
        problem=problem,
        hindrance="" if problem else hindrance,
    )


def _foretold(desk: Office, round_id: str, mail_name: str, deed: str) -> tuple[PreviewDiff | None, str]:
    """What it would do to the mails, or why it cannot be done."""
    house = desk.house
    change = _deed(desk, round_id, mail_name, deed, "…")
    try:
        diff = consequences(house.db, round_id, change, calendar=house.calendar, now=desk.now())
    except RefusedError as error:
        return None, desk.say.error(error)
    unsaid = tuple(replace(each, why="") for each in diff.differences)  # the reason has not been written yet
    return replace(diff, differences=unsaid), ""
