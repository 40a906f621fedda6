"""A way out that is shut holds every mail and burns none; a rate is kept by all workers together."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import OPENS_AT
from tests.fakes.mail import ACCEPTED, GREYLISTED, NO_USER, NOBODY_THERE, POLICY
from tests.services.conftest import HAMNEN, NORRBY, House
from workflow.domain.channel import BLOCK_LADDER, NO_LIMIT, Rate
from workflow.domain.messages import MessageKind, MessageState
from workflow.domain.submissions import State
from workflow.ports import Handover, Outcome, Phase
from workflow.services import links, outbox
from workflow.services.channel import channel_state
from workflow.services.mailroom import Tally

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
NO_LOGIN = Handover(Outcome.BLOCKED, Phase.AUTH, 535, "5.7.8 wrong")
TOO_MANY = Handover(Outcome.BLOCKED, Phase.GREETING, 432, "4.3.2 too many connections")
SHUT = [POLICY, NO_LOGIN, NOBODY_THERE, Handover(Outcome.RETRY, Phase.GREETING, 421, "4.3.2 busy")]


def deliver(house: House, *, connections: int = 1, rate: Rate = NO_LIMIT) -> Tally:
    return outbox.deliver(replace(house.mailroom, connections=connections, rate=rate))


def tries(house: House) -> int:
    with house.read() as work:
        return sum(len(work.outbox.attempts(each.id)) for each in work.outbox.list())


@pytest.mark.parametrize("answer", SHUT, ids=lambda each: f"{each.phase}-{each.code}")
@pytest.mark.parametrize("connections", [1, 4])
def test_a_shut_channel_holds_the_mails_and_burns_none(opened: House, answer: Handover, connections: int) -> None:
    opened.postman.always = answer
    assert deliver(opened, connections=connections) == Tally(sent=0, other=min(connections, 2))
    state = channel_state(opened.db)
    assert (state.failures, state.blocked_until) == (1, OPENS_AT + MINUTE)
    assert answer.text in state.reason
    for message in (*opened.messages(NORRBY), *opened.messages(HAMNEN)):
        assert (message.state, message.attempts, message.frozen) == (MessageState.PLANNED, 0, None)
    assert opened.events().count("channel.blocked") == 1


def test_while_it_rests_nothing_is_tried_and_the_rests_grow(opened: House) -> None:
    opened.postman.always = NO_LOGIN
    rests = []
    for turn in range(1, 8):
        assert deliver(opened, connections=4).sent == 0
        state = channel_state(opened.db)
        assert state.blocked_until is not None
        rests.append(state.blocked_until - opened.clock.at)
        assert state.failures == turn
        seen = tries(opened)
        opened.clock.at = state.blocked_until - SECOND
        deliver(opened, connections=4)
        assert tries(opened) == seen
        opened.clock.at += SECOND
    assert rests == [*BLOCK_LADDER, BLOCK_LADDER[-1], BLOCK_LADDER[-1]]


def test_when_the_time_is_up_one_mail_tries_and_success_lets_all_go(opened: House) -> None:
    opened.postman.always = NO_LOGIN
    deliver(opened, connections=4)
    opened.clock.at += MINUTE
    before = tries(opened)
    deliver(opened, connections=4)
    assert tries(opened) == before + 1
    opened.postman.always = ACCEPTED
    opened.clock.at += 2 * MINUTE
    assert deliver(opened, connections=4).sent == 2
    assert not channel_state(opened.db).is_blocked
    assert opened.events().count("channel.cleared") == 1
    assert [opened.events().count(f"message.{state}") for state in ("handing", "sent")] == [2, 2]


def test_four_days_of_a_shut_channel_give_nothing_up(opened: House) -> None:
    opened.postman.script = [GREYLISTED, GREYLISTED]  # one rung of the ladder each, so that there is something to burn
    deliver(opened)
    opened.postman.always = NO_LOGIN
    for _ in range(4 * 48):
        opened.clock.at += timedelta(minutes=30)
        deliver(opened)
    assert {each.state for each in opened.messages()} == {MessageState.PLANNED}
    opened.postman.always = GREYLISTED
    opened.clock.at += timedelta(minutes=31)
    while not opened.calendar.in_window(opened.clock.at):
        opened.clock.at += timedelta(hours=1)
    deliver(opened)
    assert {(each.state, each.attempts) for each in opened.messages()} == {(MessageState.PLANNED, 2)}
    opened.postman.always = ACCEPTED
    opened.clock.at += timedelta(minutes=15)
    assert deliver(opened).sent == 2


def test_a_refused_connection_beside_working_ones_costs_its_mail_nothing(opened: House) -> None:
    opened.postman.script = [TOO_MANY]
    assert deliver(opened, connections=4) == Tally(sent=2)
    assert {(each.state, each.attempts) for each in opened.messages()} == {(MessageState.SENT, 1)}
    assert not channel_state(opened.db).is_blocked
    assert opened.events().count("channel.blocked") == 0


def test_a_mail_that_alone_is_told_of_policy_does_not_shut_the_way_for_others(opened: House) -> None:
    """550 5.7.1 may mean this one recipient: others go out beside it, and then it is the mail's own trouble."""
    opened.postman.script = [POLICY]
    assert deliver(opened, connections=4) == Tally(sent=1, other=1)
    assert not channel_state(opened.db).is_blocked
    refused = next(each for each in (*opened.messages(NORRBY), *opened.messages(HAMNEN)) if each.attempts)
    assert refused.state in {MessageState.PLANNED, MessageState.SENT}


