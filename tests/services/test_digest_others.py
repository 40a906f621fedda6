"""What the daily mail tells of beside the open rounds: rounds that nobody has planned, mails to nobody's unit."""

from dataclasses import replace
from datetime import date, time, timedelta

from tests.builders import a_contact, a_round, a_unit
from tests.services.conftest import House
from tests.services.test_details import answer as answer_details
from tests.services.test_digest import KARIN, LI, add, at, ends, texts
from tests.services.test_years import a_plan, plans
from workflow.domain.details import DetailsPolicy
from workflow.domain.digest import NOTHING_TO_DO, DigestPolicy
from workflow.domain.messages import MessageState
from workflow.domain.plans import RoundPlans
from workflow.domain.rounds import RoundState
from workflow.services import rounds
from workflow.services.details import plan_details
from workflow.services.digest import plan_digests
from workflow.services.outbox import Tally, deliver

AUTUMN = a_plan("T2", later=timedelta(weeks=17), confirmed=False)  # opens on 30 August
FILE = plans(a_plan("T1"), AUTUMN, a_plan("VB", later=timedelta(weeks=40)))
LI_S = "li@stadsledningskontoret.example"


def plan(house: House, file: RoundPlans | None = None) -> int:
    return plan_digests(
        house.db, DigestPolicy(), secrets=house.secrets, calendar=house.calendar, now=house.clock.at, plans=file
    )


def send(house: House, file: RoundPlans | None = None) -> Tally:
    return deliver(replace(house.mailroom, plans=lambda: file))


def empty(house: House) -> House:
    """Without the round that every other test has."""
    with house.db.begin() as work:
        work.rounds.save(replace(work.rounds.get("2027-T1"), state=RoundState.CANCELLED))
    add(house, KARIN)
    return house


def test_a_round_that_stands_only_in_the_calendar_file_is_told_of_in_time(house: House) -> None:
    empty(house)
    opens = house.calendar.local(AUTUMN.opens_at).date()
    at(house, str(house.calendar.add_working_days(opens, -6)))
    assert plan(house, FILE) == 0
    for day, words in ((house.calendar.add_working_days(opens, -5), "öppnar"), (opens, "skulle ha öppnat")):
        at(house, str(day), "09:00")
        assert plan(house, FILE) == 1
        assert send(house, FILE).sent == 1
        assert f"{words} " in texts(house)[-1]
        assert "1 omgång att bekräfta" in texts(house)[-1]


def test_once_it_is_planned_it_is_told_of_as_planned_and_once(house: House) -> None:
    empty(house)
    held = a_round(
        id=AUTUMN.id,
        state=RoundState.PLANNED,
        opened_at=None,
        confirmed=False,
        opens_at=AUTUMN.opens_at,
        due_at=AUTUMN.due_at,
        closes_at=AUTUMN.closes_at,
    )
    rounds.plan_round(house.db, held, by="k-1", now=house.clock.at)
    at(house, str(house.calendar.local(AUTUMN.opens_at).date()), "09:00")
    assert plan(house, FILE) == 1
    send(house, FILE)
    assert "Öppnar först när någon bekräftar (1)" in texts(house)[-1]


def test_nobody_is_reminded_of_a_round_that_was_called_off_nor_by_a_file_that_cannot_be_read(house: House) -> None:
    empty(house)
    at(house, str(house.calendar.local(AUTUMN.opens_at).date()), "09:00")
    assert plan(house, None) == 0
    with house.db.begin() as work:
        work.rounds.add(a_round(id=AUTUMN.id, state=RoundState.CANCELLED, opened_at=None))
    assert plan(house, FILE) == 0


def test_a_coordinators_mail_that_failed_is_told_to_the_others_for_a_week_and_never_to_itself(opened: House) -> None:
    opened.deliver()
    add(opened, KARIN, LI)
    opened.postman.dead = {LI_S}
    at(opened, "2027-05-10")
    assert plan(opened) == 2
    opened.deliver()
    with opened.db.begin() as work:  # now nothing else needs doing
        work.rounds.save(replace(work.rounds.get("2027-T1"), state=RoundState.CLOSED))
    at(opened, "2027-05-11")
    assert plan(opened) == 1
    opened.deliver()
    told = " ".join(next(each for each in texts(opened) if "Mejl som inte gick fram (1)" in each).split())
    assert f"Li Påhittad: dagligt mejl till {LI_S}" in told
    assert "1 mejl att följa upp" in told
    assert [(slot, state) for _, slot, state, _ in ends(opened)].count(("2027-05-11", MessageState.SENT)) == 1
    at(opened, "2027-05-18")
    assert plan(opened) == 0


def test_a_question_about_the_register_that_failed_is_told_of_until_it_is_answered(house: House) -> None:
    empty(house)
    with house.db.begin() as work:
        work.people.replace([a_unit()], [a_contact()])
    house.clock.at = house.calendar.at(date(2027, 12, 1), time(9))
    now = house.clock.at
    assert plan_details(house.db, DetailsPolicy(), secrets=house.secrets, calendar=house.calendar, now=now) == 1
    house.postman.dead = {"asa.pahittad@norrby.example"}
    house.deliver()
    house.postman.dead = set()
    at(house, "2027-12-02")
    assert plan(house) == 1
    house.deliver()
    told = " ".join(texts(house)[-1].split())
    assert "Åsa Påhittad: frågan om uppgifterna stämmer till asa.pahittad@norrby.example" in told
    answer_details(house, "asa.pahittad@norrby.example")
    at(house, "2027-12-03")
    assert plan(house) == 0
    assert NOTHING_TO_DO not in {why for *_, why in ends(house)}


def test_a_coordinator_who_stands_in_the_register_too_keeps_their_daily_mail(house: House) -> None:
    """Found: the yearly question to the same address made the planner stumble, and nobody had a daily mail."""
    empty(house)
    with house.db.begin() as work:
        work.people.replace([a_unit()], [a_contact(name=KARIN.name, email=KARIN.email)])
    house.clock.at = house.calendar.at(date(2027, 12, 1), time(9))
    now = house.clock.at
    assert plan_details(house.db, DetailsPolicy(), secrets=house.secrets, calendar=house.calendar, now=now) == 1
    house.deliver()
    at(house, "2027-12-02")
    held = plans(a_plan("T2", later=timedelta(weeks=30), confirmed=False))
    assert plan(house, held) == 1
