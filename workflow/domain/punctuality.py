"""How a unit has kept its last days, round after round: told per unit, never as a list of the worst."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from workflow.domain.rounds import Round, RoundState
from workflow.domain.submissions import State, Submission


class Outcome(StrEnum):
    IN_TIME = "in_time"
    LATE = "late"
    EXCUSED = "excused"
    NEVER = "never"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One unit in one round. `late_days` are working days as stamped when it first came in; 0 unless LATE."""

    round: Round
    submission: Submission
    outcome: Outcome

    @property
    def late_days(self) -> int:
        return self.submission.late_days if self.outcome is Outcome.LATE else 0

    @property
    def received_at(self) -> datetime | None:
        return self.submission.received_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Punctuality:
    """A unit's rounds, newest first."""

    unit: str
    name: str
    records: tuple[Record, ...]

    def count(self, outcome: Outcome) -> int:
        return sum(record.outcome is outcome for record in self.records)


def record(round_: Round, submission: Submission) -> Record:
    """What came of one unit's answer. Whoever has handed in once has a stamp; what happened later moves it not."""
    return Record(round=round_, submission=submission, outcome=_outcome(round_, submission))


def punctuality(records: Iterable[Record]) -> Punctuality:
    """Fold one unit's records, of which there is at least one; the name is the newest round's."""
    ordered = tuple(sorted(records, key=lambda each: each.round.opens_at, reverse=True))
    newest = ordered[0].submission
    return Punctuality(unit=newest.unit, name=newest.unit_name, records=ordered)


def _outcome(round_: Round, submission: Submission) -> Outcome:
    if submission.state is State.EXCUSED:
        return Outcome.EXCUSED
    if submission.received_at is not None:
        return Outcome.LATE if submission.late_days else Outcome.IN_TIME
    return Outcome.OPEN if round_.state is RoundState.OPEN else Outcome.NEVER
