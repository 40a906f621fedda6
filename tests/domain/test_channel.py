"""The way out: how long it rests after trouble, and that no minute ever sees more mails than allowed."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW
from workflow.domain.channel import BLOCK_LADDER, ChannelState, Rate

MINUTE = timedelta(minutes=1)
OPEN = ChannelState(name="smtp")


def test_it_rests_longer_after_each_failure_and_a_success_forgets_them_all() -> None:
    state, now, rests = OPEN, NOW, []
    for _ in range(7):
        state = state.block(now, "535 no", seen=state.failures)
        assert state.blocked_until is not None
        rests.append(state.blocked_until - now)
        now = state.blocked_until
    assert rests == [timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 30, 30)]
    assert all(shorter < longer for shorter, longer in pairwise(BLOCK_LADDER))
    assert state.clear() == OPEN


def test_while_it_rests_nothing_is_admitted_and_then_one_mail() -> None:
    assert OPEN.admits(100, NOW) == 100
    blocked = OPEN.block(NOW, "535 no", seen=0)
    assert blocked.admits(100, NOW + MINUTE - timedelta(seconds=1)) == 0
    assert blocked.admits(100, NOW + MINUTE) == 1
    tried = blocked.probe(NOW + MINUTE)
    assert tried.failures == 1
    assert tried.admits(100, NOW + 2 * MINUTE) == 0  # somebody is trying
    assert tried.admits(100, NOW + 3 * MINUTE) == 1  # and never came back


def test_a_clock_set_back_makes_no_rest_longer_than_any() -> None:
    blocked = OPEN.block(NOW, "421", seen=0)
    assert blocked.admits(100, NOW - timedelta(days=1)) == 1


def test_two_workers_with_the_same_trouble_count_it_once() -> None:
    first = OPEN.block(NOW, "535 no", seen=0)
    assert first.block(NOW, "535 no", seen=0) == first
    assert first.block(NOW + MINUTE, "535 no", seen=1).failures == 2


@pytest.mark.parametrize("per_minute", [1, 2, 3, 10, 30, 1000])
def test_a_bucket_used_every_half_minute_gives_at_least_half_of_what_is_allowed(per_minute: int) -> None:
    rate, state, taken = Rate(per_minute), OPEN, 0
    for tick in range(20):
        state = state.refill(rate, NOW + tick * MINUTE / 2)
        taken += int(state.tokens)
        state = state.take(int(state.tokens))
    assert per_minute * 10 / 2 <= taken <= per_minute * 10 + rate.burst


def test_a_clock_set_back_neither_fills_the_bucket_nor_stops_it() -> None:
    rate = Rate(30)
    empty = OPEN.refill(rate, NOW).take(10)
    back = empty.refill(rate, NOW - timedelta(days=1))
    assert back.tokens == 0
    assert back.refill(rate, NOW - timedelta(days=1) + MINUTE).tokens == 10


def test_no_more_is_taken_than_there_is() -> None:
    with pytest.raises(ValueError, match="11 of 10"):
        OPEN.refill(Rate(30), NOW).take(11)


@given(
    per_minute=st.integers(1, 200),
    visits=st.lists(st.tuples(st.floats(0, 45), st.integers(0, 300)), min_size=1, max_size=60),
)
def test_no_sixty_seconds_see_more_than_allowed_whoever_asks_when(
    per_minute: int, visits: list[tuple[float, int]]
) -> None:
    rate, state, now, sent = Rate(per_minute), OPEN, NOW, []
    for pause, wanted in visits:
        now += timedelta(seconds=pause)
        state = state.refill(rate, now)
        mails = min(wanted, int(state.tokens))
        state = state.take(mails)
        sent.append((now, mails))
    for start, _ in sent:
        assert sum(mails for at, mails in sent if start <= at < start + MINUTE) <= per_minute
