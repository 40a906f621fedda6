"""A whole year's rounds on one page, planned by one button; and the button that confirms a held one."""

from hashlib import sha256

from fastapi.responses import HTMLResponse, Response

from workflow.domain.errors import StaleWriteError
from workflow.domain.rounds import NotHeldError
from workflow.ports import Job
from workflow.services import years
from workflow.services.years import Fate, YearRound
from workflow.web.forms_in import field, number
from workflow.web.office import Office, Posted, Seated, new_router, version_shown
from workflow.web.rounds_pages import overtaken
from workflow.web.site import go

router = new_router()


@router.get("/omgangar/ar")
def show(desk: Seated, ar: str = "") -> Response:
    """The year asked for, else the first in the calendar that has something left to plan."""
    year = int(ar) if ar.isdecimal() and len(ar) == len("2027") else _next_year(desk)
    return _page(desk, year, _ahead(desk, year)) if year else go("/omgangar")


@router.post("/omgangar/ar")
def plan(form: Posted, desk: Seated) -> Response:
    """Plans exactly what the page showed; if the calendar says something else by now, it is shown again instead."""
    year = number(form, "ar", otherwise=0)
    ahead = _ahead(desk, year)
    if field(form, "shown") != _fingerprint(ahead):
        return _page(desk, year, ahead, changed=True)
    years.plan_year(desk.house.db, ahead, by=desk.by, now=desk.now())
    desk.house.queue.ask(Job.OPEN_DUE)
    return go("/omgangar")


@router.post("/omgang/{round_id}/bekrafta")
def confirm(form: Posted, desk: Seated, round_id: str) -> Response:
    try:
        years.confirm_round(desk.house.db, round_id, version=version_shown(form), by=desk.by, now=desk.now())
    except (NotHeldError, StaleWriteError) as error:
        return overtaken(desk, round_id, error)
    desk.house.queue.ask(Job.OPEN_DUE)
    return go(f"/omgang/{round_id}")


def _ahead(desk: Office, year: int) -> tuple[YearRound, ...]:
    house = desk.house
    return years.year_ahead(house.db, house.plans(), house.form, year, calendar=house.calendar, now=desk.now())


def _next_year(desk: Office) -> int:
    now = desk.now()
    return min((plan.year for plan in desk.house.plans().rounds if plan.closes_at > now), default=0)


def _page(desk: Office, year: int, ahead: tuple[YearRound, ...], *, changed: bool = False) -> HTMLResponse:
    return desk.page(
        "plan_year.html",
        status=409 if changed else 200,
        nav_here="rounds",
        year=year,
        years=sorted({plan.year for plan in desk.house.plans().rounds}),
        ahead=ahead,
        new=[each for each in ahead if each.is_new],
        held=[each for each in ahead if each.fate is Fate.HELD],
        shown=_fingerprint(ahead),
        changed=changed,
    )


def _fingerprint(ahead: tuple[YearRound, ...]) -> str:
    """What the button would do, so that nobody plans other dates than those they saw."""
    facts = [
        (each.round.id, str(each.fate), each.round.opens_at, sorted(each.round.due_at.items()), each.round.closes_at)
        for each in ahead
    ]
    return sha256(repr(facts).encode()).hexdigest()
