"""The round at a glance: what to do today, how it stands, when what happens, and every unit in a table."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from workflow.domain.overview import OVERDUE, OWES, WITHOUT_CONTACT, RoundStanding, Wanted
from workflow.domain.people import UnitKind
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import State
from workflow.services import extensions, overview, rounds
from workflow.services.channel import channel_state
from workflow.services.corrections import waiting_corrections
from workflow.services.guard import clock_guard
from workflow.services.inbox import to_see_to
from workflow.web.held import in_vain
from workflow.web.office import Office, Seated, new_router
from workflow.web.rounds_pages import planned_page
from workflow.web.site import go
from workflow.web.timeline import timeline

router = new_router()

BAR = (State.APPROVED, State.SUBMITTED, State.RETURNED, State.DRAFT, State.NOT_STARTED, State.EXCUSED)
ORDERS = ("name", "due", "late")
PAGE = 100  # units in the table at a time
FARTHEST_PAGE = 1_000_000
SHOWN = 6  # names under one heading of what to do; the rest are a link to the table
_WIDTH, _GAP = 1000.0, 4.0


class Wishes(BaseModel):
    """The filter in the address. `lage` is a State, "owes", "overdue" or "without_contact"."""

    q: str = ""
    lage: str = ""
    slag: str = ""
    ordning: str = ""
    sida: int = Field(default=1, ge=-FARTHEST_PAGE, le=FARTHEST_PAGE)

    def known(self) -> dict[str, str]:
        """The same, where an unknown choice counts as none."""
        return {
            "q": self.q[:200],
            "lage": self.lage if self.lage in {*State, OWES, OVERDUE, WITHOUT_CONTACT} else "",
            "slag": self.slag if self.slag in set(UnitKind) else "",
            "ordning": self.ordning if self.ordning in ORDERS else "name",
        }


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the bar, in its own units."""

    state: State
    x: float
    width: float
    hatches: tuple[float, ...]


@router.get("/")
def start(desk: Seated) -> Response:
    """The open round that opened last, else the list."""
    found = [each for each in rounds.all_rounds(desk.house.db) if each.state is RoundState.OPEN]
    return go(f"/omgang/{found[0].id}" if found else "/omgangar")


@router.get("/omgang/{round_id}")
def show(desk: Seated, round_id: str, wishes: Annotated[Wishes, Query()]) -> Response:
    found = rounds.find_round(desk.house.db, round_id)
    if found.state in {RoundState.PLANNED, RoundState.CANCELLED}:
        return planned_page(desk, found)
    return _overview(desk, round_id, wishes.known(), wishes.sida)


def _overview(desk: Office, round_id: str, chosen: dict[str, str], page: int) -> HTMLResponse:
    house, now = desk.house, desk.now()
    wanted = Wanted(text=chosen["q"], state=chosen["lage"], kind=chosen["slag"], order=chosen["ordning"])
    number = max(page, 1)
    view = overview.glance(
        house.db,
        round_id,
        wanted,
        named=SHOWN,
        limit=PAGE,
        offset=(number - 1) * PAGE,
        calendar=house.calendar,
        now=now,
    )
    pages = max(1, -(-view.found // PAGE))
    if number > pages:
        return _overview(desk, round_id, chosen, pages)
    return desk.page(
        "overview.html",
        nav_round=round_id,
        nav_here="overview",
        round=view.round,
        standing=view.standing,
        view=view,
        rows=view.rows,
        number=number,
        pages=pages,
        chosen=chosen,
        address=urlencode({name: value for name, value in chosen.items() if value}),
        is_chosen=any(chosen[name] for name in ("q", "lage", "slag")),
        requests=extensions.open_requests(house.db, round_id),
        mailed=to_see_to(house.db, round_id),
        corrections=waiting_corrections(house.db),
        shown=SHOWN,
        many_mails=overview.MANY_MAILS,
        bar=segments(view.standing),
        line=timeline(view.round, view.reminded, house.calendar, now),
        kinds=sorted({group.kind for group in view.standing.groups}),
        clock_guard=clock_guard(house.db),
        channel=channel_state(house.db),
        in_vain=in_vain(desk),
    )


def segments(view: RoundStanding) -> tuple[Segment, ...]:
    """The bar: a part for each state that has units, as wide as its share."""
    counts = [(state, view.counts[state]) for state in BAR if view.counts[state]]
    total = sum(count for _, count in counts)
    free = _WIDTH - _GAP * (len(counts) - 1)
    x, parts = 0.0, []
    for state, count in counts:
        width = round(free * count / total, 1)
        hatches = tuple(x + step for step in range(6, int(width) - 9, 12)) if state is State.DRAFT else ()
        parts.append(Segment(state, round(x, 1), width, hatches))
        x += width + _GAP
    return tuple(parts)
