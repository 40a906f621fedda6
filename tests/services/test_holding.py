"""After a restore nothing leaves by itself; when somebody has looked, it does."""

from datetime import timedelta

from tests.builders import OPENS_AT
from tests.services.conftest import House
from workflow.domain.messages import MessageState
from workflow.services.holding import RESTORED, hold_planned, release_held


def test_what_is_held_does_not_leave_and_says_why(opened: House) -> None:
    assert hold_planned(opened.db, why=RESTORED, by="cli", now=OPENS_AT) == 2
    assert opened.deliver().sent == 0
    assert [(each.state, each.reason) for each in opened.messages()] == [(MessageState.HELD, "restored")]


def test_a_mail_caught_while_sending_is_held_too(opened: House) -> None:
    message = opened.messages()[0]
    with opened.db.begin() as work:
        assert work.outbox.change(message, message.claim(OPENS_AT))
    assert hold_planned(opened.db, why=RESTORED, by="cli", now=OPENS_AT) == 2
    opened.clock.at = OPENS_AT + timedelta(days=1)
    assert opened.deliver().sent == 0


def test_release_sends_once_even_after_a_week(opened: House) -> None:
    hold_planned(opened.db, why=RESTORED, by="cli", now=OPENS_AT)
    opened.clock.at = OPENS_AT + timedelta(days=7)
    assert release_held(opened.db, by="cli", now=opened.clock.at) == 2
    assert opened.deliver().sent == 2
    assert release_held(opened.db, by="cli", now=opened.clock.at) == 0
    assert opened.events().count("mail.released") == 1


def test_what_is_due_later_keeps_its_time(opened: House) -> None:
    message = opened.messages()[0]
    hold_planned(opened.db, why=RESTORED, by="cli", now=OPENS_AT)
    release_held(opened.db, by="cli", now=OPENS_AT - timedelta(hours=1))
    released = opened.messages()[0]
    assert (released.state, released.due_at, released.give_up_at) == (
        MessageState.PLANNED,
        message.due_at,
        message.give_up_at,
    )
