"""Rounds: the list, planning one, and the three decisions about one: open now, call off, close."""

from datetime import datetime

from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from workflow.domain.codes import LinkMode
from workflow.domain.errors import (
    AlreadyExistsError,
    ConfigError,
    NotFoundError,
    RefusedError,
    RoundMoveRefusedError,
    StaleWriteError,
)
from workflow.domain.plans import RoundPlan
from workflow.domain.rounds import Round, RoundMove, RoundState
from workflow.domain.submissions import State
from workflow.domain.unconfirmed import unused
from workflow.ports import Job
from workflow.services import overview, rounds
from workflow.services.consequences import consequences
from workflow.services.corrections import waiting_corrections
from workflow.web.forms_in import field
from workflow.web.held import in_vain
from workflow.web.office import Office, Posted, Seated, new_router
from workflow.web.plan_form import PlanForm, as_planned, read_dates
from workflow.web.site import go
from workflow.web.typed_time import TypedTime

router = new_router()

NAMED = 200  # of those who have not handed in, the others are a link to the overview
IN_ORDER = (RoundState.OPEN, RoundState.PLANNED, RoundState.CLOSED, RoundState.BUNDLED, RoundState.CANCELLED)


@router.get("/omgangar")
def listing(desk: Seated) -> HTMLResponse:
    found = rounds.all_rounds(desk.house.db)
    try:
        plans, fault = _unused_plans(desk, found), ""
    except ConfigError as error:
        plans, fault = (), desk.say.error(error)
    groups = [(state, [each for each in found if each.state is state]) for state in IN_ORDER]
    return desk.page(
        "rounds.html",
        nav_here="rounds",
        groups=[(state, group) for state, group in groups if group],
        plans=plans,
        titles=_titles(desk, plans),
        years=sorted({each.year for each in plans}),
        in_vain=in_vain(desk),
        fault=fault,
        asked=waiting_corrections(desk.house.db),
    )


@router.get("/omgangar/ny")
def plan(desk: Seated, plan: str = "") -> HTMLResponse:
    plans = _unused_plans(desk, rounds.all_rounds(desk.house.db))
    chosen = next((each for each in plans if each.id == plan), plans[0] if len(plans) == 1 else None)
    if chosen is None:
        return desk.page("plan_round.html", nav_here="rounds", plans=plans, titles=_titles(desk, plans), plan=None)
    dates = read_dates(as_planned(chosen, desk.house.calendar), desk.house.calendar)
    return _plan_page(desk, chosen, dates, chosen.links)


@router.post("/omgangar/ny")
def save_plan(form: Posted, desk: Seated) -> Response:
    """Checks what was typed; saves it when asked to and nothing is wrong."""
    every = desk.house.plans()
    chosen = next((each for each in every.rounds if each.id == field(form, "plan")), None)
    if chosen is None:
        raise NotFoundError(what=field(form, "plan"))
    dates = read_dates(_typed_dates(form, chosen, desk), desk.house.calendar)
    typed_links = field(form, "links")
    links = LinkMode(typed_links) if typed_links in set(LinkMode) else chosen.links
    if dates.problems or field(form, "action") != "save":
        return _plan_page(desk, chosen, dates, links, status=422 if dates.problems else 200)
    round_ = dates.round_of(chosen, every, desk.house.form(chosen.form), links)
    try:
        rounds.plan_round(desk.house.db, round_, by=desk.by, now=desk.now())
    except AlreadyExistsError as error:
        return _plan_page(desk, chosen, dates, links, status=409, refused=error)
    return go(f"/omgang/{round_.id}")


def planned_page(desk: Office, round_: Round) -> HTMLResponse:
    """A round before it opens: what will happen, to whom, and what is still missing."""
    return desk.page(
        "planned.html",
        nav_here="rounds",
        round=round_,
        readiness=rounds.readiness(desk.house.db, round_, desk.house.calendar),
        mails_at=desk.house.calendar.next_window(max(round_.opens_at, desk.now())),
        again=round_.state is RoundState.CANCELLED and any(each.id == round_.id for each in _unused_plans(desk)),
    )


@router.get("/omgang/{round_id}/oppna")
def ask_open(desk: Seated, round_id: str) -> Response:
    found = rounds.find_round(desk.house.db, round_id)
    if not found.allows(RoundMove.OPEN):
        return go(f"/omgang/{round_id}")
    return desk.page("confirm.html", nav_here="rounds", what="open", round=found, opening=_opening(desk, found))


@router.post("/omgang/{round_id}/oppna")
def open_now(_: Posted, desk: Seated, round_id: str) -> Response:
    house = desk.house
    try:
        rounds.open_round(
            house.db, round_id, secrets=house.secrets, calendar=house.calendar, by=desk.by, now=desk.now()
        )
    except (RoundMoveRefusedError, StaleWriteError) as error:
        return overtaken(desk, round_id, error)
    house.queue.ask(Job.DELIVER)
    return go(f"/omgang/{round_id}")


