"""How a unit has kept its last days: what was stamped stays stamped."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import OPENS_AT, a_round, a_submission
from workflow.domain.punctuality import Outcome, punctuality, record
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import State, Submission


@pytest.mark.parametrize(
    ("round_state", "changes", "outcome", "late_days"),
    [
        (RoundState.OPEN, {}, Outcome.OPEN, 0),
        (RoundState.CLOSED, {"state": State.DRAFT}, Outcome.NEVER, 0),
        (RoundState.OPEN, {"state": State.SUBMITTED, "received_at": OPENS_AT}, Outcome.IN_TIME, 0),
        (RoundState.BUNDLED, {"state": State.APPROVED, "received_at": OPENS_AT, "late_days": 3}, Outcome.LATE, 3),
        # Returned after it came in on time: the supplement's delay is no lateness of the answer.
        (RoundState.CLOSED, {"state": State.RETURNED, "received_at": OPENS_AT}, Outcome.IN_TIME, 0),
        (RoundState.CLOSED, {"state": State.EXCUSED, "received_at": OPENS_AT, "late_days": 2}, Outcome.EXCUSED, 0),
    ],
)
def test_what_came_of_it(round_state: RoundState, changes: dict[str, object], outcome: Outcome, late_days: int) -> None:
    submission: Submission = replace(a_submission(), **changes)  # type: ignore[arg-type]
    found = record(replace(a_round(), state=round_state), submission)
    assert (found.outcome, found.late_days) == (outcome, late_days)


def test_newest_first_under_the_newest_name() -> None:
    older = replace(a_round(), id="2026-T1", opens_at=OPENS_AT - timedelta(days=365))
    records = [
        record(older, replace(a_submission(), unit_name="Gamla nämnden")),
        record(a_round(), replace(a_submission(), unit_name="Nya nämnden")),
    ]
    found = punctuality(records)
    assert [each.round.id for each in found.records] == ["2027-T1", "2026-T1"]
    assert found.name == "Nya nämnden"
    assert found.count(Outcome.OPEN) == 2
