"""Punctuality over rounds, read from each database."""

from dataclasses import replace
from datetime import timedelta

from tests.builders import a_round
from tests.services.conftest import HAMNEN, NORRBY, House
from workflow.domain.punctuality import Outcome
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import submission_id
from workflow.services import punctuality, rounds


def test_lateness_is_told_round_by_round_and_unit_by_unit(house: House) -> None:
    house.open()
    first = rounds.find_round(house.db, "2027-T1")
    house.answer(NORRBY)
    house.submit(NORRBY)
    with house.db.read() as work:
        hamnen = work.submissions.get(HAMNEN)
    house.clock.at = hamnen.due_at + timedelta(days=1)
    house.answer(HAMNEN)
    house.submit(HAMNEN)
    rounds.close_round(house.db, first.id, by="k", now=house.clock.at)
    later = timedelta(days=200)
    second = replace(
        a_round(),
        id="2027-T2",
        state=RoundState.PLANNED,
        opened_at=None,
        opens_at=first.opens_at + later,
        due_at={kind: at + later for kind, at in first.due_at.items()},
        closes_at=first.closes_at + later,
    )
    rounds.plan_round(house.db, second, by="k", now=house.clock.at)
    house.clock.at = second.opens_at
    rounds.open_round(house.db, second.id, secrets=house.secrets, calendar=house.calendar, now=house.clock.at)

    everybody = {each.unit: [record.outcome for record in each.records] for each in punctuality.of_all(house.db)}
    assert everybody["norrby"] == [Outcome.OPEN, Outcome.IN_TIME]
    assert everybody["hamnen"] == [Outcome.OPEN, Outcome.LATE]
    assert [each.name for each in punctuality.of_all(house.db)] == sorted(
        each.name for each in punctuality.of_all(house.db)
    )
    found = punctuality.of_unit(house.db, "hamnen")
    assert [each.round.id for each in punctuality.earlier(found, second)] == ["2027-T1"]
    assert punctuality.earlier(found, second)[0].late_days == 1
    assert punctuality.of_unit(house.db, "finns-inte") is None
    with house.db.read() as work:
        assert [each.id for each in work.submissions.of_unit("hamnen")] == [
            submission_id("2027-T1", "hamnen"),
            submission_id("2027-T2", "hamnen"),
        ]
