"""A new last day for several units, or for all of a kind: what it does to each is shown before it is confirmed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from hashlib import sha256
from typing import Annotated

from fastapi import Query
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from workflow.domain.errors import (
    ReasonMissingError,
    RefusedError,
    RoundMoveRefusedError,
    StaleWriteError,
    TextRefusedError,
    TooLongError,
)
from workflow.domain.moving import Effect, Touch
from workflow.domain.people import UnitKind, sort_key
from workflow.domain.preview_diff import PreviewDiff
from workflow.domain.rounds import Round, RoundMove
from workflow.ports import Database, Job
from workflow.services import extensions, moving, overview, rounds
from workflow.services.consequences import consequences
from workflow.services.lastdays import written_reason
from workflow.web.day_words import day_warnings
from workflow.web.forms_in import field
from workflow.web.office import Office, Posted, Seated, clean, new_router, version_shown
from workflow.web.rounds_pages import overtaken
from workflow.web.site import go
from workflow.web.typed_time import TypedTime, UnreadableClockError, typed_of

router = new_router()

PROPOSED_DAYS = 5  # working days after the day that stands; a proposal, the field is free
_AFTERNOON = time(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What was typed, read as far as it can be, and what it would do."""

    day: str
    clock: str
    reason: str = ""
    due_at: datetime | None = None
    closes_at: datetime | None = None
    touched: tuple[Touch, ...] = ()
    warnings: tuple[str, ...] = ()
    problem: tuple[str, str] | None = None
    diff: PreviewDiff | None = None
    changed: bool = False

    @property
    def seal(self) -> str:
        """Names what is shown, so that nothing else is confirmed than what was seen."""
        seen = "|".join(f"{each.before.id} {each.effect} {each.before.footing}" for each in self.touched)
        return sha256(f"{self.due_at}|{self.closes_at}|{seen}".encode()).hexdigest()

    @property
    def groups(self) -> list[tuple[Effect, list[Touch]]]:
        """By what happens to them, each in Swedish order."""
        ordered = sorted(self.touched, key=lambda touch: sort_key(touch.before.unit_name))
        found = [(effect, [touch for touch in ordered if touch.effect is effect]) for effect in Effect]
        return [(effect, touched) for effect, touched in found if touched]


# --- several units ---


@router.get("/omgang/{round_id}/anstand")
def ask_several(desk: Seated, round_id: str, enhet: Annotated[list[str] | None, Query()] = None) -> HTMLResponse:
    """Without any unit in the address: all that have not handed in."""
    found = rounds.find_round(desk.house.db, round_id)
    proposed = _proposal(desk, max(found.due_at.values()))
    return _several(desk, found, enhet or [], Sent(day=proposed.day, clock=proposed.clock))


@router.post("/omgang/{round_id}/anstand")
def extend_several(form: Posted, desk: Seated, round_id: str) -> Response:
    """First shows who moves; the second time, with the same units in the same state, it is done."""
    found, units = rounds.find_round(desk.house.db, round_id), _units(form)
    sent = _read_several(desk, found, units, form)
    if sent.problem or not sent.due_at or field(form, "seal") != sent.seal:
        return _several(desk, found, units, _seen_before(form, sent), status=422 if sent.problem else 200)
    _extend(desk, desk.house.db, found, units, sent)
    desk.house.queue.ask(Job.DELIVER)
    return go(f"/omgang/{round_id}#tabell")


def _read_several(desk: Office, found: Round, units: Sequence[str], form: FormData) -> Sent:
    typed = TypedTime(field(form, "extend.day"), field(form, "extend.clock"))
    reason = field(form, "reason.extend")
    try:
        due_at = typed.instant(desk.house.calendar)
        touched = extensions.who_moves(desk.house.db, found.id, due_at, units=units, now=desk.now())
        reason = written_reason(clean(form, "reason.extend", where="Motivering"))
    except RefusedError as error:
        return _faulty(desk, typed, reason, error)
    warnings = day_warnings(desk.house.calendar, desk.language, due_at, found.closes_at)
    sent = Sent(day=typed.day, clock=typed.clock, reason=reason, due_at=due_at, touched=touched, warnings=warnings)
    return _foretold(desk, found, sent, lambda db: _extend(desk, db, found, units, sent))


def _extend(desk: Office, db: Database, found: Round, units: Sequence[str], sent: Sent) -> None:
    if sent.due_at:
        extensions.extend_all(
            db,
            found.id,
            sent.due_at,
            units=units,
            reason=sent.reason,
            by=desk.by,
            secrets=desk.house.secrets,
            now=desk.now(),
        )


def _several(desk: Office, found: Round, units: Sequence[str], sent: Sent, *, status: int = 200) -> HTMLResponse:
    view = overview.overview(desk.house.db, found.id, calendar=desk.house.calendar, now=desk.now()).overview
    owing = [row.submission for row in view.rows if row.submission.is_owed]
    chosen = [each for each in owing if each.unit in units] if units else owing
    return desk.page(
        "extend_several.html",
        status=status,
        nav_round=found.id,
        nav_here="overview",
        round=found,
        chosen=chosen,
        units=units,
        sent=sent,
    )


