"""A real mail server that will not have an address, and two workers at once: whoever is next gets the mail, once."""

import signal
from collections import Counter
from datetime import timedelta

import pytest

from tests.faults.conftest import Stage
from tests.faults.hand import delivering_once
from tests.faults.sink import Fault, read_truth
from tests.faults.test_smtp_faults import deliver_for
from workflow.domain.messages import MessageKind
from workflow.services.inbox import to_see_to

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]

NO_USER = "550 5.1.1 no such user"
DEPUTIES = ("b@u0.example", "b@u3.example")


def two_workers(stage: Stage) -> None:
    """To the end, side by side."""
    both = [stage.start(delivering_once) for _ in range(2)]
    for process in both:
        process.join(60)
        assert process.exitcode == 0


def reached(stage: Stage) -> Counter[str]:
    """How many mails each address has got."""
    return Counter(address for dot in read_truth(stage.place.truth) if dot.kept for address in dot.to)


@pytest.mark.parametrize("killed", [False, True])
def test_the_deputy_gets_exactly_one_mail(stage: Stage, *, killed: bool) -> None:
    stage.sink.faults = [Fault("rcpt", NO_USER, times=0, to=f"a@u{number}.example") for number in range(6)]
    if killed:
        stage.signal_when("rcpt", lambda: stage.start(delivering_once), signal.SIGKILL).join(20)
        stage.pass_time()
    two_workers(stage)
    two_workers(stage)
    deliver_for(stage, 3)
    assert reached(stage) == dict.fromkeys(DEPUTIES, 1)
    assert stage.states(MessageKind.INVITATION) == {"failed": 6, "sent": 2}
    assert stage.events("message.turned_to_deputy") == 2
    assert stage.events("address.undeliverable") == 6
    assert stage.violations() == []


def test_a_refused_copy_holds_no_reminder_and_is_told_of_once(stage: Stage) -> None:
    while not stage.messages(MessageKind.OVERDUE):
        stage.next_reminders()
    stage.sink.faults = [Fault("rcpt", NO_USER, times=0, to=DEPUTIES[0])]
    two_workers(stage)
    two_workers(stage)
    late = [each for each in read_truth(stage.place.truth) if each.kept and len(each.to) > 1]
    assert [each.to for each in late] == [("a@u3.example", DEPUTIES[1])]
    assert stage.states(MessageKind.OVERDUE) == {"sent": 6}
    assert reached(stage)[DEPUTIES[0]] == 0
    (note,) = to_see_to(stage.house.db)
    assert note.arrival.address == DEPUTIES[0]
    lead = next(each for each in stage.messages(MessageKind.OVERDUE) if each.id == note.arrival.message)
    with stage.house.db.read() as work:
        assert "1 i kopia togs inte emot: 550 5.1.1" in work.outbox.attempts(lead.id)[-1].text
    assert stage.events("message.copy_refused") == stage.events("address.undeliverable") == 1
    assert stage.violations() == []


def test_a_copy_that_is_refused_for_now_gets_its_copy_after_all(stage: Stage) -> None:
    """As greylisting does it: the mail waits, and is one."""
    while not stage.messages(MessageKind.OVERDUE):
        stage.next_reminders()
    stage.sink.faults = [Fault("rcpt", "450 4.2.0 greylisted", times=1, to=DEPUTIES[0])]
    two_workers(stage)
    stage.pass_time(timedelta(minutes=6))
    two_workers(stage)
    assert reached(stage)[DEPUTIES[0]] == reached(stage)[DEPUTIES[1]] == 1
    assert stage.states(MessageKind.OVERDUE) == {"sent": 6}
    assert stage.violations() == []
