"""The machine can see: each fault that is planted into the system is found."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.fakes.database import FakeOutbox
from tests.model.machine import Machine
from workflow.domain.messages import Message, MessageState
from workflow.domain.reminders import DuePlan
from workflow.domain.reminders import due_by as whole_plan
from workflow.domain.submissions import Submission

Plant = Callable[[pytest.MonkeyPatch], None]


def _resends_what_may_have_arrived(patch: pytest.MonkeyPatch) -> None:
    """The usual outbox: a lease that ran out means do it again."""

    def recover(message: Message) -> Message:
        return replace(message, state=MessageState.PLANNED, lease_until=None, fence=message.fence + 1)

    patch.setattr(Message, "recover", recover)


def _sends_after_the_answer(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("workflow.services.claims.why_untrue", lambda *_, **__: "")


def _sends_after_its_lease(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Message, "has_lost_its_lease", lambda *_: False)


def _writes_over_others(patch: pytest.MonkeyPatch) -> None:
    def change(outbox: FakeOutbox, before: Message, after: Message) -> bool:
        outbox._tables.messages[before.id] = replace(after, frozen=after.frozen or before.frozen)
        return True

    patch.setattr(FakeOutbox, "change", change)


def _forgets_what_was_missed(patch: pytest.MonkeyPatch) -> None:
    def due_by(*given: object, **named: object) -> DuePlan:
        return replace(whole_plan(*given, **named), skip=())  # type: ignore[arg-type]  # handed on as they came

    patch.setattr("workflow.domain.planning.due_by", due_by)


def _keeps_no_first_receipt(patch: pytest.MonkeyPatch) -> None:
    whole = Submission.submit

    def submit(submission: Submission, *given: object, **named: object) -> Submission:
        return whole(replace(submission, received_at=None), *given, **named)  # type: ignore[arg-type]  # as they came

    patch.setattr(Submission, "submit", submit)


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("plant", "seen"),
    [
        (_resends_what_may_have_arrived, "arrived 2 times|arrived and is"),
        (_sends_after_the_answer, "to who has answered"),
        (_sends_after_its_lease, "left at|left on|arrived"),
        (_writes_over_others, None),
        (_forgets_what_was_missed, None),
        (_keeps_no_first_receipt, None),
    ],
)
def test_a_planted_fault_is_found(plant: Plant, seen: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    effort = settings(
        max_examples=1500,
        stateful_step_count=50,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    with pytest.raises(AssertionError, match=seen):
        run_state_machine_as_test(Machine, settings=effort)
