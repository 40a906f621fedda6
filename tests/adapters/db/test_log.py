"""What the event log promises."""

from dataclasses import replace
from datetime import timedelta, timezone

import pytest
from sqlalchemy.exc import DBAPIError

from tests.builders import NOW, an_event
from tests.fakes.tables import FakeRefusedError
from workflow.domain.audit import GENESIS, Chained, Event, first_break
from workflow.domain.errors import UnknownRoundError
from workflow.ports import Database, Work


def append(database: Database, *events: Event) -> None:
    with database.begin() as work:
        for event in events:
            work.log.append(event)


def stored(database: Database) -> tuple[Chained, ...]:
    with database.read() as work:
        return work.log.all()


def test_events_are_numbered_from_one_and_chained(database: Database) -> None:
    returned = an_event(kind="submission.returned", submission="2027-T1.norrby", message="m-1")
    append(database, an_event(), an_event(kind="round.closed", data={}))
    append(database)
    append(database, returned)
    log = stored(database)
    assert [each.number for each in log] == [1, 2, 3]
    assert [each.event for each in log] == [an_event(), an_event(kind="round.closed", data={}), returned]
    assert log[0].previous == GENESIS
    assert first_break(log) is None
    assert first_break([log[0], replace(log[1], event=an_event(actor="someone.else")), log[2]]) == 2
    with database.read() as work:
        assert work.log.of_submission("2027-T1.norrby") == (log[2],)
        assert work.log.of_submission("2027-T1.osby") == ()


def test_events_are_written_last_in_the_order_they_were_asked_for(database: Database) -> None:
    with database.begin() as work:
        work.log.append(an_event(kind="one"))
        assert work.log.all() == ()
        work.beats.note("outbox.deliver", NOW)
        work.log.append(an_event(kind="two"))
    assert [each.event.kind for each in stored(database)] == ["one", "two"]


def test_the_chain_holds_whatever_zone_and_fraction_the_instant_came_in(database: Database) -> None:
    at = (NOW + timedelta(microseconds=120)).astimezone(timezone(timedelta(hours=2)))
    append(database, an_event(at=at, data={"ö": "å\n\"'", "antal": 2**40}))
    (only,) = stored(database)
    assert only.event.at.isoformat() == "2027-05-10T07:00:00.000120+00:00"
    assert only.event.data == {"ö": "å\n\"'", "antal": 2**40}
    assert first_break([only]) is None


def test_what_is_rolled_back_leaves_no_hole(database: Database) -> None:
    append(database, an_event())
    with pytest.raises(UnknownRoundError), database.begin() as work:
        fail_after_logging(work)
    append(database, an_event(kind="round.closed"))
    log = stored(database)
    assert [each.event.kind for each in log] == ["round.opened", "round.closed"]
    assert first_break(log) is None


def fail_after_logging(work: Work) -> None:
    work.log.append(an_event(kind="never.happened"))
    work.rounds.get("2031-T9")


def test_a_naive_instant_and_a_reading_transaction_are_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="without a zone"), database.begin() as work:
        work.log.append(an_event(at=NOW.replace(tzinfo=None)))
    with pytest.raises((DBAPIError, FakeRefusedError)), database.read() as work:
        work.log.append(an_event())
    assert stored(database) == ()
