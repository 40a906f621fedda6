"""The yearly question, from the tick to the server: everybody once, in their words, true when it goes; one reminder."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from tests.builders import a_contact, a_unit
from tests.fakes.mail import GREYLISTED
from tests.services.conftest import House
from workflow.domain.details import DETAILS_CHANGED, LEFT_REGISTER, DetailsPolicy, Said
from workflow.domain.messages import Message, MessageState
from workflow.domain.people import Contact, Role
from workflow.services.details import KIND, plan_details
from workflow.services.details_status import DetailsStatus, Standing, details_status

NORRBY, HAMN = a_unit(), a_unit(id="hamn", name="Hamnnämnden")
ASA = a_contact()
ASA_AT_HAMN = a_contact(unit="hamn", role=Role.DEPUTY, email="Asa.Pahittad@norrby.example")
CLEO = a_contact(unit="hamn", name="Cleo Invented", email="cleo.invented@hamn.example", language="en")
BOX = a_contact(role=Role.FUNCTION_MAILBOX, name="", email="registrator@norrby.example", phone="")
LEFT = a_contact(unit="hamn", role=Role.HEAD, name="Lo Förr", email="lo@hamn.example", valid_to=date(2027, 11, 30))
DEAD = a_contact(unit="hamn", role=Role.REGISTRAR, name="Di Död", email="di@hamn.example")
EVERYBODY = (ASA, ASA_AT_HAMN, CLEO, BOX, LEFT)
DAY = "2027-12-01"


@pytest.fixture
def asked(house: House) -> House:
    """Wednesday 1 December 2027, nine o'clock, nothing planned."""
    register(house, *EVERYBODY)
    at(house, DAY)
    return house


def register(house: House, *contacts: Contact) -> None:
    with house.db.begin() as work:
        work.people.replace([NORRBY, HAMN], contacts)


def at(house: House, day: str, clock: str = "09:00") -> None:
    house.clock.at = house.calendar.at(date.fromisoformat(day), time.fromisoformat(clock))


def plan(house: House, policy: DetailsPolicy | None = None) -> int:
    return plan_details(
        house.db, policy or DetailsPolicy(), secrets=house.secrets, calendar=house.calendar, now=house.clock.at
    )


def rows(house: House) -> list[Message]:
    with house.read() as work:
        return sorted(work.outbox.list(kinds={KIND}), key=lambda each: (each.to_email, each.slot))


def ends(house: House) -> list[tuple[str, str, MessageState, str]]:
    return [(each.to_email.partition("@")[0], each.slot, each.state, each.reason) for each in rows(house)]


def texts(house: House) -> list[str]:
    with house.read() as work:
        letters = [work.outbox.get(each.id).frozen for each in rows(house)]
    return [f"{each.subject}\n{each.text}" for each in letters if each]


def answer(house: House, address: str, said: Said = Said.RIGHT) -> None:
    with house.db.begin() as work:
        check = next(each for each in work.details.of_year(2027) if each.address == address)
        work.details.answer(check.answer(said, house.clock.at))


# --- everybody once ----------------------------------------------------------------


def test_each_person_has_one_about_all_their_places_in_their_language(asked: House) -> None:
    assert plan(asked) == 3
    assert asked.deliver().sent == 3
    asa, cleo, box = texts(asked)
    assert asa.startswith("Stämmer dina kontaktuppgifter? Svara senast söndag 30 januari 2028")
    assert "Hej Åsa!" in asa
    assert asa.index("NORRBY STADSDELSNÄMND") < asa.index("HAMNNÄMNDEN")
    assert "ersättare för kontaktpersonen" in asa
    assert "08-508 00 001" in asa
    assert "Hello Cleo," in cleo
    assert "shared" not in cleo
    assert "funktionsbrevlåda" in box
    assert "Hej!" in box
    assert not any("Lo Förr" in each for each in (asa, cleo, box))
    assert asked.events().count("details.asked") == 1


