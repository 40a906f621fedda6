"""More time: asked for, taken back, given, refused, withdrawn; one transaction each, with the mail that tells of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.domain.calendar import Calendar
from workflow.domain.errors import NobodyMovesError, NotFoundError, RequestAnsweredError
from workflow.domain.extensions import Extension, ExtensionState, ask, in_force
from workflow.domain.forms import clean_text
from workflow.domain.messages import MessageKind
from workflow.domain.moving import Effect, Touch, lengthen
from workflow.domain.rounds import Round
from workflow.domain.submissions import State, Submission
from workflow.ports import Database, Secrets, Work
from workflow.services.lastdays import Act, shown, written_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An open request beside the submission it is about."""

    extension: Extension
    submission: Submission


def ask_for_time(
    db: Database,
    submission_id: str,
    *,
    wished: datetime,
    reason: str,
    by: str,
    secrets: Secrets,
    calendar: Calendar,
    now: datetime,
) -> Extension:
    """The contact person asks, also after the last day. Raises what `ask` raises, and AlreadyAskedError."""
    with db.begin() as work:
        submission = work.submissions.get(submission_id, lock=True)
        asked = ask(
            submission,
            id_=secrets.new_id(),
            wished=wished,
            reason=clean_text(reason, where="reason"),
            by=by,
            at=now,
            calendar=calendar,
        )
        work.extensions.add(asked)
        Act(work=work, by=by, now=now, secrets=secrets).log("extension.asked", submission, asked)
        return asked


def take_back_request(
    db: Database, submission_id: str, extension_id: str, *, by: str, secrets: Secrets, now: datetime
) -> Extension:
    """The contact person asks no more. Raises RequestAnsweredError when somebody has answered."""
    with db.begin() as work:
        submission = work.submissions.get(submission_id, lock=True)
        asked = _of(work, submission, extension_id)
        back = asked.take_back(by=by, at=now)
        work.extensions.change(asked, back)
        Act(work=work, by=by, now=now, secrets=secrets).log("extension.taken_back", submission, back)
        return back


def extend(
    db: Database,
    submission_ids: Sequence[str],
    due_at: datetime,
    *,
    reason: str,
    by: str,
    secrets: Secrets,
    now: datetime,
    footing: str | None = None,
    request: str = "",
) -> tuple[Submission, ...]:
    """Give one or several units a new last day, all or none; reminders follow it and the units are told.

    An open request is answered by it. For a single unit: `footing` is what the page showed, `request` the request it
    answers (StaleWriteError, RequestAnsweredError when they are not so any more); only then may the reason be empty.
    """
    with db.begin() as work:
        return extend_in(
            work,
            submission_ids,
            due_at,
            reason=reason,
            by=by,
            secrets=secrets,
            now=now,
            footing=footing,
            request=request,
        )


def extend_in(
    work: Work,
    submission_ids: Sequence[str],
    due_at: datetime,
    *,
    reason: str,
    by: str,
    secrets: Secrets,
    now: datetime,
    footing: str | None = None,
    request: str = "",
) -> tuple[Submission, ...]:
    """The same in a transaction of the caller's. Locks the units first."""
    reason = clean_text(reason.strip(), where="reason") if request else written_reason(reason)
    act = Act(work=work, by=by, now=now, secrets=secrets)
    extended = []
    for submission_id in sorted(submission_ids):  # always in the same order: two at once never wait for each other
        before = shown(work, submission_id, footing)
        if request and not _of(work, before, request).is_open:
            raise RequestAnsweredError
        extended.append(act.give(before, before.extend(due_at, at=now), reason))
    return tuple(extended)


def extend_all(
    db: Database,
    round_id: str,
    due_at: datetime,
    *,
    reason: str,
    by: str,
    secrets: Secrets,
    now: datetime,
    units: Sequence[str] = (),
) -> tuple[Touch, ...]:
    """Give all who owe (or those of `units` who do) until `due_at`; whoever has as much time already keeps it.

    A request for longer than that still waits for its answer.

    Raises NobodyMovesError when that is everybody, ReasonMissingError, DeadlineError, FarDeadlineError.
    """
    reason = written_reason(reason)
    with db.begin() as work:
        act = Act(work=work, by=by, now=now, secrets=secrets)
        touched = _touch_all(work, round_id, due_at, units, now)
        for touch in touched:
            if touch.effect is Effect.MOVES:
                act.give(touch.before, touch.after, reason, keep_longer_wish=True)
        return touched


