"""What is waited out: a database's own trouble, for a while that no mail's lease ends in."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from workflow.adapters.db import trouble
from workflow.adapters.db.engine import BUSY_MS
from workflow.domain.messages import LEASE

LOCKED = OperationalError("SELECT", {}, Exception("lock timeout"))
BROKEN = IntegrityError("INSERT", {}, Exception("unique"))
LONGEST_REPLY = timedelta(minutes=10)  # RFC 5321 §4.5.3.2.6


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(trouble, "sleep", seconds.append)
    return seconds


def test_what_may_pass_is_waited_out_for_a_while(slept: list[float]) -> None:
    tries = 0
    while trouble.wait_out(LOCKED, tries):
        tries += 1
    assert slept == list(trouble.PAUSES)
    assert sum(slept) >= 60


def test_what_does_not_pass_is_not_waited_for(slept: list[float]) -> None:
    assert not trouble.wait_out(BROKEN, 0)
    assert not trouble.wait_out(ValueError("ours"), 0)
    assert slept == []


def test_it_is_over_while_the_lease_of_a_mail_whose_reply_came_late_still_runs() -> None:
    tries = 2 + len(trouble.PAUSES)  # with the markers, alone, and after each pause
    longest = timedelta(seconds=sum(trouble.PAUSES), milliseconds=tries * BUSY_MS)
    assert LONGEST_REPLY + longest <= LEASE
