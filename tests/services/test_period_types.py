"""Quarters, half-years and years as data: read from a file, planned for a year, played from opening to bundle."""

from datetime import date, datetime
from pathlib import Path

import pytest

from tests.builders import a_form
from tests.fakes.files import FakeFiles
from tests.services.conftest import House
from workflow.adapters.roundplans import load_round_plans
from workflow.domain.datewords import months
from workflow.domain.messages import MessageKind
from workflow.domain.plans import RoundPlans
from workflow.domain.rounds import RoundState
from workflow.services import bundles, reminders, rounds, years

PERIODS = """
[[period]]
code = "Q1"
title = { sv = "Kvartalsrapport 1", en = "First quarter" }
type = "quarter"
number = 1

[[period]]
code = "Q3"
title = { sv = "Kvartalsrapport 3", en = "Three quarters" }
type = "quarter"
number = 3
cumulative = true

[[period]]
code = "H2"
title = { sv = "Andra halvåret", en = "Second half-year" }
type = "half_year"
number = 2

[[period]]
code = "AR"
title = { sv = "Årsrapport", en = "Year" }
type = "year"

[policy]
[[policy.step]]
offset = -5
at = "09:00"
mail = "reminder"
"""
ROUND = """
[[round]]
year = 2027
period = "{period}"
form = "naringsliv"
opens = {opens}T08:00:00
closes = {closes}T16:00:00
confirmed = true
[round.due]
stadsdelsnamnd = {due}T16:00:00
bolag = {later}T16:00:00
"""
YEAR = PERIODS + "".join(
    ROUND.format(period=period, opens=opens, due=due, later=later, closes=closes)
    for period, opens, due, later, closes in (
        ("Q1", "2027-04-12", "2027-04-28", "2027-05-12", "2027-06-01"),
        ("Q3", "2027-10-11", "2027-10-27", "2027-11-10", "2027-12-01"),
        ("H2", "2028-01-10", "2028-01-26", "2028-02-09", "2028-03-01"),
    )
)


@pytest.fixture
def plans(tmp_path: Path, house: House) -> RoundPlans:
    path = tmp_path / "rounds.toml"
    path.write_text(YEAR, encoding="utf-8")
    return load_round_plans(path, house.calendar)


def test_types_say_which_months_a_period_covers(plans: RoundPlans) -> None:
    spans = {each.code: each.span(2027) for each in plans.periods}
    assert spans == {
        "Q1": (date(2027, 1, 1), date(2027, 3, 31)),
        "Q3": (date(2027, 1, 1), date(2027, 9, 30)),  # cumulative
        "H2": (date(2027, 7, 1), date(2027, 12, 31)),
        "AR": (date(2027, 1, 1), date(2027, 12, 31)),
    }
    assert months(*spans["H2"], "sv") == "juli–december"
    assert plans.period("Q3").name(2027, "sv") == "Kvartalsrapport 3 2027"


@pytest.mark.parametrize("period", ["Q1", "Q3", "H2"])
def test_a_round_of_any_type_runs_from_the_years_plan_to_the_bundle(
    house: House, plans: RoundPlans, period: str
) -> None:
    round_id, norrby, hamnen = f"2027-{period}", f"2027-{period}.norrby", f"2027-{period}.hamnen"
    plan = plans.plan(2027, period)
    assert plan
    house.clock.at = datetime.fromisoformat("2027-04-01T08:00:00+00:00")
    ahead = years.year_ahead(house.db, plans, lambda _: a_form(), 2027, calendar=house.calendar, now=house.clock.at)
    assert len(years.plan_year(house.db, ahead, by="k", now=house.clock.at)) == 3

    house.clock.at = plan.opens_at
    opened = rounds.open_due_rounds(house.db, secrets=house.secrets, calendar=house.calendar, now=house.clock.at)
    assert round_id in opened
    house.deliver()
    house.answer(hamnen)
    assert house.submit(hamnen).late_days == 0

    five_before = house.calendar.add_working_days(house.calendar.last_day(house.submission(norrby).due_at), -5)
    house.clock.at = house.calendar.at(five_before, plans.policy.steps[0].at)
    reminders.plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=house.clock.at)
    house.deliver()
    kinds = [each.kind for each in house.messages(norrby)]
    assert kinds == [MessageKind.INVITATION, MessageKind.REMINDER]
    assert MessageKind.REMINDER not in [each.kind for each in house.messages(hamnen)]
    subjects = [each.frozen.text for each in house.messages(norrby) if each.frozen]
    assert all(plans.period(period).name(2027, "sv").lower() in text.lower() for text in subjects[:1]), subjects

    house.clock.at = plan.closes_at
    assert round_id in rounds.close_due_rounds(house.db, now=house.clock.at)
    house.answer(norrby)
    assert house.submit(norrby).late_days > 0
    files = FakeFiles()
    assert round_id in bundles.gather_due(house.db, house.documents, files, now=house.clock.at)
    with house.read() as work:
        assert work.rounds.get(round_id).state is RoundState.BUNDLED
