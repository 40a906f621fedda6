"""A queue that Celery has given up is tried again and again, ever more patiently, until the process is told to end."""

from itertools import pairwise

from tasks.worker import FIRST_PAUSE, LONGEST_PAUSE, STEADY_AFTER, keep_listening


def test_the_queue_is_tried_again_after_a_growing_pause_until_told_to_stop() -> None:
    now, begun = 0.0, []

    def listen() -> None:
        nonlocal now
        begun.append(now)
        now += 2 * STEADY_AFTER if len(begun) == 9 else 0

    def rest(seconds: float) -> None:
        nonlocal now
        now += seconds

    keep_listening(listen, is_ending=lambda: len(begun) == 10, rest=rest, monotonic=lambda: now)
    pauses = [round(after - before) for before, after in pairwise(begun)]
    assert pauses == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE, LONGEST_PAUSE, 2 * STEADY_AFTER + FIRST_PAUSE]


def test_told_to_stop_while_it_rests_it_does_not_begin_anew() -> None:
    begun: list[bool] = []
    rested: list[float] = []
    keep_listening(
        lambda: begun.append(True), is_ending=lambda: len(rested) == 1, rest=rested.append, monotonic=lambda: 0.0
    )
    assert (len(begun), len(rested)) == (1, 1)
