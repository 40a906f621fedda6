"""The round at a glance: what to do today, how it stands, when what happens, and every unit in a table."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Query
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel

from workflow.domain.messages import OWED_ONLY
from workflow.domain.overview import Overview, matching
from workflow.domain.people import UnitKind
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import State
from workflow.services import ledger, overview, rounds
from workflow.services.channel import channel_state
from workflow.services.guard import clock_guard
from workflow.services.ledger import Line
from workflow.web.held import in_vain
from workflow.web.office import Office, Seated, new_router
from workflow.web.rounds_pages import planned_page
from workflow.web.site import go
from workflow.web.timeline import timeline

router = new_router()

BAR = (State.APPROVED, State.SUBMITTED, State.RETURNED, State.DRAFT, State.NOT_STARTED, State.EXCUSED)
ORDERS = ("name", "due", "late")
SHOWN = 6  # names under one heading of what to do; the rest are a link to the table
_WIDTH, _GAP = 1000.0, 4.0


class Wishes(BaseModel):
    """The filter in the address. `lage` is a State or "overdue"."""

    q: str = ""
    lage: str = ""
    slag: str = ""
    ordning: str = ""

    def known(self) -> dict[str, str]:
        """The same, where an unknown choice counts as none."""
        return {
            "q": self.q[:200],
            "lage": self.lage if self.lage in {*State, "overdue"} else "",
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


@dataclass(frozen=True, slots=True)
class NextSending:
    """The next moment at which mail leaves by itself, and how many."""

    at: datetime
    mails: int


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
    return _overview(desk, round_id, wishes.known())


def _overview(desk: Office, round_id: str, chosen: dict[str, str]) -> HTMLResponse:
    house, now = desk.house, desk.now()
    view = overview.overview(house.db, round_id, calendar=house.calendar, now=now)
    lines = ledger.ledger(house.db, round_id).lines
    rows = matching(
        view.overview.rows, text=chosen["q"], state=chosen["lage"], kind=chosen["slag"], order=chosen["ordning"]
    )
    kinds = {row.submission.id: row.submission.kind for row in view.overview.rows}
    return desk.page(
        "overview.html",
        nav_round=round_id,
        nav_here="overview",
        round=view.round,
        overview=view.overview,
        rows=rows,
        chosen=chosen,
        is_chosen=any(chosen[name] for name in ("q", "lage", "slag")),
        shown=SHOWN,
        undelivered=_undelivered(lines),
        next_sending=_next_sending(view.overview),
        late_next=min((row.next_mail.at for row in view.overview.overdue if row.next_mail), default=None),
        bar=segments(view.overview),
        line=timeline(view.round, [each.message for each in lines], kinds, house.calendar, now),
        kinds=sorted({row.submission.kind for row in view.overview.rows}),
        clock_guard=clock_guard(house.db),
        channel=channel_state(house.db),
        in_vain=in_vain(desk),
    )


def _undelivered(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Mails that did not arrive and still matter: a reminder of what has come in since needs nobody."""
    return tuple(
        line
        for line in lines
        if line.message.state in overview.UNDELIVERED
        and (line.submission.is_owed or line.message.kind not in OWED_ONLY)
    )


def _next_sending(view: Overview) -> NextSending | None:
    times = sorted(row.next_mail.at for row in view.rows if row.next_mail)
    return NextSending(times[0], times.count(times[0])) if times else None


def segments(view: Overview) -> tuple[Segment, ...]:
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