@router.get("/omgang/{round_id}/stall-in")
def ask_cancel(desk: Seated, round_id: str) -> Response:
    found = rounds.find_round(desk.house.db, round_id)
    if not found.allows(RoundMove.CANCEL):
        return go(f"/omgang/{round_id}")
    return desk.page("confirm.html", nav_here="rounds", what="cancel", round=found)


@router.post("/omgang/{round_id}/stall-in")
def cancel(_: Posted, desk: Seated, round_id: str) -> Response:
    try:
        rounds.cancel_round(desk.house.db, round_id, by=desk.by, now=desk.now())
    except (RoundMoveRefusedError, StaleWriteError) as error:
        return overtaken(desk, round_id, error)
    return go("/omgangar")


@router.get("/omgang/{round_id}/stang")
def ask_close(desk: Seated, round_id: str) -> Response:
    view = overview.owed(desk.house.db, round_id, limit=NAMED, now=desk.now())
    if not view.round.allows(RoundMove.CLOSE):
        return go(f"/omgang/{round_id}")
    diff = consequences(
        desk.house.db,
        round_id,
        lambda db: rounds.close_round(db, round_id, by=desk.by, now=desk.now()),
        calendar=desk.house.calendar,
        now=desk.now(),
    )
    return desk.page(
        "confirm.html",
        nav_here="overview",
        nav_round=round_id,
        what="close",
        round=view.round,
        standing=view.standing,
        owed=view.owed,
        waiting=view.standing.counts[State.SUBMITTED],
        diff=diff,
    )


@router.post("/omgang/{round_id}/stang")
def close(_: Posted, desk: Seated, round_id: str) -> Response:
    try:
        rounds.close_round(desk.house.db, round_id, by=desk.by, now=desk.now())
    except (RoundMoveRefusedError, StaleWriteError) as error:
        return overtaken(desk, round_id, error)
    desk.house.queue.ask(Job.GATHER)
    return go(f"/omgang/{round_id}")


def _unused_plans(desk: Office, found: tuple[Round, ...] | None = None) -> tuple[RoundPlan, ...]:
    """The calendar's rounds that can be planned."""
    there = rounds.all_rounds(desk.house.db) if found is None else found
    return unused(desk.house.plans().rounds, there, desk.now())


def _titles(desk: Office, plans: tuple[RoundPlan, ...]) -> dict[str, str]:
    every = desk.house.plans() if plans else None
    return {each.id: every.period(each.period).name(each.year, desk.language) for each in plans} if every else {}


def _typed_dates(form: FormData, plan: RoundPlan, desk: Office) -> dict[str, TypedTime]:
    fields = as_planned(plan, desk.house.calendar)
    return {name: TypedTime(field(form, f"{name}.day"), field(form, f"{name}.clock")) for name in fields}


def _plan_page(
    desk: Office,
    plan: RoundPlan,
    dates: PlanForm,
    links: LinkMode,
    *,
    status: int = 200,
    refused: RefusedError | None = None,
) -> HTMLResponse:
    every = desk.house.plans()
    round_ = None if dates.problems else dates.round_of(plan, every, desk.house.form(plan.form), links)
    return desk.page(
        "plan_round.html",
        status=status,
        nav_here="rounds",
        plan=plan,
        title=every.period(plan.period).name(plan.year, desk.language),
        span=every.period(plan.period).span(plan.year),
        dates=dates,
        links=links,
        problems=[(field, desk.say.error(error)) for field, error in dates.problems],
        refused=desk.say.error(refused) if refused else "",
        readiness=rounds.readiness(desk.house.db, round_, desk.house.calendar) if round_ else None,
        opens_at_once=bool(round_ and round_.opens_at <= desk.now()),
        mails_at=desk.house.calendar.next_window(max(round_.opens_at, desk.now())) if round_ else None,
    )


def _opening(desk: Office, round_: Round) -> dict[str, object]:
    """What opening now would do."""
    readiness = rounds.readiness(desk.house.db, round_, desk.house.calendar)
    mails_at: datetime = desk.house.calendar.next_window(desk.now())
    return {
        "readiness": readiness,
        "mails": len(readiness.units) - len(readiness.without_contact),
        "mails_at": mails_at,
        "at_once": mails_at <= desk.now(),
    }


def overtaken(desk: Office, round_id: str, error: RefusedError | StaleWriteError) -> HTMLResponse:
    """Somebody else decided about the round first."""
    found = rounds.find_round(desk.house.db, round_id)
    return desk.page(
        "overtaken.html",
        status=409,
        nav_here="rounds",
        message=desk.say.error(error),
        now_is=desk.say.round_state(found.state),
        back=f"/omgang/{round_id}",
        back_name=found.title(desk.language),
        last="",
        typed=[],
        seen=None,
    )