def who_moves(
    db: Database, round_id: str, due_at: datetime, *, now: datetime, units: Sequence[str] = ()
) -> tuple[Touch, ...]:
    """What `extend_all` would do; raises the same, and changes nothing."""
    with db.read() as work:
        return _touch_all(work, round_id, due_at, units, now)


def refuse(
    db: Database, submission_id: str, extension_id: str, *, reason: str, by: str, secrets: Secrets, now: datetime
) -> Extension:
    """Say no, with a reason; the mail says which day stands. Raises RequestAnsweredError, ReasonMissingError."""
    reason = written_reason(reason)
    with db.begin() as work:
        act = Act(work=work, by=by, now=now, secrets=secrets)
        submission = work.submissions.get(submission_id, lock=True)
        asked = _of(work, submission, extension_id)
        refused = asked.refuse(reason, by=by, at=now)
        work.extensions.change(asked, refused)
        wished = asked.wished.isoformat() if asked.wished else ""
        act.tell(submission, MessageKind.EXTENSION_REFUSED, f"refused-{refused.id}", wished=wished, reason=reason)
        act.log("extension.refused", submission, refused)
        return refused


def withdraw(
    db: Database,
    submission_id: str,
    *,
    reason: str,
    by: str,
    secrets: Secrets,
    now: datetime,
    footing: str | None = None,
) -> Submission:
    """Take back the time that was given: the day that stood before holds again. Raises PassedDeadlineError."""
    reason = written_reason(reason)
    with db.begin() as work:
        act = Act(work=work, by=by, now=now, secrets=secrets)
        before = shown(work, submission_id, footing)
        round_ = work.rounds.get(before.round)
        given = in_force(before, work.extensions.of(submission_id))
        moved = before.end_extension(day_without(before, given, round_), at=now)
        after = act.set_day(before, moved, MessageKind.EXTENSION_WITHDRAWN, round_=round_, reason=reason)
        if given:
            work.extensions.change(given, given.withdraw(reason, by=by, at=now))
        act.log("submission.extension_withdrawn", after, given)
        return after


def of_unit(db: Database, submission_id: str) -> tuple[Extension, ...]:
    """Every request and decision of a unit, oldest first."""
    with db.read() as work:
        return work.extensions.of(submission_id)


def open_requests(db: Database, round_id: str) -> tuple[Waiting, ...]:
    """The requests that wait for a coordinator, oldest first."""
    with db.read() as work:
        found = work.extensions.of_round(round_id, states={ExtensionState.ASKED})
        submissions = work.submissions.several({each.submission for each in found})
    return tuple(Waiting(extension=each, submission=submissions[each.submission]) for each in found)


def day_without(submission: Submission, given: Extension | None, round_: Round) -> datetime:
    """The last day the unit would have without its extension: the round's, or that of its supplement."""
    if submission.state is State.RETURNED and given and given.stood:
        return given.stood
    return round_.due_at[submission.kind]


def _touch_all(work: Work, round_id: str, due_at: datetime, units: Sequence[str], now: datetime) -> tuple[Touch, ...]:
    """Locked in the order of their ids; in a reading transaction nothing is locked."""
    work.rounds.get(round_id)
    chosen = [each.id for each in work.submissions.of_round(round_id) if not units or each.unit in units]
    touched = tuple(lengthen(each, due_at, at=now) for each in work.submissions.several(chosen, lock=True).values())
    if not any(touch.effect is Effect.MOVES for touch in touched):
        raise NobodyMovesError
    return touched


def _of(work: Work, submission: Submission, extension_id: str) -> Extension:
    """The extension, if it is this submission's. Raises NotFoundError."""
    found = work.extensions.get(extension_id)
    if found.submission != submission.id:
        raise NotFoundError(what=extension_id)
    return found
