"""What begin and read promise, on all three databases."""

from threading import Event, Thread

import pytest
from sqlalchemy.exc import DBAPIError

from tests.builders import NOW, a_round
from tests.fakes.tables import FakeRefusedError
from workflow.domain.errors import NotFoundError, StaleWriteError
from workflow.domain.rounds import RoundState
from workflow.ports import Database, Work


def test_a_clean_exit_commits(database: Database) -> None:
    with database.begin() as work:
        assert work.rounds.add(a_round())
        assert work.rounds.get("2027-T1") == a_round()
    with database.read() as work:
        assert work.rounds.get("2027-T1") == a_round()


def test_an_error_rolls_everything_back_and_comes_out(database: Database) -> None:
    with pytest.raises(NotFoundError), database.begin() as work:
        write_and_fail(work)
    with database.read() as work:
        assert work.rounds.all() == ()
        assert work.beats.all() == {}


def write_and_fail(work: Work) -> None:
    work.rounds.add(a_round())
    work.beats.note("outbox.deliver", NOW)
    work.outbox.get("m-9")


def test_the_database_is_usable_after_an_error(database: Database) -> None:
    with pytest.raises(KeyError), database.begin():
        raise KeyError
    with database.begin() as work:
        work.beats.note("outbox.deliver", NOW)
    with database.read() as work:
        assert work.beats.all() == {"outbox.deliver": NOW}


def test_a_reading_transaction_cannot_write(database: Database) -> None:
    with pytest.raises((DBAPIError, FakeRefusedError)), database.read() as work:
        work.beats.note("outbox.deliver", NOW)
    with database.begin() as work:  # and the connection it used can write again
        assert work.beats.all() == {}
        work.beats.note("rounds.open_due", NOW)
    with database.read() as work:
        assert list(work.beats.all()) == ["rounds.open_due"]


def test_reading_sees_one_snapshot_and_does_not_wait_for_a_writer(stocked: Database) -> None:
    with stocked.begin() as writing, stocked.read() as reading:
        writing.rounds.save(a_round(state=RoundState.CLOSED))
        assert reading.rounds.get("2027-T1").state is RoundState.OPEN
    with stocked.read() as reading:
        assert reading.rounds.get("2027-T1").state is RoundState.CLOSED


def test_a_lock_makes_the_second_writer_wait_and_see_what_the_first_wrote(stocked: Database) -> None:
    inside, seen = Event(), []

    def second() -> None:
        inside.set()
        with stocked.begin() as work:
            seen.append(work.rounds.get("2027-T1", lock=True).state)

    thread = Thread(target=second)
    with stocked.begin() as work:
        round_ = work.rounds.get("2027-T1", lock=True)
        thread.start()
        assert inside.wait(5)
        work.rounds.save(round_.close(NOW))
    thread.join(10)
    assert seen == [RoundState.CLOSED]


def test_locking_in_a_reading_transaction_is_just_reading(stocked: Database) -> None:
    with stocked.read() as work:
        assert work.rounds.get("2027-T1", lock=True) == a_round()
        assert work.submissions.get("2027-T1.norrby", lock=True).unit == "norrby"
        assert work.outbox.due(NOW, limit=10) == ()


def test_a_refused_save_leaves_the_transaction_usable(stocked: Database) -> None:
    with stocked.begin() as work:
        with pytest.raises(StaleWriteError):
            work.rounds.save(a_round(version=7))
        work.beats.note("outbox.deliver", NOW)
    with stocked.read() as work:
        assert work.beats.all() == {"outbox.deliver": NOW}
