"""Matrix rows 29 and 30: people act at the very moment in which a mail about it is on its way."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.faults.conftest import Stage
from tests.faults.hand import schedule
from workflow.domain.messages import MessageKind
from workflow.domain.submissions import Submission
from workflow.services import extensions, submissions
from workflow.services.outbox import deliver

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]

ONE = "2027-K1.u1"


def hand_in(stage: Stage) -> None:
    stage.hand_in(ONE)


def extend(stage: Stage) -> None:
    house, now = stage.house, stage.place.now()
    due_at = submission(stage).due_at + timedelta(days=7)
    extensions.extend(house.db, [ONE], due_at, reason="sjukdom", by="k", secrets=house.secrets, now=now)


def excuse(stage: Stage) -> None:
    house, now = stage.house, stage.place.now()
    submissions.excuse(house.db, ONE, reason="läggs ned", by="k", secrets=house.secrets, now=now)


def submission(stage: Stage) -> Submission:
    with stage.house.db.read() as work:
        return work.submissions.get(ONE)


def act_when(stage: Stage, point: str, act: Callable[[Stage], None]) -> None:
    """In the middle of the dialogue about the mail to this unit, once."""
    done: list[str] = []

    def watch(reached: str, to: tuple[str, ...]) -> None:
        if reached == point and "a@u1.example" in to and not done:
            done.append(reached)
            act(stage)

    stage.sink.watch = watch
    deliver(stage.house.mailroom)
    assert done, "the moment never came"


@pytest.fixture
def reminding(stage: Stage) -> Stage:
    """Invited, and the first reminders are due."""
    deliver(stage.house.mailroom)
    stage.next_reminders()
    return stage


def of_the_one(stage: Stage, kind: MessageKind) -> list[str]:
    return [str(each.state) for each in stage.messages(kind) if each.submission == ONE]


def at_the_sink(stage: Stage, kind: MessageKind) -> int:
    copies = stage.evidence().copies()
    return sum(copies[each.id] for each in stage.messages(kind) if each.submission == ONE)


def test_row_29_handed_in_while_its_reminder_is_being_sent_the_reminder_stops(reminding: Stage) -> None:
    act_when(reminding, "data", hand_in)
    assert of_the_one(reminding, MessageKind.REMINDER) == ["cancelled"]
    assert at_the_sink(reminding, MessageKind.REMINDER) == 0
    deliver(reminding.house.mailroom)
    assert of_the_one(reminding, MessageKind.RECEIPT) == ["sent"]
    assert reminding.violations() == []


def test_row_29_handed_in_when_the_dot_is_out_the_log_tells_the_order(reminding: Stage) -> None:
    act_when(reminding, "dot", hand_in)
    assert of_the_one(reminding, MessageKind.REMINDER) == ["sent"]
    told = [link.event for link in reminding.evidence().log if link.event.submission == ONE]
    kinds = [f"{each.kind} {each.data.get('mail', '')}".strip() for each in told]
    assert kinds.index("message.handing reminder") < kinds.index("submission.submitted")
    assert kinds.index("submission.submitted") < kinds.index("message.handing receipt")
    deliver(reminding.house.mailroom)
    assert of_the_one(reminding, MessageKind.RECEIPT) == ["sent"]
    assert reminding.violations() == []


@pytest.mark.parametrize(("act", "told"), [(extend, MessageKind.EXTENSION), (excuse, MessageKind.EXCUSED)])
def test_row_30_moved_or_excused_while_being_sent_the_old_mail_stops_and_no_second_comes_that_day(
    reminding: Stage, act: Callable[[Stage], None], told: MessageKind
) -> None:
    act_when(reminding, "data", act)
    schedule(reminding.house, reminding.place.now())
    deliver(reminding.house.mailroom)
    assert of_the_one(reminding, MessageKind.REMINDER) == ["cancelled"]
    assert of_the_one(reminding, told) == ["sent"]
    assert reminding.violations() == []


def test_row_30_moved_when_the_dot_is_out_no_second_reminder_comes_that_day(reminding: Stage) -> None:
    act_when(reminding, "dot", extend)
    for _ in range(3):
        reminding.pass_time(timedelta(hours=1))
        schedule(reminding.house, reminding.place.now())
        deliver(reminding.house.mailroom)
    assert at_the_sink(reminding, MessageKind.REMINDER) == 1
    assert of_the_one(reminding, MessageKind.EXTENSION) == ["sent"]
    assert reminding.violations() == []
