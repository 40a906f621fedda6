"""The standing truths: they hold over a sound house, and each one names what breaks it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import OPENS_AT, a_submission
from tests.services.conftest import NORRBY, ROUND, House
from workflow.domain.clockguard import Reason, Suspicion
from workflow.domain.messages import MessageState
from workflow.services.doctor import Truth, examine
from workflow.services.mailroom import CHANNEL

TICK = timedelta(seconds=30)


def broken(house: House, after: timedelta = timedelta(minutes=1)) -> dict[Truth, tuple[str, ...]]:
    found = examine(house.db, tick=TICK, now=house.clock.at + after)
    assert {finding.truth for finding in found} == set(Truth)
    return {finding.truth: finding.broken for finding in found if not finding.holds}


def test_all_hold_before_and_after_a_round_opens_and_its_mails_leave(house: House) -> None:
    assert broken(house) == {}
    house.open()
    assert broken(house) == {}
    house.deliver()
    house.answer(NORRBY)
    house.submit(NORRBY)
    house.deliver()
    assert broken(house) == {}


def test_a_round_that_has_not_opened_in_time(house: House) -> None:
    assert broken(house, timedelta(minutes=14)) == {}
    assert broken(house, timedelta(minutes=16)) == {Truth.OPENED_IN_TIME: (ROUND,)}


def test_mail_that_lies_there(opened: House) -> None:
    assert set(broken(opened, timedelta(minutes=11))[Truth.MAIL_LEAVES]) == {
        message.id for unit in (NORRBY, f"{ROUND}.hamnen") for message in opened.messages(unit)
    }


def test_a_torn_round_and_an_uninvited_unit(opened: House) -> None:
    with opened.db.begin() as work:
        work.submissions.add([a_submission(id=f"{ROUND}.extra", round=ROUND, unit="extra")])
    assert broken(opened) == {Truth.WHOLE_ROUNDS: (ROUND,)}  # nobody to invite: only the number is wrong


def _stuck(house: House) -> None:
    message = house.messages()[0]
    with house.db.begin() as work:
        sending = message.claim(OPENS_AT - timedelta(days=1))
        assert work.outbox.change(message, sending)


def _claims_to_be_sent(house: House) -> None:
    message = house.messages()[0]
    with house.db.begin() as work:
        assert work.outbox.change(message, replace(message, state=MessageState.SENT, sent_at=OPENS_AT))


def test_a_clock_that_is_suspect(opened: House) -> None:
    found = Suspicion(Reason.AHEAD, timedelta(days=1), OPENS_AT, vouched=False)
    with opened.db.begin() as work:
        work.guards.keep_clock(work.guards.clock(lock=True).raised(found))
    assert broken(opened) == {Truth.CLOCK: ("jumped ahead by 1 day, 0:00:00 since 2027-05-03T06:00:00+00:00",)}


def test_a_way_out_that_is_shut(opened: House) -> None:
    with opened.db.begin() as work:
        state = work.channels.get(CHANNEL, lock=True)
        work.channels.save(state.block(OPENS_AT, "535 5.7.8 wrong password", seen=0))
    assert broken(opened) == {Truth.CHANNEL: ("535 5.7.8 wrong password",)}
    with opened.db.begin() as work:
        work.channels.save(work.channels.get(CHANNEL, lock=True).clear())
    assert broken(opened) == {}


@pytest.mark.parametrize(
    ("harm", "truth"), [(_stuck, Truth.LEASES), (_claims_to_be_sent, Truth.SENT_WAS_ACCEPTED)], ids=["stuck", "sent"]
)
def test_mails_that_no_worker_would_leave_so(opened: House, harm: Callable[[House], None], truth: Truth) -> None:
    message = opened.messages()[0]
    harm(opened)
    assert broken(opened) == {truth: (message.id,)}