def test_nobody_is_asked_twice_a_year_whatever_the_spelling(asked: House) -> None:
    plan(asked)
    asked.deliver()
    register(asked, replace(ASA, email="ASA.PAHITTAD@norrby.example"), CLEO, BOX)
    at(asked, DAY, "09:30")
    assert plan(asked) == 0
    at(asked, "2028-12-01")
    assert plan(asked) == 3
    assert [slot for who, slot, *_ in ends(asked) if who == "cleo.invented"] == ["2027", "2028"]


def test_two_planners_at_once_ask_once(asked: House) -> None:
    with ThreadPoolExecutor(4) as pool:
        planned = list(pool.map(lambda _: plan(asked), range(4)))
    assert sum(planned) == 3
    assert len(rows(asked)) == 3


@pytest.mark.parametrize(
    ("day", "clock", "planned"),
    [
        ("2027-11-30", "12:00", 0),
        ("2027-12-01", "08:59", 0),
        ("2027-12-01", "18:30", 0),
        ("2027-12-02", "07:00", 3),  # nothing was at work on the day itself
        ("2028-01-03", "09:00", 0),  # too late to begin
        ("2029-12-01", "12:00", 0),  # a Saturday
        ("2029-12-03", "08:59", 0),
        ("2029-12-03", "09:00", 3),
    ],
)
def test_it_goes_on_the_first_working_day_in_working_hours(asked: House, day: str, clock: str, planned: int) -> None:
    at(asked, day, clock)
    if day == "2027-12-02":
        register(asked, ASA, CLEO, BOX)
    assert plan(asked) == planned


def test_a_site_may_choose_the_day_or_none(asked: House) -> None:
    assert plan(asked, DetailsPolicy(sends=False)) == 0
    assert plan(asked, DetailsPolicy(month=12, day=2)) == 0
    assert plan(asked, DetailsPolicy(month=11, day=29)) == 3


def test_whoever_comes_after_the_day_is_asked_next_year(asked: House) -> None:
    plan(asked)
    register(asked, *EVERYBODY, a_contact(role=Role.HEAD, name="Nils Ny", email="nils@norrby.example"))
    at(asked, "2027-12-03")
    assert plan(asked) == 0


def test_an_address_that_does_not_work_is_not_asked(asked: House) -> None:
    register(asked, replace(DEAD, undeliverable_since=asked.clock.at), replace(DEAD, email="ingen adress"))
    assert plan(asked) == 0


# --- true when it goes --------------------------------------------------------------


def test_what_changed_in_between_is_told_as_it_is(asked: House) -> None:
    plan(asked)
    register(asked, replace(ASA, phone="08-508 99 999"), ASA_AT_HAMN, CLEO, BOX)
    asked.deliver()
    assert ends(asked)[0] == ("asa.pahittad", "2027", MessageState.CANCELLED, DETAILS_CHANGED)
    assert plan(asked) == 1
    assert asked.deliver().sent == 1
    assert "08-508 99 999" in texts(asked)[0]
    assert plan(asked) == 0


def test_who_has_left_gets_none(asked: House) -> None:
    plan(asked)
    register(asked, ASA, ASA_AT_HAMN, BOX)
    asked.deliver()
    assert ends(asked)[1] == ("cleo.invented", "2027", MessageState.CANCELLED, LEFT_REGISTER)
    assert plan(asked) == 0


def test_it_is_asked_again_between_the_body_and_the_dot(asked: House) -> None:
    register(asked, CLEO)
    plan(asked)
    asked.postman.before_marker = lambda: register(asked, ASA)
    asked.deliver()
    assert ends(asked) == [("cleo.invented", "2027", MessageState.CANCELLED, LEFT_REGISTER)]


def test_a_letter_that_stands_falls_when_it_is_no_longer_true(asked: House) -> None:
    register(asked, CLEO)
    plan(asked)
    asked.postman.script = [GREYLISTED]
    asked.deliver()
    register(asked, replace(CLEO, name="Cleo Gift"))
    at(asked, DAY, "10:00")
    asked.deliver()
    plan(asked)
    asked.deliver()
    assert [(slot, state) for _, slot, state, _ in ends(asked)] == [
        ("2027", MessageState.CANCELLED),
        ("2027.2", MessageState.SENT),
    ]
    assert "Cleo Gift" in texts(asked)[-1]


