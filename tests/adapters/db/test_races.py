"""Several real processes on one database: nothing is lost, nothing happens twice."""

from sqlalchemy import text

from tests.adapters.db import racers
from tests.adapters.db.racers import JOINS, KEYS, RACERS, TURNS, race
from tests.builders import a_contact, a_message, a_unit
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine
from workflow.domain.audit import first_break
from workflow.domain.messages import MessageState


def answered(database: SqlDatabase) -> tuple[int, int]:
    with database.read() as work:
        stored = work.submissions.get("2027-T1.norrby")
    return stored.answered, stored.version


def test_no_update_is_lost_when_all_read_and_write_the_same_row(sql_stocked: SqlDatabase, sql_url: str) -> None:
    beaten = race(racers.count_up, sql_url)
    assert answered(sql_stocked) == (RACERS * TURNS, RACERS * TURNS)
    assert sum(beaten) > 0, "they never met: this race proves nothing"


def test_a_lock_lets_each_in_turn(sql_stocked: SqlDatabase, sql_url: str) -> None:
    race(racers.count_up_under_lock, sql_url)
    assert answered(sql_stocked) == (RACERS * TURNS, RACERS * TURNS)


def test_planners_of_the_same_keys_plan_each_once(sql_stocked: SqlDatabase, sql_url: str) -> None:
    new = race(racers.plan_the_same, sql_url)
    assert sum(new) == KEYS
    with sql_stocked.read() as work:
        assert len({each.key for each in work.outbox.list()}) == len(work.outbox.list()) == KEYS


def test_no_message_is_claimed_twice(sql_stocked: SqlDatabase, sql_url: str) -> None:
    with sql_stocked.begin() as work:
        work.outbox.plan(
            [a_message(slot=f"T+{number}", to_email=f"nr.{number}@norrby.example") for number in range(KEYS)]
        )
    claimed = [id_ for mine in race(racers.claim_all, sql_url) for id_ in mine]
    assert len(claimed) == len(set(claimed)) == KEYS
    with sql_stocked.read() as work:
        assert {(each.state, each.attempts) for each in work.outbox.list()} == {(MessageState.SENDING, 1)}


def test_no_message_is_claimed_twice_in_batches_either(sql_stocked: SqlDatabase, sql_url: str) -> None:
    with sql_stocked.begin() as work:
        work.outbox.plan(
            [a_message(slot=f"T+{number}", to_email=f"nr.{number}@norrby.example") for number in range(KEYS)]
        )
    claimed = [id_ for mine in race(racers.claim_in_batches, sql_url) for id_ in mine]
    assert len(claimed) == len(set(claimed)) == KEYS


def test_of_several_that_write_the_same_batch_each_row_has_one_winner(sql_stocked: SqlDatabase, sql_url: str) -> None:
    with sql_stocked.begin() as work:
        work.outbox.plan(racers.claimed_mails())
    assert sum(race(racers.finish_the_same, sql_url)) == KEYS


def test_nobody_is_lost_from_the_register_when_several_write_it_anew(sql_stocked: SqlDatabase, sql_url: str) -> None:
    with sql_stocked.begin() as work:
        work.people.replace([a_unit()], [a_contact(email="asa@norrby.example")])
    joined = sum(race(racers.join_the_register, sql_url))
    assert all(race(racers.find_the_register_full, sql_url))
    with sql_stocked.read() as work:
        people = work.people.contacts()
    assert len(people) == 1 + joined + JOINS * (RACERS - 1)
    assert [each.email for each in people if each.undeliverable_since] == ["asa@norrby.example"]


def test_one_reminder_a_day_whoever_is_first(sql_stocked: SqlDatabase, sql_url: str) -> None:
    assert sorted(race(racers.remind_on_one_day, sql_url)) == [0] * (RACERS - 1) + [1]


def test_the_log_has_no_gap_and_no_fork(sql_stocked: SqlDatabase, sql_url: str) -> None:
    race(racers.append_events, sql_url)
    with sql_stocked.read() as work:
        log = work.log.all()
    assert [each.number for each in log] == list(range(1, RACERS * TURNS + 1))
    assert first_break(log) is None


def test_no_answer_is_written_over_unseen(sql_stocked: SqlDatabase, sql_url: str) -> None:
    results = race(racers.write_one_answer, sql_url)
    mine = sorted(version for versions, _ in results for version in versions)
    refused = sum(count for _, count in results)
    assert mine == list(range(1, len(mine) + 1))
    assert len(mine) + refused == RACERS * TURNS // 2
    engine = make_engine(sql_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM answers")).scalar_one() == len(mine)
    engine.dispose()
