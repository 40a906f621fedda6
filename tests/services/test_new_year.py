"""The round that spans New Year: every mail's day and hour, played tick by tick from December to February."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from tests.builders import a_contact, a_form, a_unit
from tests.fakes.database import FakeDatabase
from tests.services.conftest import House, MovingClock
from workflow.adapters.roundplans import load_round_plans
from workflow.domain.calendar import swedish_calendar
from workflow.domain.people import UnitKind
from workflow.domain.rounds import Round, RoundState
from workflow.services import reminders, rounds
from workflow.services.rounds import make_round

ANNUAL = "2026-VB"
NORRBY, HAMNEN = f"{ANNUAL}.norrby", f"{ANNUAL}.hamnen"
PLANS = load_round_plans(Path(__file__).parents[2] / "config" / "rounds.toml", swedish_calendar())
HOURS = (time(7), time(8), time(9), time(10))


@pytest.fixture
def played() -> House:
    """Some three hundred ticks each: in memory. That the databases do the same is shown elsewhere."""
    made = House(FakeDatabase(), MovingClock(PLANS.rounds[0].opens_at))
    people = [a_contact(), a_contact(unit="hamnen", name="Cleo Påhittad", email="cleo@hamnen.example")]
    with made.db.begin() as work:
        work.people.replace([a_unit(), a_unit(id="hamnen", name="Hamnen AB", kind=UnitKind.BOLAG)], people)
    return made


def annual(**changes: object) -> Round:
    plan = PLANS.plan(2026, "VB")
    assert plan
    return replace(make_round(plan, PLANS, a_form()), confirmed=True, **changes)  # type: ignore[arg-type]


def ticks(house: House, first: date, last: date) -> Iterator[datetime]:
    for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
        for hour in HOURS:
            yield house.calendar.at(day, hour)


def play(house: House, round_: Round) -> dict[str, list[str]]:
    """Every tick of the round: when each unit's mails left, with the slot."""
    house.clock.at = round_.opens_at - timedelta(days=1)
    rounds.plan_round(house.db, round_, by="k", now=house.clock.at)
    opening, closing = (house.calendar.local(at).date() for at in (round_.opens_at, round_.closes_at))
    for tick in ticks(house, opening, closing + timedelta(days=1)):
        house.clock.at = tick
        rounds.open_due_rounds(house.db, secrets=house.secrets, calendar=house.calendar, now=house.clock.at)
        rounds.close_due_rounds(house.db, now=house.clock.at)
        reminders.plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=house.clock.at)
        house.deliver()
    with house.read() as work:
        assert work.rounds.get(ANNUAL).state is RoundState.CLOSED
    return {unit: left(house, unit) for unit in (NORRBY, HAMNEN)}


def left(house: House, unit: str) -> list[str]:
    sent = sorted((each.sent_at, each.slot) for each in house.messages(unit) if each.sent_at)
    return [f"{house.calendar.local(at):%a %m-%d %H} {slot}" for at, slot in sent]


def test_the_annual_round_with_its_last_days_at_the_end_of_january(played: House) -> None:
    assert play(played, annual()) == {
        NORRBY: [
            "Thu 12-10 08 open",
            "Fri 01-15 09 T-10",
            "Fri 01-22 09 T-5",
            "Thu 01-28 09 T-1",
            "Fri 01-29 08 T+0",
            "Mon 02-01 10 T+1",
            "Wed 02-03 10 T+3",
            "Wed 02-10 10 T+8",
            "Wed 02-17 10 T+13",
        ],
        HAMNEN: [
            "Thu 12-10 08 open",
            "Fri 01-08 09 T-10",
            "Fri 01-15 09 T-5",
            "Thu 01-21 09 T-1",
            "Fri 01-22 08 T+0",
            "Mon 01-25 10 T+1",
            "Wed 01-27 10 T+3",
            "Wed 02-03 10 T+8",
            "Wed 02-10 10 T+13",
            "Wed 02-17 10 T+18",
        ],
    }


def test_reminders_that_would_fall_among_the_holidays_go_before_them(played: House) -> None:
    """Due on Friday 8 January (committees) and Tuesday 12 January (companies), both at the end of the day.

    28–30 December are counted, but nothing leaves then: T-5 of 8 January would be the 29th, and goes on the 23rd.
    """
    calendar = played.calendar
    due = {UnitKind.STADSDELSNAMND: date(2027, 1, 8), UnitKind.BOLAG: date(2027, 1, 12)}
    moved = annual(due_at={kind: calendar.end_of_day(day) for kind, day in due.items()})
    assert play(played, moved) == {
        NORRBY: [
            "Thu 12-10 08 open",
            "Fri 12-18 09 T-10",
            "Wed 12-23 09 T-5",
            "Thu 01-07 09 T-1",
            "Fri 01-08 08 T+0",
            "Mon 01-11 10 T+1",
            "Wed 01-13 10 T+3",
            "Wed 01-20 10 T+8",
            "Wed 01-27 10 T+13",
            "Wed 02-03 10 T+18",
            "Wed 02-10 10 T+23",
            "Wed 02-17 10 T+28",
        ],
        HAMNEN: [
            "Thu 12-10 08 open",
            "Tue 12-22 09 T-10",
            "Mon 01-04 09 T-5",
            "Mon 01-11 09 T-1",
            "Tue 01-12 08 T+0",
            "Wed 01-13 10 T+1",
            "Fri 01-15 10 T+3",
            "Fri 01-22 10 T+8",
            "Fri 01-29 10 T+13",
            "Fri 02-05 10 T+18",
            "Fri 02-12 10 T+23",
            "Fri 02-19 10 T+28",
        ],
    }


def test_nothing_leaves_between_the_years_when_all_has_been_down(house: House) -> None:
    """Down from 18 December, up again on 29 December at 09: what is due waits for 4 January."""
    round_ = annual(due_at={UnitKind.STADSDELSNAMND: house.calendar.end_of_day(date(2027, 1, 12))})
    house.clock.at = round_.opens_at
    rounds.plan_round(house.db, round_, by="k", now=house.clock.at)
    rounds.open_round(house.db, ANNUAL, secrets=house.secrets, calendar=house.calendar, now=house.clock.at)
    for tick in ticks(house, date(2026, 12, 29), date(2027, 1, 5)):
        house.clock.at = tick
        reminders.plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=house.clock.at)
        house.deliver()
    assert {line[:9] for line in left(house, NORRBY)} == {"Mon 01-04"}
    assert "Mon 01-04 09 T-5" in left(house, NORRBY)


@pytest.mark.parametrize(("day", "days"), [(date(2026, 12, 31), 1), (date(2027, 1, 1), 1), (date(2027, 1, 4), 2)])
def test_lateness_over_new_year_counts_working_days(house: House, day: date, days: int) -> None:
    """Last day 29 December: the 30th is the first working day after it, 4 January the second."""
    due = house.calendar.end_of_day(date(2026, 12, 29))
    assert house.calendar.days_late(due, house.calendar.at(day, time(12))) == days
