"""What came in by mail: listed, read, marked as seen to, and more time given where it is asked for."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from workflow.domain.arrivals import Arrival, ArrivalHandledError
from workflow.domain.attachments import AttachedFile, safe_name
from workflow.domain.errors import MoveRefusedError, RefusedError, StaleWriteError
from workflow.domain.incoming import IncomingKind
from workflow.ports import Job
from workflow.services import inbox, ledger, overview
from workflow.services.inbox import Post
from workflow.web.arrivals import proposed_day
from workflow.web.day_words import day_warnings
from workflow.web.downloads import download
from workflow.web.forms_in import field, visible
from workflow.web.office import Office, Posted, Seated, clean, new_router
from workflow.web.review_actions import UnwiseDayError
from workflow.web.site import go
from workflow.web.typed_time import TypedTime, typed_of

router = new_router()

PAGE = "/inkommet"
MOST = 200  # mails in the list; older ones are found on their unit's page
EVERYTHING = "alla"
WITHOUT_UNIT = "utan-enhet"


@router.get(PAGE)
def listing(desk: Seated, lage: str = "") -> HTMLResponse:
    """First what waits for somebody; `lage` is a kind of mail, everything, or what is about no unit."""
    chosen = lage if lage in {*IncomingKind, EVERYTHING, WITHOUT_UNIT} else ""
    kinds = {IncomingKind(chosen)} if chosen in set(IncomingKind) else set()
    db = desk.house.db
    listed = inbox.inbox(db, kinds=kinds, without_unit=chosen == WITHOUT_UNIT, limit=MOST) if chosen else ()
    found = listed if chosen else inbox.to_see_to(db)
    return desk.page(
        "inbox.html",
        nav_here="inbox",
        posts=found,
        chosen=chosen,
        kinds=list(IncomingKind),
        is_full=len(found) >= MOST,
        reads=bool(desk.house.office.inbox or desk.house.settings.imap_host),
    )


@router.get(PAGE + "/{arrival_id}")
def show(desk: Seated, arrival_id: str) -> HTMLResponse:
    return _page(desk, inbox.one(desk.house.db, arrival_id))


@router.get(PAGE + "/{arrival_id}/fil/{number}")
def save_file(desk: Seated, arrival_id: str, number: int) -> Response:
    """What came with a mail, but for what may be a form: that is the unit's draft."""
    sheet, file = inbox.enclosed(desk.house.db, arrival_id, number)
    name = safe_name(sheet.name, sheet.kind)
    return download(AttachedFile(name=name, kind=sheet.kind, sha256=sheet.sha256, size=sheet.size), file.content)


@router.post(PAGE + "/{arrival_id}/klart")
def see_to(form: Posted, desk: Seated, arrival_id: str) -> Response:
    """Pressed twice, or by two: it is seen to."""
    try:
        arrival = inbox.see_to(desk.house.db, arrival_id, by=desk.by, now=desk.now())
    except ArrivalHandledError:
        return go(f"{PAGE}/{arrival_id}")
    return go(_back(form, arrival))


@router.post(PAGE + "/{arrival_id}/anstand")
def give_time(form: Posted, desk: Seated, arrival_id: str) -> Response:
    """A refusal shows the mail again with all that was typed."""
    post = inbox.one(desk.house.db, arrival_id)
    try:
        inbox.give_time(
            desk.house.db,
            arrival_id,
            _due_at(desk, post, form),
            reason=clean(form, "reason.mail", where=desk.say.gettext("Motivering")),
            footing=field(form, "footing"),
            by=desk.by,
            secrets=desk.house.secrets,
            now=desk.now(),
        )
    except (StaleWriteError, MoveRefusedError) as error:
        return _page(desk, inbox.one(desk.house.db, arrival_id), status=409, problem=desk.say.error(error))
    except RefusedError as error:
        warnings = error.values.get("warnings", ())
        return _page(
            desk,
            post,
            status=422,
            typed=_typed(form),
            problem=desk.say.error(error),
            warnings=warnings if isinstance(warnings, tuple) else (),
        )
    desk.house.queue.ask(Job.DELIVER)
    return go(_back(form, post.arrival))


def _due_at(desk: Office, post: Post, form: FormData) -> datetime:
    """Raises RefusedError; an unwise day must be confirmed."""
    day, clock = field(form, "mail.day"), field(form, "mail.clock")
    due_at = TypedTime(day, clock).instant(desk.house.calendar)
    closes_at = overview.submission_view(desk.house.db, post.arrival.submission).round.closes_at
    warnings = day_warnings(desk.house.calendar, desk.language, due_at, closes_at)
    if warnings and field(form, "confirmed") != f"{day} {clock}":
        raise UnwiseDayError(warnings=warnings)
    return due_at


def _typed(form: FormData) -> Mapping[str, str]:
    return {name: visible(field(form, name)) for name in ("mail.day", "mail.clock", "reason.mail")}


def _back(form: FormData, arrival: Arrival) -> str:
    """To the unit's page, if it was pressed there."""
    if field(form, "from") == "unit" and arrival.submission:
        round_id, _, unit = arrival.submission.partition(".")
        return f"/omgang/{round_id}/underlag/{unit}#inkommet"
    return PAGE


def _page(
    desk: Office,
    post: Post,
    *,
    status: int = 200,
    typed: Mapping[str, str] | None = None,
    problem: str = "",
    warnings: Sequence[str] = (),
) -> HTMLResponse:
    arrival, submission = post.arrival, post.submission
    recipients = overview.submission_view(desk.house.db, submission.id).recipients if submission else ()
    may_extend = bool(submission and submission.is_owed and arrival.kind is IncomingKind.REPLY and arrival.is_open)
    proposed: Mapping[str, str] = {}
    if submission and may_extend:
        day = typed_of(proposed_day(desk, arrival, submission), desk.house.calendar)
        reason = desk.say.gettext("Ni bad om mer tid i ett mejl.")
        proposed = {"mail.day": day.day, "mail.clock": day.clock, "reason.mail": reason}
    return desk.page(
        "arrival.html",
        status=status,
        nav_here="inbox",
        nav_round=arrival.round,
        arrival=arrival,
        sub=submission,
        ours=inbox.office_mail(desk.house.db, arrival),
        writer=next((each for each in recipients if each.id == arrival.recipient), None),
        names=ledger.people(desk.house.db, recipients),
        may_extend=may_extend,
        is_copy=inbox.is_copy(desk.house.db, arrival),
        is_marked=inbox.is_marked(desk.house.db, arrival.address),
        typed={**proposed, **(typed or {})},
        problem=problem,
        warnings=warnings,
    )
