"""What the database keeps of the way out, and that all workers together take no more than there is."""

from tests.adapters.db import racers
from tests.adapters.db.racers import race
from tests.builders import NOW
from workflow.adapters.db.database import SqlDatabase
from workflow.domain.channel import ChannelState
from workflow.ports import Database


def test_one_that_nobody_wrote_about_is_open(database: Database) -> None:
    with database.begin() as work:
        assert work.channels.get("smtp", lock=True) == ChannelState(name="smtp")
    with database.read() as work:
        assert work.channels.get("smtp") == ChannelState(name="smtp")


def test_it_comes_back_as_it_was_saved(database: Database) -> None:
    first = ChannelState(
        name="smtp", blocked_until=NOW, reason="535 5.7.8 fel", failures=2, tokens=0.25, refilled_at=NOW
    )
    second = ChannelState(name="smtp", tokens=9.5, refilled_at=NOW)
    for state in (first, second):
        with database.begin() as work:
            work.channels.save(state)
        with database.read() as work:
            assert work.channels.get("smtp") == state
            assert work.channels.get("other") == ChannelState(name="other")


def test_tokens_are_taken_once_by_whoever_is_first(sql_database: SqlDatabase, sql_url: str) -> None:
    taken = race(racers.take_tokens, sql_url)
    assert sum(taken) == racers.TOKENS
    with sql_database.read() as work:
        assert work.channels.get("smtp").tokens == 0
