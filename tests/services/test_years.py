"""A year planned at once: the confirmed open by themselves, the held only by a person; cancelled ones come again."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from tests.builders import CLOSES_AT, DUE_AT, OPENS_AT, a_form, a_period, a_policy, a_round
from tests.services.conftest import ROUND, House
from workflow.domain.errors import AlreadyExistsError, DeadlineError, RefusedError
from workflow.domain.people import UnitKind
from workflow.domain.plans import RoundPlan, RoundPlans
from workflow.domain.rounds import NotConfirmedError, NotHeldError, RoundState
from workflow.services import rounds, years
from workflow.services.doctor import Truth, examine
from workflow.services.years import Fate, YearRound

AUTUMN = timedelta(weeks=17)


def a_plan(period: str, *, later: timedelta = timedelta(0), year: int = 2027, confirmed: bool = True) -> RoundPlan:
    return RoundPlan(
        year=year,
        period=period,
        form="naringsliv",
        opens_at=OPENS_AT + later,
        due_at={UnitKind.STADSDELSNAMND: DUE_AT + later, UnitKind.BOLAG: DUE_AT + later},
        closes_at=CLOSES_AT + later,
        confirmed=confirmed,
    )


def plans(*among: RoundPlan) -> RoundPlans:
    periods = tuple(a_period(code=code) for code in ("T1", "T2", "VB"))
    return RoundPlans(periods=periods, policy=a_policy(), rounds=tuple(among))


THE_YEAR = plans(
    a_plan("T1"),
    a_plan("T2", later=AUTUMN, confirmed=False),
    a_plan("VB", later=2 * AUTUMN),
    a_plan("VB", later=-2 * AUTUMN, year=2026),
)


def ahead(
    house: House, year: int = 2027, among: RoundPlans = THE_YEAR, now: datetime | None = None
) -> tuple[YearRound, ...]:
    return years.year_ahead(
        house.db, among, lambda _: a_form(), year, calendar=house.calendar, now=now or house.clock.at
    )


def fates(among: Iterable[YearRound]) -> dict[str, Fate]:
    return {each.round.id: each.fate for each in among}


def state(house: House, round_id: str) -> RoundState:
    with house.read() as work:
        return work.rounds.get(round_id).state


def open_due(house: House) -> tuple[str, ...]:
    return rounds.open_due_rounds(house.db, secrets=house.secrets, calendar=house.calendar, now=house.clock.at)


def test_a_year_is_planned_at_once_and_what_is_there_stays(house: House) -> None:
    seen = ahead(house)
    assert fates(seen) == {ROUND: Fate.THERE, "2027-T2": Fate.HELD, "2027-VB": Fate.PLANNED}
    assert house.events() == ["round.planned"]  # looking changes nothing
    assert fates(years.plan_year(house.db, seen, by="k", now=house.clock.at)) == fates(seen)
    with house.read() as work:
        assert {each.id: each.confirmed for each in work.rounds.all()} == {
            ROUND: True,
            "2027-T2": False,
            "2027-VB": True,
        }
        assert [each.event.data for each in work.log.all()][1:] == [{"held": 1}, {}]
    assert set(fates(ahead(house)).values()) == {Fate.THERE}


def test_a_year_says_who_takes_part_and_what_speaks_against_its_dates(house: House) -> None:
    """30 weeks after Friday 28 May is Christmas Eve: 24.00 on a free day."""
    christmas = plans(a_plan("VB", later=timedelta(weeks=30)))
    (found,) = ahead(house, among=christmas)
    assert [unit.id for unit in found.readiness.units] == ["hamnen", "norrby"]
    assert {str(warning.reason) for _, warning in found.readiness.warnings} == {"free_day"}


def test_a_round_that_is_over_is_left_out(house: House) -> None:
    assert fates(ahead(house, 2026)) == {"2026-VB": Fate.OVER}
    assert years.plan_year(house.db, ahead(house, 2026), by="k", now=house.clock.at)
    assert house.events() == ["round.planned"]


def test_a_year_that_nobody_has_thought_of_is_named(house: House) -> None:
    with pytest.raises(years.EmptyYearError, match=r"2028.*2026, 2027"):
        ahead(house, 2028)


def test_wrong_dates_plan_nothing_of_the_year(house: House) -> None:
    wrong = replace(a_plan("T2"), due_at={UnitKind.BOLAG: OPENS_AT})
    with pytest.raises(DeadlineError):
        ahead(house, among=plans(a_plan("VB"), wrong))


def test_two_who_plan_the_same_year_plan_it_once(house: House) -> None:
    first, second = ahead(house), ahead(house)
    years.plan_year(house.db, first, by="k", now=house.clock.at)
    assert set(fates(years.plan_year(house.db, second, by="l", now=house.clock.at)).values()) == {Fate.THERE}
    assert house.events().count("round.planned") == 3


# --- held --------------------------------------------------------------------


@pytest.fixture
def held(house: House) -> House:
    years.plan_year(house.db, ahead(house), by="k", now=house.clock.at)
    house.clock.at = OPENS_AT + AUTUMN
    open_due(house)  # the spring's, long overdue, is over; nothing else may open
    return house


def test_the_scheduler_never_opens_a_held_round(held: House) -> None:
    assert state(held, "2027-T2") is RoundState.PLANNED
    assert open_due(held) == ()
    with pytest.raises(NotConfirmedError):
        rounds.open_round(held.db, "2027-T2", secrets=held.secrets, calendar=held.calendar, now=held.clock.at)
    assert state(held, "2027-T2") is RoundState.PLANNED


def test_one_whose_time_has_come_is_seen_and_the_doctor_does_not_blame_the_scheduler(held: House) -> None:
    early = OPENS_AT + AUTUMN - timedelta(seconds=1)
    assert years.waiting_in_vain(held.db, now=early) == ()
    assert [each.id for each in years.waiting_in_vain(held.db, now=held.clock.at)] == ["2027-T2"]
    later = held.clock.at + timedelta(days=1)
    broken = {finding.truth: finding.broken for finding in examine(held.db, tick=timedelta(seconds=30), now=later)}
    assert "2027-T2" not in broken[Truth.OPENED_IN_TIME]


def test_a_confirmed_round_opens_by_itself(held: House) -> None:
    years.confirm_round(held.db, "2027-T2", by="k", now=held.clock.at)
    assert years.waiting_in_vain(held.db, now=held.clock.at) == ()
    assert open_due(held) == ("2027-T2",)
    with pytest.raises(NotHeldError):
        years.confirm_round(held.db, "2027-T2", by="k", now=held.clock.at)
    assert [kind for kind in held.events() if kind.startswith("round.")][-2:] == ["round.confirmed", "round.opened"]


def test_opening_by_hand_confirms(held: House) -> None:
    opened = rounds.open_round(
        held.db, "2027-T2", secrets=held.secrets, calendar=held.calendar, by="k", now=held.clock.at
    )
    assert opened.confirmed
    assert years.waiting_in_vain(held.db, now=held.clock.at) == ()


def test_a_round_is_confirmed_once(held: House) -> None:
    years.confirm_round(held.db, "2027-T2", by="k", now=held.clock.at)
    with pytest.raises(RefusedError, match="väntar inte"):
        years.confirm_round(held.db, "2027-T2", by="l", now=held.clock.at)


def test_the_end_of_a_day_on_which_the_clocks_move_is_kept_to_the_second(house: House) -> None:
    """Sunday 28 March 2027 has 23 hours; it ends at 24.00 all the same, and that is in time."""
    due = house.calendar.end_of_day(date(2027, 3, 28))
    moved = a_round(
        id="2027-T2",
        state=RoundState.PLANNED,
        opens_at=due - timedelta(days=20),
        due_at=dict.fromkeys(a_round().due_at, due),
        closes_at=due + timedelta(days=20),
    )
    house.clock.at = moved.opens_at
    rounds.plan_round(house.db, moved, by="k", now=house.clock.at)
    rounds.open_round(house.db, "2027-T2", secrets=house.secrets, calendar=house.calendar, now=house.clock.at)
    late = {}
    for unit, seconds in (("norrby", 0), ("hamnen", 1)):
        house.clock.at = due + timedelta(seconds=seconds)
        house.answer(f"2027-T2.{unit}")
        late[unit] = house.submit(f"2027-T2.{unit}").late_days
    assert late == {"norrby": 0, "hamnen": 1}


# --- cancelled, and planned again ----------------------------------------------


def test_a_cancelled_round_can_be_planned_again_by_a_person(house: House) -> None:
    rounds.cancel_round(house.db, ROUND, by="k", now=house.clock.at)
    later = replace(a_round(state=RoundState.PLANNED, opened_at=None), opens_at=OPENS_AT + timedelta(days=7))
    rounds.plan_round(house.db, later, by="k", now=house.clock.at)
    with house.read() as work:
        assert (work.rounds.get(ROUND).state, work.rounds.get(ROUND).opens_at) == (RoundState.PLANNED, later.opens_at)
    assert house.events() == ["round.planned", "round.cancelled", "round.planned"]
    house.clock.at = later.opens_at
    assert open_due(house) == (ROUND,)


def test_the_scheduler_lets_a_cancelled_round_be(house: House) -> None:
    rounds.cancel_round(house.db, ROUND, by="k", now=house.clock.at)
    assert rounds.plan_confirmed(house.db, THE_YEAR, lambda _: a_form(), now=house.clock.at) == ("2027-VB",)
    with pytest.raises(AlreadyExistsError):
        rounds.plan_round(house.db, a_round(state=RoundState.PLANNED), by=rounds.SYSTEM, now=house.clock.at)
    assert state(house, ROUND) is RoundState.CANCELLED


def test_a_year_brings_a_cancelled_round_back(house: House) -> None:
    rounds.cancel_round(house.db, ROUND, by="k", now=house.clock.at)
    assert fates(ahead(house))[ROUND] is Fate.PLANNED
    years.plan_year(house.db, ahead(house), by="k", now=house.clock.at)
    assert state(house, ROUND) is RoundState.PLANNED
    with house.read() as work:
        assert {"again": 1} in [each.event.data for each in work.log.all()]


def test_an_open_round_is_never_replaced(opened: House) -> None:
    with pytest.raises(AlreadyExistsError):
        rounds.plan_round(opened.db, a_round(state=RoundState.PLANNED), by="k", now=opened.clock.at)
    assert state(opened, ROUND) is RoundState.OPEN