def test_it_waits_for_working_hours(asked: House) -> None:
    at(asked, DAY, "17:59")
    plan(asked)
    at(asked, DAY, "18:00")
    assert asked.deliver().sent == 0
    at(asked, "2027-12-02", "07:00")
    register(asked, ASA, ASA_AT_HAMN, CLEO, BOX)
    assert asked.deliver().sent == 3


# --- once more, and no more ----------------------------------------------------------


def test_who_has_not_answered_is_asked_once_more_and_never_again(asked: House) -> None:
    plan(asked)
    asked.deliver()
    answer(asked, "registrator@norrby.example")
    at(asked, "2027-12-15", "08:59")
    assert plan(asked) == 0
    at(asked, "2027-12-15")
    assert plan(asked) == 2
    answer(asked, "cleo.invented@hamn.example")
    asked.deliver()
    first, again, *cleo, _ = ends(asked)
    assert (first[1], again[1]) == ("2027", "2027-again")
    assert again[2] is MessageState.SENT
    assert cleo[1][2:] == (MessageState.CANCELLED, "answered")
    reminder = texts(asked)[1]
    assert reminder.startswith("Påminnelse: stämmer dina kontaktuppgifter?")
    for day in ("2027-12-16", "2028-01-14", "2028-01-28", "2028-02-14"):
        at(asked, day)
        assert plan(asked) == 0


def test_the_reminder_may_be_turned_off_and_counts_from_when_the_first_one_went(asked: House) -> None:
    plan(asked)
    at(asked, "2027-12-08")
    register(asked, ASA, ASA_AT_HAMN, CLEO, BOX)
    asked.deliver()
    at(asked, "2027-12-15")
    assert plan(asked) == 0
    at(asked, "2027-12-22")
    assert plan(asked, DetailsPolicy(remind_after=0)) == 0
    assert plan(asked) == 3


def test_who_never_got_the_first_one_gets_no_reminder(asked: House) -> None:
    register(asked, CLEO)
    plan(asked)
    with asked.db.begin() as work:
        row = work.outbox.list(kinds={KIND})[0]
        work.outbox.change(row, row.failed("550 5.1.1 no such user"))
    at(asked, "2027-12-15")
    assert plan(asked) == 0


# --- how it stands --------------------------------------------------------------------


def test_who_has_answered_and_when_the_next_goes(asked: House) -> None:
    before = status(asked)
    assert (before.year, before.next_at, before.next_people) == (0, asked.clock.at, 3)
    plan(asked)
    asked.deliver()
    answer(asked, "asa.pahittad@norrby.example")
    register(asked, ASA, BOX)
    now = status(asked)
    assert [(each.check.address.partition("@")[0], each.standing) for each in now.people] == [
        ("registrator", Standing.WAITING),
        ("cleo.invented", Standing.GONE),
        ("asa.pahittad", Standing.RIGHT),
    ]
    assert (now.year, now.answered) == (2027, 1)
    assert now.next_at == asked.calendar.at(date(2028, 12, 1), time(9))


def status(house: House) -> DetailsStatus:
    return details_status(house.db, DetailsPolicy(), calendar=house.calendar, now=house.clock.at)


def test_no_usable_link_rests_in_the_database(asked: House) -> None:
    plan(asked)
    asked.deliver()
    with asked.read() as work:
        checks = work.details.of_year(2027)
        held = repr([checks, [work.outbox.get(each.id) for each in rows(asked)], work.log.all()])
    secrets = [asked.secrets.link_secret(each.id) for each in checks]
    assert not any(secret in held for secret in secrets)
    sent = b"".join(each.data for each in asked.postman.taken).replace(b"=\r\n", b"")
    assert all(f"/uppgifter/{each.id}.{secret}".encode() in sent for each, secret in zip(checks, secrets, strict=True))
    assert all(each.expires_at - asked.clock.at >= timedelta(days=60) for each in checks)
