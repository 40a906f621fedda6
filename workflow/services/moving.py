"""Moving the common last day of kinds of units in a round, in one transaction: everything follows or nothing does."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from workflow.domain.audit import Event
from workflow.domain.errors import NotFoundError
from workflow.domain.extensions import Extension, in_force, open_among
from workflow.domain.messages import MessageKind
from workflow.domain.moving import TOUCHED, Effect, Touch, follow
from workflow.domain.people import UnitKind
from workflow.domain.rounds import Round
from workflow.domain.submissions import Submission
from workflow.ports import Database, Secrets, Work
from workflow.services.lastdays import Act


class NoSuchKindError(NotFoundError):
    sentence = "Ingen av slaget {what} deltar i omgången."


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """A round with its new day, and what that does to each of its units, in the order of their ids."""

    before: Round
    after: Round
    touched: tuple[Touch, ...]

    def of(self, *effects: Effect) -> tuple[Touch, ...]:
        return tuple(touch for touch in self.touched if touch.effect in effects)

    @property
    def mails(self) -> int:
        """How many are told, as far as they have somebody to write to."""
        return sum(touch.is_dated_anew for touch in self.touched)


def plan_move(
    db: Database,
    round_id: str,
    due_at: datetime,
    *,
    now: datetime,
    kinds: Collection[UnitKind] = (),
    closes_at: datetime | None = None,
) -> Moving:
    """What `move_round` would do; raises the same, and changes nothing."""
    with db.read() as work:
        return _plan(work, round_id, due_at, kinds, closes_at=closes_at, now=now)


def move_round(
    db: Database,
    round_id: str,
    due_at: datetime,
    *,
    by: str,
    secrets: Secrets,
    now: datetime,
    kinds: Collection[UnitKind] = (),
    closes_at: datetime | None = None,
    version: int | None = None,
) -> Moving:
    """Move the last day of `kinds` (none: all) and tell every unit whose day changes. Longer extensions stand.

    Raises RoundMoveRefusedError, DeadlineError, FarDeadlineError, ClosesBeforeError, NoSuchKindError, and
    StaleWriteError when `version` is no longer that of the round.
    """
    with db.begin() as work:
        moving = _plan(work, round_id, due_at, kinds, closes_at=closes_at, now=now)
        moving.before.must_be(version)
        work.rounds.save(moving.after)
        act = Act(work=work, by=by, now=now, secrets=secrets)
        for touch in moving.touched:
            _apply(act, touch, moving.after)
        data: dict[str, str | int] = {"kinds": ",".join(sorted(kinds or moving.after.kinds)), "moved": moving.mails}
        work.log.append(Event(kind="round.moved", actor=by, at=now, round=round_id, data=data))
        return moving


def _apply(act: Act, touch: Touch, round_: Round) -> None:
    extensions = act.work.extensions.of(touch.before.id)
    if touch.effect in TOUCHED:
        after = act.set_day(touch.before, touch.after, MessageKind.MOVED, round_=round_, reason="")
        act.log("submission.moved", after)
        act.lapse(after, in_force(touch.before, extensions))
    asked = open_among(extensions)
    if asked and _is_met(asked, touch.after):
        act.lapse(touch.after, asked)


def _is_met(asked: Extension, submission: Submission) -> bool:
    return asked.wished is not None and asked.wished <= submission.due_at


def _plan(
    work: Work,
    round_id: str,
    due_at: datetime,
    kinds: Collection[UnitKind],
    *,
    closes_at: datetime | None,
    now: datetime,
) -> Moving:
    """With the round and its submissions locked, unless the transaction only reads."""
    before = work.rounds.get(round_id, lock=True)
    for kind in kinds:
        if kind not in before.kinds:
            raise NoSuchKindError(what=str(kind))
    chosen = frozenset(kinds) or before.kinds
    after = before.move(chosen, due_at, closes_at=closes_at, now=now)
    ids = [each.id for each in work.submissions.of_round(round_id) if each.kind in chosen]
    found = work.submissions.several(ids, lock=True)
    return Moving(before=before, after=after, touched=tuple(follow(each, due_at, at=now) for each in found.values()))
