"""The machine can see: each fault that is planted into the system is found."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.fakes.database import FakeOutbox
from tests.model.machine import Machine
from workflow.domain.letters import Several
from workflow.domain.messages import Message, MessageState
from workflow.domain.reminders import DuePlan
from workflow.domain.reminders import due_by as whole_plan
from workflow.domain.submissions import Recipient, Submission
from workflow.services.claims import Truths
from workflow.services.letters import Situation
from workflow.services.several import compose_several

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


def _tells_of_the_first_alone(patch: pytest.MonkeyPatch) -> None:
    """A mail goes for several rows, and its words are about one."""

    def compose(situations: Sequence[Situation], people: Iterable[Recipient]) -> Several:
        return compose_several(situations[:1], people)

    patch.setattr("workflow.services.writing.compose_several", compose)


@pytest.mark.faults
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("plant", "seen"),
    [
        (_resends_what_may_have_arrived, "arrived 2 times|arrived and is"),
        (_sends_after_the_answer, "to who has answered"),
        (_sends_after_its_lease, "left at|left on|arrived"),
        (_writes_over_others, None),
        (_forgets_what_was_missed, None),
        (_keeps_no_first_receipt, None),
        (_tells_of_the_first_alone, "tells of"),
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


def _asks_only_about_who_leads(patch: pytest.MonkeyPatch) -> None:
    """Viken goes along with Norrby's mail, whatever has become of it."""
    whole = Truths.against

    def against(truths: Truths, message: Message, now: datetime) -> str:
        goes_along = message.is_reminder and message.submission.endswith("viken")
        return "" if goes_along else whole(truths, message, now)

    patch.setattr(Truths, "against", against)


def _viken_comes_in_on_the_way() -> Machine:
    """Åsa's mail about Norrby and Viken is with the server but for its dot when Viken hands in."""
    machine = Machine()
    machine.open(death="")
    machine.deliver()
    machine.wait_for_a_reminder(late=timedelta())
    machine.work(
        ready=True,
        script=[],
        connections=3,
        dies_at=0,
        after=False,
        before_marker=[("hand_in", "viken")],
        before_reply=[],
    )
    return machine


def test_a_companion_told_of_after_its_answer_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the mail's own words. The same play without the fault is sound, and the mail was written anew for Norrby."""
    sound = _viken_comes_in_on_the_way()
    sound.all_is_true()
    assert {each.tells for each in sound.world.server.arrived[-3:]} >= {frozenset({"norrby"})}
    _asks_only_about_who_leads(monkeypatch)
    harmed = _viken_comes_in_on_the_way()
    with pytest.raises(AssertionError, match="to who has answered: frozenset"):
        harmed.all_is_true()
