"""One unit's underlag as a coordinator may see it: how far it is, and what has been handed in, never a draft."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, time

from fastapi.responses import HTMLResponse

from workflow.domain.addressing import passed_over
from workflow.domain.errors import RefusedError
from workflow.domain.extensions import Extension, in_force, open_among
from workflow.domain.preview_diff import PreviewDiff
from workflow.domain.submissions import Edition, Submission, submission_id
from workflow.services import extensions, ledger, overview, punctuality
from workflow.services.overview import SubmissionView
from workflow.web.arrivals import beside_unit
from workflow.web.office import Office, Seated, new_router
from workflow.web.typed_time import TypedTime, typed_of

router = new_router()

SUPPLEMENT_DAYS = 5  # working days proposed for a supplement or an extension; a proposal, the field is free
_AFTERNOON = time(16)
_NOISE = frozenset({"message.handing"})


@router.get("/omgang/{round_id}/underlag/{unit}")
def show(desk: Seated, round_id: str, unit: str, utgava: int = 0) -> HTMLResponse:
    return submission_page(desk, round_id, unit, edition=utgava)


def submission_page(
    desk: Office,
    round_id: str,
    unit: str,
    *,
    edition: int = 0,
    status: int = 200,
    section: str = "",
    typed: Mapping[str, str] | None = None,
    problems: Sequence[tuple[str, str]] = (),
    warnings: Sequence[str] = (),
    diff: PreviewDiff | None = None,
) -> HTMLResponse:
    """`section` names the form that was just posted: it is open, filled with `typed`, its `problems` on top."""
    house, now = desk.house, desk.now()
    view = overview.submission_view(house.db, submission_id(round_id, unit))
    place = overview.place(house.db, view.submission.id, calendar=house.calendar, now=now)
    shown = _chosen(view, edition)
    asked = extensions.of_unit(house.db, view.submission.id)
    waits = open_among(asked)
    filled = {**_proposals(desk, view.submission, waits), **(typed or {})}
    return desk.page(
        "submission.html",
        status=status,
        nav_round=round_id,
        nav_here="overview",
        round=view.round,
        sub=view.submission,
        row=place.row,
        editions=view.editions,
        shown=shown,
        is_newest=shown is None or shown.number == view.submission.edition,
        previous=previous_edition(view, shown),
        questions=view.round.form.asked(view.submission.kind, view.submission.unit),
        recipients=view.recipients,
        passed_over=passed_over,
        mails=sorted(view.messages, key=lambda each: each.due_at, reverse=True),
        events=_events(desk, view),
        names=ledger.people(house.db, view.recipients),
        earlier=punctuality.earlier(punctuality.of_unit(house.db, unit), view.round),
        next_waiting=place.next_waiting,
        waiting=place.waiting,
        waiting_request=waits,
        extensions=[each for each in reversed(asked) if not each.is_open],
        stood=extensions.day_without(view.submission, in_force(view.submission, asked), view.round),
        section=section,
        **beside_unit(desk, view),
        typed=filled,
        meant=_meant(desk, filled),
        problems=problems,
        warnings=warnings,
        diff=diff,
    )


def _chosen(view: SubmissionView, number: int) -> Edition | None:
    """The edition asked for, else the newest; None when nothing has been handed in."""
    found = next((each for each in view.editions if each.number == number), None)
    return found or (view.editions[-1] if view.editions else None)


def previous_edition(view: SubmissionView, shown: Edition | None) -> Edition | None:
    """What was handed in before the one shown."""
    return next((each for each in reversed(view.editions) if shown and each.number < shown.number), None)


def _events(desk: Office, view: SubmissionView) -> list[tuple[datetime, str]]:
    names = ledger.people(desk.house.db, view.recipients)
    events = ledger.history(desk.house.db, view.submission.id)
    return [(each.at, desk.say.event(each, names)) for each in reversed(events) if each.kind not in _NOISE]


def _meant(desk: Office, filled: Mapping[str, str]) -> dict[str, datetime]:
    """The instants that stand in the fields for a last day; those that cannot be read are left out."""
    found = {}
    for section in ("return", "reopen", "extend"):
        with suppress(RefusedError):
            each = TypedTime(filled[f"{section}.day"], filled[f"{section}.clock"])
            found[section] = each.instant(desk.house.calendar)
    return found


def _proposals(desk: Office, submission: Submission, asked: Extension | None) -> dict[str, str]:
    """What the fields hold before anybody has typed in them."""
    calendar, now = desk.house.calendar, desk.now()
    later = max(calendar.local(now).date(), calendar.last_day(submission.due_at))
    again = typed_of(
        calendar.at(calendar.add_working_days(calendar.local(now).date(), SUPPLEMENT_DAYS), _AFTERNOON), calendar
    )
    proposed = calendar.at(calendar.add_working_days(later, SUPPLEMENT_DAYS), _AFTERNOON)
    new = typed_of(asked.wished if asked and asked.wished else proposed, calendar)
    return {
        "return.day": again.day,
        "return.clock": again.clock,
        "reopen.day": again.day,
        "reopen.clock": again.clock,
        "extend.day": new.day,
        "extend.clock": new.clock,
        "note.diary": submission.diary_number,
    }
