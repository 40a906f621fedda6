"""What broke others (read in their code and threads), row by row: here each says what goes, and what is left out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import pytest

from tests.builders import a_contact, a_round, a_unit
from tests.services.conftest import NORRBY, ROUND, House, MovingClock
from workflow.domain.calendar import swedish_calendar
from workflow.domain.messages import MessageKind, MessageState
from workflow.domain.people import Role, UnitKind
from workflow.domain.reminders import Policy, Step
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import Move
from workflow.ports import Database
from workflow.services import extensions, reminders, rounds, submissions

CALENDAR = swedish_calendar()
OPENS = CALENDAR.at(date(2027, 4, 19), time(8))
DUE_DAY = date(2027, 5, 19)  # a Wednesday; 6 May is a red day, 7 May its klämdag
DUE = CALENDAR.at(DUE_DAY, time(16))
CLOSES = CALENDAR.at(date(2027, 6, 11), time(16))
POLICY = Policy(
    steps=(
        Step(offset=-10, at=time(9), mail=MessageKind.REMINDER),
        Step(offset=-5, at=time(9), mail=MessageKind.REMINDER),
        Step(offset=-1, at=time(9), mail=MessageKind.REMINDER),
        Step(offset=0, at=time(8), mail=MessageKind.LAST_DAY),
        Step(offset=1, at=time(10), mail=MessageKind.OVERDUE, copies=(Role.DEPUTY,)),
        Step(offset=3, at=time(10), mail=MessageKind.OVERDUE, copies=(Role.DEPUTY,)),
        Step(offset=8, at=time(10), mail=MessageKind.OVERDUE, copies=(Role.DEPUTY, Role.HEAD), every=5),
    )
)
Deed = Callable[[House], object]
ALL_OF_IT = ["T-10 05-04", "T-5 05-12", "T-1 05-18", "T+0 05-19", "T+1 05-20", "T+3 05-24", "T+8 05-31", "T+13 06-07"]


def hand_in(house: House) -> None:
    house.answer(NORRBY)
    house.submit(NORRBY)


def give_back(house: House) -> None:
    submissions.give_back(
        house.db,
        NORRBY,
        version=house.submission().version,
        reason="Mer, tack.",
        comments={},
        due_at=CALENDAR.at(date(2027, 6, 2), time(16)),
        by="k",
        secrets=house.secrets,
        now=house.clock.at,
        move=Move.RETURN,
    )


def extend_to(day: date) -> Deed:
    def deed(house: House) -> None:
        due_at = CALENDAR.at(day, time(16))
        extensions.extend(house.db, [NORRBY], due_at, reason="Sjuk", by="k", secrets=house.secrets, now=house.clock.at)

    return deed


@dataclass(frozen=True)
class Scenario:
    """`deeds` happen at their instant, just before the tick; `down` are the days on which nothing runs at all."""

    name: str
    sent: list[str]
    skipped: tuple[str, ...] = ()
    deeds: tuple[tuple[datetime, Deed], ...] = ()
    down: tuple[date, date] = (date.min, date.min)


def at(month: int, day: int, hour: int = 7, minute: int = 0) -> datetime:
    return CALENDAR.at(date(2027, month, day), time(hour, minute))


SCENARIOS = [
    Scenario("after-due steps go, and the last one ends them", ALL_OF_IT),
    Scenario(
        "a missed run: the newest true one goes when it is up again, older ones are accounted for",
        ["T-10 05-04", "T-5 05-13", *ALL_OF_IT[2:]],
        down=(date(2027, 5, 12), date(2027, 5, 12)),
    ),
    Scenario(
        "down over the last day: nothing untrue is sent afterwards",
        ["T-10 05-04", "T-5 05-12", "T+3 05-24", "T+8 05-31", "T+13 06-07"],  # the 24th is the day of T+3
        skipped=("T+0 superseded", "T+1 superseded", "T-1 superseded"),
        down=(date(2027, 5, 18), date(2027, 5, 23)),
    ),
    Scenario(
        "a moved deadline moves the reminders; overdue ones go against the new day",
        ["T-10 05-04", "T-5 05-12", "T-5 05-19", "T-1 05-25", "T+0 05-26", "T+1 05-27", "T+3 05-31", "T+8 06-07"],
        deeds=((at(5, 14), extend_to(date(2027, 5, 26))),),
    ),
    Scenario(
        "moved while overdue: it is asked for again, and then overdue again",
        [*ALL_OF_IT[:5], "T-1 05-25", "T+0 05-26", "T+1 05-27", "T+3 05-31", "T+8 06-07"],
        deeds=((at(5, 21), extend_to(date(2027, 5, 26))),),
    ),
    Scenario(
        "an extension one minute before a reminder is obeyed by it",
        ["T-10 05-04", "T-5 05-19", "T-1 05-25", "T+0 05-26", "T+1 05-27", "T+3 05-31", "T+8 06-07"],
        deeds=((at(5, 12, 8, 59), extend_to(date(2027, 5, 26))),),
    ),
    Scenario(
        "a last day on a Sunday: nothing leaves on the weekend, and Friday is not called the last day",
        ["T-10 05-04", "T-10 05-10", "T-5 05-17", "T-1 05-21", "T+1 05-24", "T+3 05-26", "T+8 06-02", "T+13 06-09"],
        deeds=((at(5, 5), extend_to(date(2027, 5, 23))),),
    ),
    Scenario(
        "a finished unit is left in peace",
        ["T-10 05-04", "T-5 05-12"],
        deeds=((at(5, 17), hand_in),),
    ),
    Scenario(
        "no false 'overdue' to who handed in after the last day",
        ALL_OF_IT[:5],
        deeds=((at(5, 21), hand_in),),
    ),
    Scenario(
        "returned work has a last day of its own and does not hang",
        ["T-10 05-04", "T-5 05-26", "T-1 06-01", "T+0 06-02", "T+1 06-03", "T+3 06-07"],
        deeds=((at(5, 10), hand_in), (at(5, 24), give_back)),
    ),
    Scenario(
        "first installed in the middle of a round: no flood of old nags",
        ["T+1 05-21", "T+3 05-24", "T+8 05-31", "T+13 06-07"],
        skipped=("T+0 superseded", "T-1 superseded", "T-10 superseded", "T-5 superseded"),
        down=(date(2027, 4, 20), date(2027, 5, 20)),
    ),
]


def play(house: House, scenario: Scenario) -> None:
    """Three ticks a day; the last repeated, as a scheduler does that runs twice."""
    day, deeds = date(2027, 4, 20), list(scenario.deeds)
    while day <= date(2027, 6, 12):
        for clock in (time(7), time(8), time(8, 59), time(9), time(10), time(10)):
            house.clock.at = CALENDAR.at(day, clock)
            for when, deed in [each for each in deeds if each[0] <= house.clock.at]:
                deed(house)
                deeds.remove((when, deed))
            if not scenario.down[0] <= day <= scenario.down[1]:
                rounds.close_due_rounds(house.db, now=house.clock.at)
                reminders.plan_due(house.db, secrets=house.secrets, calendar=CALENDAR, now=house.clock.at)
                house.deliver()
        day += timedelta(days=1)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_it_does_not_break_here(database: Database, scenario: Scenario) -> None:
    house = House(database, MovingClock(OPENS))
    with database.begin() as work:
        work.people.replace([a_unit()], [a_contact()])
    due_at = {UnitKind.STADSDELSNAMND: DUE}
    planned = a_round(
        policy=POLICY, opens_at=OPENS, due_at=due_at, closes_at=CLOSES, state=RoundState.PLANNED, opened_at=None
    )
    rounds.plan_round(database, planned, by="k", now=OPENS)
    rounds.open_round(database, ROUND, secrets=house.secrets, calendar=CALENDAR, now=OPENS)
    house.deliver()
    play(house, scenario)
    found = [each for each in house.messages(NORRBY) if each.is_reminder]
    sent = sorted((each.sent_at, each.slot) for each in found if each.sent_at)
    assert [f"{slot} {CALENDAR.local(when):%m-%d}" for when, slot in sent] == scenario.sent
    skipped = sorted(f"{each.slot} {each.reason}" for each in found if each.state is MessageState.SKIPPED)
    assert tuple(skipped) == scenario.skipped
