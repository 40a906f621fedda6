"""The clock guard's arithmetic: what is a jump, what is only time that has passed, and how the guard comes down."""

from datetime import UTC, datetime, timedelta

import pytest

from workflow.domain.clockguard import ClockGuard, Reading, Reason, suspicion

T = datetime(2027, 5, 10, 7, tzinfo=UTC)
TICK = timedelta(seconds=30)
DAY = timedelta(days=1)


def after(seconds: float, *, jump: timedelta = timedelta(), outside: datetime | None = None) -> Reading:
    """A reading `seconds` of real time after T, the wall set by `jump` in between."""
    return Reading(T + timedelta(seconds=seconds) + jump, 1000 + seconds, outside)


@pytest.mark.parametrize("seconds", [0, 30, 86_400, 30 * 86_400], ids=lambda seconds: f"{seconds} s")
@pytest.mark.parametrize("jump", [timedelta(), timedelta(minutes=9), timedelta(minutes=-9)], ids=str)
def test_time_that_passes_is_no_jump_however_long_nor_is_a_small_correction(seconds: float, jump: timedelta) -> None:
    assert suspicion(after(0), after(seconds, jump=jump), None) is None


@pytest.mark.parametrize(
    ("jump", "reason"),
    [
        (timedelta(minutes=11), Reason.AHEAD),
        (DAY, Reason.AHEAD),
        (365 * DAY, Reason.AHEAD),
        (-timedelta(minutes=11), Reason.BACK),
        (-DAY, Reason.BACK),
    ],
    ids=str,
)
@pytest.mark.parametrize("seconds", [0, 30, 7200])
def test_a_clock_that_was_set(jump: timedelta, reason: Reason, seconds: float) -> None:
    found = suspicion(after(0), after(seconds, jump=jump), None)
    assert found
    assert (found.reason, found.off, found.expected) == (reason, jump, T + timedelta(seconds=seconds))
    assert not found.vouched, "no outside time, nobody to vouch"


def test_a_machine_that_slept_has_not_jumped_where_steady_time_goes_on_in_sleep() -> None:
    asleep = 8 * 3600
    assert suspicion(after(0), after(asleep), T) is None
    stopped = Reading(T + timedelta(seconds=asleep), 1000)  # time.monotonic on Linux would say this
    assert suspicion(after(0), stopped, T)


def test_beside_the_last_stored_tick_only_backwards_is_suspect() -> None:
    assert suspicion(None, after(0), None) is None
    assert suspicion(None, after(0), T - 10 * DAY) is None, "ten days of downtime"
    assert suspicion(None, after(0), T + timedelta(minutes=2)) is None, "two hosts are never quite equal"
    found = suspicion(None, after(0), T + timedelta(minutes=3))
    assert found
    assert (found.reason, found.off) == (Reason.BEHIND, -timedelta(minutes=3))


def test_the_databases_host_has_another_opinion() -> None:
    assert suspicion(None, after(0, outside=T - timedelta(minutes=9)), None) is None
    found = suspicion(None, after(0, outside=T - DAY), None)
    assert found
    assert (found.reason, found.off, found.expected, found.vouched) == (Reason.DISAGREES, DAY, T - DAY, True)


@pytest.mark.parametrize("together", [False, True])
def test_a_database_on_the_same_machine_jumps_along_and_vouches_for_nothing(*, together: bool) -> None:
    outside = T + timedelta(seconds=30) + (DAY if together else timedelta())
    found = suspicion(after(0, outside=T), after(30, jump=DAY, outside=outside), T)
    assert found
    assert (found.reason, found.vouched) == (Reason.AHEAD, not together)


# --- the guard ---------------------------------------------------------------


def raised(now: Reading, before: Reading, last_tick: datetime = T) -> ClockGuard:
    found = suspicion(before, now, last_tick)
    assert found
    guard = ClockGuard(last_tick=last_tick).raised(found)
    assert guard.stands
    return guard


def test_what_is_raised_says_why_since_when_and_how_far() -> None:
    guard = raised(after(30, jump=DAY), after(0))
    assert (guard.reason, guard.off_seconds) == ("jumped_ahead", 86_400)
    assert guard.since == T + timedelta(seconds=30), "by the time as it should be"
    assert guard.last_tick == T


def test_three_agreeing_ticks_bring_it_down_and_no_sooner() -> None:
    guard = raised(after(30, jump=DAY, outside=T + TICK), after(0, outside=T))
    for seconds in (60, 61, 62, 90, 119):
        guard = guard.passed(after(seconds, outside=T + timedelta(seconds=seconds)), tick=TICK)
        assert guard.stands, f"after {seconds} s"
    assert guard.agreeing == 2
    guard = guard.passed(after(120, outside=T + timedelta(seconds=120)), tick=TICK)
    assert not guard.stands
    assert guard.last_tick == T + timedelta(seconds=120)


def test_a_disagreement_begins_the_count_again() -> None:
    guard = raised(after(30, jump=DAY, outside=T + TICK), after(0, outside=T))
    guard = guard.passed(after(60, outside=T + timedelta(seconds=60)), tick=TICK)
    assert guard.agreeing == 1
    assert guard.passed(after(90, jump=timedelta(minutes=3), outside=T + 3 * TICK), tick=TICK).agreeing == 0
    found = suspicion(None, after(90, jump=DAY, outside=T + 3 * TICK), T)
    assert found
    again = guard.raised(found)
    assert (again.agreeing, again.since, again.reason) == (0, guard.since, guard.reason)


@pytest.mark.parametrize("outside", [None, "the same machine"])
def test_without_an_outside_time_to_believe_only_a_person_brings_it_down(outside: str | None) -> None:
    def host(seconds: float, jump: timedelta = timedelta()) -> datetime | None:
        return T + timedelta(seconds=seconds) + jump if outside else None

    guard = raised(after(30, jump=DAY, outside=host(30, DAY)), after(0, outside=host(0)))
    for seconds in range(60, 600, 30):
        guard = guard.passed(after(seconds, jump=DAY, outside=host(seconds, DAY)), tick=TICK)
    assert guard.stands
    trusted = guard.trusted("jämfört med en annan klocka")
    assert (trusted.stands, trusted.last_tick, trusted.told) == (False, None, "jämfört med en annan klocka")


def test_a_small_jump_back_is_over_when_it_has_been_lived_through() -> None:
    hour = timedelta(hours=1)
    guard = raised(after(30, jump=-hour), after(0))
    assert guard.passed(after(3600, jump=-hour - TICK), tick=TICK).stands
    down = guard.passed(after(3600, jump=-hour), tick=TICK)
    assert (down.stands, down.last_tick) == (False, T)


def test_a_large_jump_back_is_not() -> None:
    guard = raised(after(30, jump=-DAY), after(0))
    assert guard.passed(after(2 * 86_400, jump=-DAY), tick=TICK).stands


def test_ticks_are_remembered_forwards_only() -> None:
    assert ClockGuard(last_tick=T).ticked(T - TICK).last_tick == T
    assert ClockGuard(last_tick=T).ticked(T + TICK).last_tick == T + TICK
    assert ClockGuard().ticked(T).last_tick == T
