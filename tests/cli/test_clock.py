"""clock show and clock trust: a suspect clock is told, and a person's word lifts it."""

from datetime import timedelta

from tests.cli.conftest import OPENS, Terminal
from workflow.domain.clockguard import Reason, Suspicion


def suspect(terminal: Terminal) -> None:
    house = terminal.house()
    found = Suspicion(Reason.AHEAD, timedelta(days=1), house.now(), vouched=False)
    with house.db.begin() as work:
        work.guards.keep_clock(work.guards.clock(lock=True).raised(found))


def test_a_clock_that_is_believed(planned: Terminal) -> None:
    assert "believed" in planned("clock", "show").stdout
    assert not planned.json("clock", "show")["stands"]
    assert "nothing to lift" in planned("clock", "trust", "--reason", "x", code=1).stderr


def test_a_suspect_clock_is_told_and_trusted_with_a_reason(opened: Terminal) -> None:
    suspect(opened)
    told = opened("clock", "show")
    assert "jumped ahead by 1 day" in told.stdout
    assert "clock trust" in told.stderr
    assert "jumped ahead" in opened("doctor", now=OPENS, code=1).stdout
    opened("clock", "trust", code=2)

    opened("clock", "trust", "--reason", "stämd mot 90510", "--dry-run")
    assert opened.json("clock", "show")["stands"]
    opened("clock", "trust", "--reason", "stämd mot 90510")
    after = opened.json("clock", "show")
    assert (after["stands"], after["told"]) == (False, "stämd mot 90510")
    opened("doctor", now=OPENS)
    opened("audit", "verify")


def test_doctor_tells_when_the_jobs_last_ran(opened: Terminal) -> None:
    told = {each["what"]: each["detail"] for each in opened.json("doctor", now=OPENS)}
    assert "outbox.deliver never" in told["when each job last ran"]
