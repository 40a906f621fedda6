"""A worker that sleeps (a suspended machine, a very slow server) wakes to a world that has gone on without it."""

from datetime import timedelta

from tests.services.conftest import HAMNEN, NORRBY, House
from workflow.domain.messages import LEASE, MessageState


def states(house: House) -> list[MessageState]:
    return [each.state for unit in (NORRBY, HAMNEN) for each in house.messages(unit)]


def test_after_its_lease_a_worker_sends_no_dot_even_if_nobody_took_over(opened: House) -> None:
    """It would leave at night, or with words of the day before; what is put back is looked at anew."""

    def sleep() -> None:
        opened.clock.at += timedelta(hours=14)  # 22:00

    opened.postman.before_marker = sleep
    opened.deliver()
    assert opened.postman.taken == []
    assert states(opened) == [MessageState.PLANNED] * 2
    opened.postman.before_marker = lambda: None
    opened.clock.at = opened.calendar.next_window(opened.clock.at)
    assert opened.deliver().sent == 2


def test_within_its_lease_it_may_take_its_time(opened: House) -> None:
    def sleep() -> None:
        opened.clock.at += LEASE / 4

    opened.postman.before_marker = sleep
    assert opened.deliver().sent == 2