# --- the common day ---


@router.get("/omgang/{round_id}/flytta")
def ask_move(desk: Seated, round_id: str) -> Response:
    found = rounds.find_round(desk.house.db, round_id)
    if not found.allows(RoundMove.MOVE):
        return go(f"/omgang/{round_id}")
    calendar = desk.house.calendar
    typed = typed_of(max(found.due_at.values()), calendar)
    return _moving(desk, found, [], typed_of(found.closes_at, calendar), Sent(day=typed.day, clock=typed.clock))


@router.post("/omgang/{round_id}/flytta")
def move(form: Posted, desk: Seated, round_id: str) -> Response:
    """As `extend_several`: shown first, done when the same is confirmed."""
    found = rounds.find_round(desk.house.db, round_id)
    kinds = [UnitKind(each) for each in _all(form, "kind") if each in found.kinds]
    closes = TypedTime(field(form, "closes.day"), field(form, "closes.clock"))
    sent = _read_move(desk, found, kinds, closes, form)
    if sent.problem or not sent.due_at or field(form, "seal") != sent.seal:
        return _moving(desk, found, kinds, closes, _seen_before(form, sent), status=422 if sent.problem else 200)
    try:
        _move(desk, desk.house.db, found, kinds, sent, version=version_shown(form))
    except (RoundMoveRefusedError, StaleWriteError) as error:
        return overtaken(desk, round_id, error)
    desk.house.queue.ask(Job.DELIVER)
    return go(f"/omgang/{round_id}")


def _read_move(desk: Office, found: Round, kinds: Sequence[UnitKind], closes: TypedTime, form: FormData) -> Sent:
    calendar = desk.house.calendar
    typed = TypedTime(field(form, "move.day"), field(form, "move.clock"))
    try:
        closes_at = closes.instant(calendar)
    except RefusedError as error:
        return Sent(day=typed.day, clock=typed.clock, problem=("closes-day", desk.say.error(error)))
    try:
        due_at = typed.instant(calendar)
        plan = moving.plan_move(desk.house.db, found.id, due_at, kinds=kinds, closes_at=closes_at, now=desk.now())
    except RefusedError as error:
        return _faulty(desk, typed, "", error, section="move")
    warnings = day_warnings(calendar, desk.language, due_at, closes_at)
    sent = Sent(
        day=typed.day,
        clock=typed.clock,
        due_at=due_at,
        closes_at=closes_at,
        touched=plan.touched,
        warnings=warnings,
    )
    return _foretold(desk, found, sent, lambda db: _move(desk, db, found, kinds, sent))


def _move(
    desk: Office, db: Database, found: Round, kinds: Sequence[UnitKind], sent: Sent, *, version: int | None = None
) -> None:
    if sent.due_at:
        moving.move_round(
            db,
            found.id,
            sent.due_at,
            kinds=kinds,
            closes_at=sent.closes_at,
            by=desk.by,
            secrets=desk.house.secrets,
            now=desk.now(),
            version=version,
        )


def _moving(
    desk: Office, found: Round, kinds: Sequence[UnitKind], closes: TypedTime, sent: Sent, *, status: int = 200
) -> HTMLResponse:
    return desk.page(
        "move_round.html",
        status=status,
        nav_round=found.id,
        nav_here="overview",
        round=found,
        kinds=kinds,
        closes=closes,
        sent=sent,
    )


# --- both ---


def _foretold(desk: Office, found: Round, sent: Sent, change: Callable[[Database], None]) -> Sent:
    """With what it would do to the mails to come."""
    house = desk.house
    return replace(sent, diff=consequences(house.db, found.id, change, calendar=house.calendar, now=desk.now()))


def _seen_before(form: FormData, sent: Sent) -> Sent:
    """Somebody handed in, or decided, between the look and the confirmation: look once more."""
    changed = bool(field(form, "seal")) and not sent.problem and field(form, "seen") == f"{sent.day} {sent.clock}"
    return replace(sent, changed=changed)


def _faulty(desk: Office, typed: TypedTime, reason: str, error: RefusedError, *, section: str = "extend") -> Sent:
    about = "clock" if isinstance(error, UnreadableClockError) else "day"
    about = "reason" if isinstance(error, (ReasonMissingError, TextRefusedError, TooLongError)) else about
    return Sent(day=typed.day, clock=typed.clock, reason=reason, problem=(f"{section}-{about}", desk.say.error(error)))


def _proposal(desk: Office, due_at: datetime) -> TypedTime:
    calendar = desk.house.calendar
    later = max(calendar.local(desk.now()).date(), calendar.last_day(due_at))
    return typed_of(calendar.at(calendar.add_working_days(later, PROPOSED_DAYS), _AFTERNOON), calendar)


def _units(form: FormData) -> list[str]:
    return _all(form, "enhet")


def _all(form: FormData, name: str) -> list[str]:
    return [each for each in form.getlist(name) if isinstance(each, str)]
