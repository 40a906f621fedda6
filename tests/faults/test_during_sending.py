"""Matrix rows 29 and 30: people act at the very moment in which a mail about it is on its way."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.faults.conftest import Stage
from tests.faults.hand import schedule
from tests.faults.sink import read_truth
from workflow.domain.messages import CONTACT_CHANGED, MessageKind
from workflow.domain.submissions import Submission
from workflow.services import extensions, submissions
from workflow.services.handover import Successor, hand_over
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


NEW = Successor(name="Nils Ny", email="ny@u1.example")


def replace_contact(stage: Stage) -> None:
    house, now = stage.house, stage.place.now()
    hand_over(house.db, ONE, NEW, by="k", secrets=house.secrets, calendar=house.calendar, now=now)


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


ON_ITS_WAY = "En påminnelse kan redan ha varit på väg till er. Bortse i så fall från den."


def receipt(stage: Stage) -> str:
    """Its words, on one line."""
    with stage.house.db.read() as work:
        found = next(each for each in work.outbox.of_submission(ONE) if each.kind is MessageKind.RECEIPT)
        frozen = work.outbox.get(found.id).frozen
    assert frozen
    return " ".join(frozen.text.split())


def test_row_29_handed_in_while_its_reminder_is_being_sent_the_reminder_stops(reminding: Stage) -> None:
    act_when(reminding, "data", hand_in)
    assert of_the_one(reminding, MessageKind.REMINDER) == ["cancelled"]
    assert at_the_sink(reminding, MessageKind.REMINDER) == 0
    deliver(reminding.house.mailroom)
    assert of_the_one(reminding, MessageKind.RECEIPT) == ["sent"]
    assert ON_ITS_WAY not in receipt(reminding)
    assert reminding.violations() == []


def test_row_29_handed_in_when_the_dot_is_out_the_log_tells_the_order_and_the_receipt_explains(
    reminding: Stage,
) -> None:
    act_when(reminding, "dot", hand_in)
    assert of_the_one(reminding, MessageKind.REMINDER) == ["sent"]
    told = [link.event for link in reminding.evidence().log if link.event.submission == ONE]
    kinds = [f"{each.kind} {each.data.get('mail', '')}".strip() for each in told]
    assert kinds.index("message.handing reminder") < kinds.index("submission.submitted")
    assert kinds.index("submission.submitted") < kinds.index("message.handing receipt")
    deliver(reminding.house.mailroom)
    assert of_the_one(reminding, MessageKind.RECEIPT) == ["sent"]
    assert ON_ITS_WAY in receipt(reminding)
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


OLD_ONE, NEW_ONE = "a@u1.example", NEW.email


def heard_today(stage: Stage) -> list[tuple[str, str]]:
    """Who was told of this unit since the invitations, and what, as the server had it."""
    kinds = {each.id: str(each.kind) for each in stage.messages() if each.submission == ONE}
    dots = (dot for dot in read_truth(stage.place.truth) if dot.kept and dot.message in kinds)
    return sorted((dot.to[0], kinds[dot.message]) for dot in dots if kinds[dot.message] != MessageKind.INVITATION)


def test_row_30_contact_replaced_while_the_reminder_is_being_sent_the_new_one_alone_gets_it(reminding: Stage) -> None:
    act_when(reminding, "data", replace_contact)
    schedule(reminding.house, reminding.place.now())
    deliver(reminding.house.mailroom)
    reminders = {str(each.state): each for each in reminding.messages(MessageKind.REMINDER) if each.submission == ONE}
    assert {state: each.to_email for state, each in reminders.items()} == {"cancelled": OLD_ONE, "sent": NEW_ONE}
    assert reminders["cancelled"].reason == CONTACT_CHANGED
    assert heard_today(reminding) == [(OLD_ONE, "handed_over"), (NEW_ONE, "handover"), (NEW_ONE, "reminder")]
    assert reminding.violations() == []


def test_row_30_contact_replaced_when_the_dot_is_out_no_second_reminder_comes_that_day(reminding: Stage) -> None:
    act_when(reminding, "dot", replace_contact)
    for _ in range(3):
        reminding.pass_time(timedelta(hours=1))
        schedule(reminding.house, reminding.place.now())
        deliver(reminding.house.mailroom)
    assert of_the_one(reminding, MessageKind.REMINDER) == ["sent"]
    assert heard_today(reminding) == [(OLD_ONE, "handed_over"), (OLD_ONE, "reminder"), (NEW_ONE, "handover")]
    assert reminding.violations() == []
