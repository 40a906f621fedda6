"""More time for one unit: asked for by its contact person or given by a coordinator, with a table of moves."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from workflow.domain.calendar import Calendar
from workflow.domain.errors import (
    DeadlineError,
    FarDeadlineError,
    MoveRefusedError,
    NoExtensionError,
    ReasonMissingError,
    RequestAnsweredError,
)
from workflow.domain.submissions import FARTHEST, Actor, Submission


class ExtensionState(StrEnum):
    """LAPSED: nobody needs it any more (handed in, excused, or the common date is as late)."""

    ASKED = "asked"
    GRANTED = "granted"
    CHANGED = "changed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class ExtensionMove(StrEnum):
    """CHANGE gives another day than the one asked for, or than the one given before."""

    GRANT = "grant"
    CHANGE = "change"
    REFUSE = "refuse"
    TAKE_BACK = "take_back"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"


EXTENSION_MOVES: Mapping[tuple[ExtensionState, ExtensionMove], ExtensionState] = {
    (ExtensionState.ASKED, ExtensionMove.GRANT): ExtensionState.GRANTED,
    (ExtensionState.ASKED, ExtensionMove.CHANGE): ExtensionState.CHANGED,
    (ExtensionState.ASKED, ExtensionMove.REFUSE): ExtensionState.REFUSED,
    (ExtensionState.ASKED, ExtensionMove.TAKE_BACK): ExtensionState.WITHDRAWN,
    (ExtensionState.ASKED, ExtensionMove.LAPSE): ExtensionState.LAPSED,
    (ExtensionState.GRANTED, ExtensionMove.CHANGE): ExtensionState.CHANGED,
    (ExtensionState.CHANGED, ExtensionMove.CHANGE): ExtensionState.CHANGED,
    (ExtensionState.GRANTED, ExtensionMove.WITHDRAW): ExtensionState.WITHDRAWN,
    (ExtensionState.CHANGED, ExtensionMove.WITHDRAW): ExtensionState.WITHDRAWN,
    (ExtensionState.GRANTED, ExtensionMove.LAPSE): ExtensionState.LAPSED,
    (ExtensionState.CHANGED, ExtensionMove.LAPSE): ExtensionState.LAPSED,
}

EXTENSION_ACTORS: Mapping[ExtensionMove, frozenset[Actor]] = {
    ExtensionMove.GRANT: frozenset({Actor.COORDINATOR}),
    ExtensionMove.CHANGE: frozenset({Actor.COORDINATOR}),
    ExtensionMove.REFUSE: frozenset({Actor.COORDINATOR}),
    ExtensionMove.TAKE_BACK: frozenset({Actor.CONTACT}),
    ExtensionMove.WITHDRAW: frozenset({Actor.COORDINATOR}),
    ExtensionMove.LAPSE: frozenset(Actor),  # of itself, by what either of them did
}

GIVEN = frozenset({ExtensionState.GRANTED, ExtensionState.CHANGED})
"""The states in which it gives time, as long as the submission is extended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A request, or a decision that nobody asked for (`asked_at` None).

    `reason` is the contact person's, `answer` the coordinator's. `due_at` is the last day given; `stood` the one that
    stood before, to which the unit returns if the extension is withdrawn.
    """

    id: str
    submission: str
    state: ExtensionState
    asked_at: datetime | None = None
    asked_by: str = ""
    reason: str = ""
    wished: datetime | None = None
    due_at: datetime | None = None
    stood: datetime | None = None
    answer: str = ""
    decided_at: datetime | None = None
    decided_by: str = ""

    @property
    def is_open(self) -> bool:
        """Waits for a coordinator."""
        return self.state is ExtensionState.ASKED

    def allows(self, move: ExtensionMove) -> bool:
        return (self.state, move) in EXTENSION_MOVES

    def give(self, due_at: datetime, *, stood: datetime, answer: str, by: str, at: datetime) -> "Extension":
        """Grant it as asked for, or with another day; a day given before is changed."""
        wanted = ExtensionMove.GRANT if self.is_open and due_at == self.wished else ExtensionMove.CHANGE
        return replace(self._moved(wanted, by, at), due_at=due_at, stood=stood, answer=answer)

    def refuse(self, answer: str, *, by: str, at: datetime) -> "Extension":
        """Say no. Raises ReasonMissingError without a reason."""
        if not answer.strip():
            raise ReasonMissingError
        return replace(self._moved(ExtensionMove.REFUSE, by, at), answer=answer)

    def take_back(self, *, by: str, at: datetime) -> "Extension":
        """The contact person does not ask for it any more."""
        return self._moved(ExtensionMove.TAKE_BACK, by, at)

    def withdraw(self, answer: str, *, by: str, at: datetime) -> "Extension":
        """The coordinator takes back the time that was given. Raises ReasonMissingError without a reason."""
        if not answer.strip():
            raise ReasonMissingError
        return replace(self._moved(ExtensionMove.WITHDRAW, by, at), answer=answer)

    def lapse(self, *, by: str, at: datetime) -> "Extension":
        return self._moved(ExtensionMove.LAPSE, by, at)

    def _moved(self, move: ExtensionMove, by: str, at: datetime) -> "Extension":
        state = EXTENSION_MOVES.get((self.state, move))
        if state is None:
            raise RequestAnsweredError
        return replace(self, state=state, decided_by=by, decided_at=at)


def ask(
    submission: Submission,
    *,
    id_: str,
    wished: datetime,
    reason: str,
    by: str,
    at: datetime,
    calendar: Calendar,
) -> Extension:
    """Ask for more time: later than today and than the last day that stands, within a year or so.

    Raises MoveRefusedError when nothing is owed, ReasonMissingError, DeadlineError, FarDeadlineError, NoExtensionError.
    """
    if not submission.is_owed:
        raise MoveRefusedError(move="ask_extension", state=submission.state)
    if calendar.last_day(wished) <= calendar.local(at).date():
        raise DeadlineError(now=at)
    if wished - at > FARTHEST:
        raise FarDeadlineError(due=wished)
    if wished <= submission.due_at:
        raise NoExtensionError(due=submission.due_at)
    if not reason.strip():
        raise ReasonMissingError
    return Extension(
        id=id_,
        submission=submission.id,
        state=ExtensionState.ASKED,
        asked_at=at,
        asked_by=by,
        reason=reason.strip(),
        wished=wished,
    )


def unasked(
    submission: Submission, *, id_: str, due_at: datetime, stood: datetime, answer: str, by: str, at: datetime
) -> Extension:
    """Time given by a coordinator of their own accord."""
    return Extension(
        id=id_,
        submission=submission.id,
        state=ExtensionState.GRANTED,
        due_at=due_at,
        stood=stood,
        answer=answer,
        decided_at=at,
        decided_by=by,
    )


def open_among(extensions: tuple[Extension, ...]) -> Extension | None:
    """The request that waits for an answer; there is never more than one per submission."""
    return next((each for each in extensions if each.is_open), None)


def in_force(submission: Submission, extensions: tuple[Extension, ...]) -> Extension | None:
    """The decision behind the last day of an extended submission."""
    given = [each for each in extensions if each.state in GIVEN and each.decided_at]
    newest = max(given, key=lambda each: (each.decided_at or submission.due_set_at, each.id), default=None)
    return newest if submission.extended else None
