"""Moving a round's common last day, or giving several units the same: whom it touches, and how."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from workflow.domain.submissions import State, Submission


class Effect(StrEnum):
    """What a new last day does to one unit.

    MOVES: it gets the new day. JOINS: its extension ends no later, and becomes the new common day. STANDS: it has a
    day as late or later already, and keeps it. OWN: a supplement keeps the day of its own. DONE: it owes nothing.
    """

    MOVES = "moves"
    JOINS = "joins"
    STANDS = "stands"
    OWN = "own"
    DONE = "done"


TOUCHED = frozenset({Effect.MOVES, Effect.JOINS})


@dataclass(frozen=True, slots=True)
class Touch:
    """One unit before and after; the same where nothing changes."""

    effect: Effect
    before: Submission
    after: Submission

    @property
    def is_dated_anew(self) -> bool:
        """The last day really changes: reminders, mails and calendar entries must follow."""
        return self.before.due_at != self.after.due_at


def follow(submission: Submission, due_at: datetime, *, at: datetime) -> Touch:
    """The common day of its kind becomes `due_at`. What was handed in keeps the day it was judged against."""
    if not submission.is_owed:
        return Touch(Effect.DONE, submission, submission)
    if submission.state is State.RETURNED:
        return Touch(Effect.OWN, submission, submission)
    if submission.extended and submission.due_at > due_at:
        return Touch(Effect.STANDS, submission, submission)
    effect = Effect.JOINS if submission.extended else Effect.MOVES if submission.due_at != due_at else Effect.STANDS
    return Touch(effect, submission, submission.follow(due_at, at=at))


def lengthen(submission: Submission, due_at: datetime, *, at: datetime) -> Touch:
    """An extension for several: whoever has as much time already keeps it, and is not shortened by the way."""
    if not submission.is_owed:
        return Touch(Effect.DONE, submission, submission)
    if submission.due_at >= due_at:
        return Touch(Effect.STANDS, submission, submission)
    return Touch(Effect.MOVES, submission, submission.extend(due_at, at=at))