def test_the_mail_that_shut_the_way_queues_behind_and_blames_itself_the_second_time(opened: House) -> None:
    opened.postman.script = [POLICY]
    deliver(opened)
    (first,) = (each for each in (*opened.messages(NORRBY), *opened.messages(HAMNEN)) if each.reason)
    opened.clock.at += MINUTE
    opened.postman.script = [ACCEPTED, POLICY]  # the other one goes first and clears; then it is this one's turn
    assert deliver(opened) == Tally(sent=1, other=1)
    again = next(each for each in opened.messages(first.submission) if each.id == first.id)
    assert (again.state, again.attempts) == (MessageState.PLANNED, 1)
    assert again.due_at == opened.clock.at + timedelta(minutes=5)
    assert not channel_state(opened.db).is_blocked


def test_an_unknown_recipient_proves_that_the_channel_works(opened: House) -> None:
    opened.postman.script = [NO_LOGIN, NO_USER]
    deliver(opened)
    opened.clock.at += MINUTE
    assert deliver(opened) == Tally(sent=1, other=1)
    assert not channel_state(opened.db).is_blocked


def test_what_is_put_back_is_written_anew_for_the_day_on_which_it_goes(opened: House) -> None:
    """Nothing was accepted, nothing frozen: a mail that waited must not speak of the day it was first tried."""
    opened.postman.always = NO_LOGIN
    deliver(opened)
    opened.postman.always = ACCEPTED
    opened.clock.at += timedelta(days=1)
    deliver(opened)
    with opened.read() as work:
        sent = work.outbox.get(opened.messages()[0].id)
    assert sent.frozen is not None
    assert sent.frozen.date == opened.clock.at
    assert sent.local_day == opened.calendar.local(opened.clock.at).date().isoformat()


def test_the_rate_is_kept_however_often_one_asks(opened: House) -> None:
    assert deliver(opened, connections=4, rate=Rate(1)).sent == 1
    opened.clock.at += 59 * SECOND
    assert deliver(opened, connections=4, rate=Rate(1)).sent == 0
    opened.clock.at += SECOND
    assert deliver(opened, connections=4, rate=Rate(1)).sent == 1


def test_a_token_is_taken_when_its_mail_leaves_and_not_while_it_waits_for_a_slow_server(opened: House) -> None:
    """Over one connection the second mail leaves two minutes after the first: the bucket is full again by then."""
    left = []

    def take_long() -> None:
        opened.clock.at += 2 * MINUTE
        left.append(channel_state(opened.db).tokens)

    opened.postman.before_reply = take_long
    assert deliver(opened, rate=Rate(6)).sent == 2
    assert left == [1, 1]


@pytest.mark.parametrize(("seconds", "sent"), [(9, 2), (11, 1), (12, 2)])
def test_a_token_that_could_not_be_used_is_worth_nothing_ten_seconds_later(
    opened: House, seconds: int, sent: int
) -> None:
    """Two tokens of a bucket that gives another in twelve seconds; one of two mails finds no connection at first."""

    def take_long() -> None:
        opened.clock.at += seconds * SECOND
        opened.postman.before_marker = lambda: None

    opened.postman.script = [TOO_MANY]
    opened.postman.before_marker = take_long
    assert deliver(opened, connections=2, rate=Rate(6)).sent == sent


def test_who_waits_for_a_new_link_is_not_behind_a_round(opened: House) -> None:
    opened.clock.at += MINUTE
    links.renew_link(opened.db, NORRBY, by="k-1", secrets=opened.secrets, now=opened.clock.at)
    assert deliver(opened, rate=Rate(1)).sent == 1
    left = {kind for kind, _, state in opened.mails(NORRBY) if state is MessageState.SENT}
    assert left == {MessageKind.NEW_LINK}


def test_what_no_longer_goes_costs_no_token(opened: House) -> None:
    with opened.db.begin() as work:
        work.submissions.save(replace(work.submissions.get(NORRBY), state=State.SUBMITTED))
    assert deliver(opened, rate=Rate(1)).sent == 1
    assert opened.mails(NORRBY) == [(MessageKind.INVITATION, "open", MessageState.CANCELLED)]
    assert opened.mails(HAMNEN) == [(MessageKind.INVITATION, "open", MessageState.SENT)]
