"""Answers to the yearly question, and what coordinators do about them: nothing changes in the register by itself."""

from dataclasses import replace
from functools import partial

import pytest

from tests.builders import an_account
from tests.services.conftest import NORRBY, OFFICE, House
from tests.services.test_details import at, plan
from workflow.domain.details import CorrectionClosedError, CorrectionState, DetailsPolicy, Said, Wish
from workflow.domain.digest import DigestPolicy
from workflow.domain.errors import LinkError, ReasonMissingError, StaleWriteError
from workflow.domain.messages import MessageKind
from workflow.domain.people import Contact, Role
from workflow.services.contacts import TwoAtOnceError
from workflow.services.corrections import (
    OwnWordsError,
    RegisterChangedError,
    apply_correction,
    handle_correction,
    open_corrections,
    refuse_correction,
)
from workflow.services.details_answers import NothingAskedError, Reader, SameAddressError, Wished
from workflow.services.digest import plan_digests

ASA, BO = "asa.pahittad@norrby.example", "bo.pahittad@norrby.example"
NILS = Wished(wish=Wish.SUCCESSOR, name="Nils Ny", email="nils@norrby.example", phone="08-1")
PHONE = Wished(wish=Wish.CHANGE, name="Åsa Påhittad", email=ASA, phone="08-508 99 999", note="Ny växel.")
CLEO = Wished(wish=Wish.CHANGE, name="Cleo Påhittad", email="cleo.ny@hamnen.example", phone="08-508 00 001")


@pytest.fixture
def asked(opened: House) -> House:
    """The round of May is open, and everybody in the register has been asked on the tenth."""
    at(opened, "2027-05-10")
    assert plan(opened, DetailsPolicy(month=5, day=10)) == 3
    opened.deliver()
    opened.postman.taken.clear()
    return opened


def reader(house: House, address: str = ASA, secret: str = "") -> Reader:
    with house.read() as work:
        check = next(each for each in work.details.of_year(2027) if each.address == address)
    return Reader(
        db=house.db,
        secrets=house.secrets,
        calendar=house.calendar,
        office=OFFICE,
        now=house.clock.at,
        token=f"{check.id}.{secret or house.secrets.link_secret(check.id)}",
    )


def ask_for(house: House, wished: Wished, address: str = ASA) -> str:
    """The id of the request."""
    link = reader(house, address)
    return link.ask_for({0: wished}, link.look().seal).waiting[0].id


def contacts(house: House) -> tuple[Contact, ...]:
    with house.read() as work:
        return work.people.contacts()


def apply(house: House, correction: str) -> None:
    apply_correction(house.db, correction, by="k-1", secrets=house.secrets, calendar=house.calendar, now=house.clock.at)


def state(house: House, correction: str) -> CorrectionState:
    with house.read() as work:
        return work.details.correction(correction).state


# --- answers ----------------------------------------------------------------------


def test_one_press_says_that_all_is_right(asked: House) -> None:
    link, before = reader(asked), contacts(asked)
    shown = link.look()
    assert [each.unit_name for each in shown.places] == ["Norrby stadsdelsnämnd"]
    assert link.confirm(shown.seal).check.said is Said.RIGHT
    link.confirm(shown.seal)
    assert asked.events().count("details.confirmed") == 1
    assert contacts(asked) == before


def test_a_look_writes_nothing(asked: House) -> None:
    before = len(asked.events())
    for _ in range(3):
        assert reader(asked).look().check.said is Said.NOTHING
    assert len(asked.events()) == before


@pytest.mark.parametrize("secret", ["fel", "x" * 43])
def test_a_link_that_is_wrong_or_too_old_opens_nothing(asked: House, secret: str) -> None:
    with pytest.raises(LinkError):
        reader(asked, secret=secret).look()
    at(asked, "2027-07-09", "23:00")
    reader(asked).look()
    at(asked, "2027-07-10", "00:00")
    with pytest.raises(LinkError):
        reader(asked).look()


def test_what_was_shown_is_what_is_confirmed(asked: House) -> None:
    shown = reader(asked).look().seal
    with asked.db.begin() as work:
        work.people.replace(work.people.units(), [replace(each, phone="08-2") for each in work.people.contacts()])
    with pytest.raises(StaleWriteError):
        reader(asked).confirm(shown)
    with pytest.raises(StaleWriteError):
        reader(asked).ask_for({0: PHONE}, shown)
    assert reader(asked).look().check.said is Said.NOTHING


def test_a_request_changes_nothing_and_a_new_one_takes_its_place(asked: House) -> None:
    before = contacts(asked)
    first = ask_for(asked, PHONE)
    second = ask_for(asked, replace(PHONE, phone="08-3"))
    assert (state(asked, first), state(asked, second)) == (CorrectionState.REPLACED, CorrectionState.ASKED)
    assert contacts(asked) == before
    link = reader(asked)
    assert link.confirm(link.look().seal).waiting == ()
    assert state(asked, second) is CorrectionState.REPLACED
    with asked.read() as work:
        assert PHONE.note not in repr(work.log.all())


def test_what_cannot_be_done_is_said_at_once(asked: House) -> None:
    for wished, error in [
        ({}, NothingAskedError),
        ({0: replace(NILS, email=ASA.upper())}, SameAddressError),
    ]:
        with pytest.raises(error):
            reader(asked).ask_for(wished, reader(asked).look().seal)
    assert open_corrections(asked.db, now=asked.clock.at) == ()


# --- decisions --------------------------------------------------------------------


def test_one_press_makes_the_change_in_the_register(asked: House) -> None:
    request = ask_for(asked, PHONE)
    (shown,) = open_corrections(asked.db, now=asked.clock.at)
    assert (shown.number, shown.can_be_applied, shown.rounds) == (1, True, ())
    apply(asked, request)
    assert contacts(asked)[0].phone == "08-508 99 999"
    assert [each for each in asked.events() if each.startswith("register") or each == "details.applied"] == [
        "register.contact_changed",
        "details.applied",
    ]
    with pytest.raises(CorrectionClosedError):
        apply(asked, request)
    with pytest.raises(CorrectionClosedError):
        refuse_correction(asked.db, request, reason="Bo svarar", by="k-2", secrets=asked.secrets, now=asked.clock.at)


def test_a_new_address_counts_as_one_that_works(asked: House) -> None:
    with asked.db.begin() as work:
        people = [replace(each, undeliverable_since=asked.clock.at) for each in work.people.contacts()]
    request = ask_for(asked, CLEO, "cleo@hamnen.example")
    with asked.db.begin() as work:
        work.people.replace(work.people.units(), people)
    apply(asked, request)
    cleo = next(each for each in contacts(asked) if each.unit == "hamnen")
    assert (cleo.email, cleo.undeliverable_since) == ("cleo.ny@hamnen.example", None)


def test_who_takes_over_does_so_in_the_register_and_in_the_open_round(asked: House) -> None:
    request = ask_for(asked, NILS)
    (shown,) = open_corrections(asked.db, now=asked.clock.at)
    assert [each.id for each in shown.rounds] == ["2027-T1"]
    apply(asked, request)
    people = [(each.name, each.valid_from, each.valid_to) for each in contacts(asked) if each.role is Role.PRIMARY]
    today = asked.calendar.local(asked.clock.at).date()
    assert ("Nils Ny", today, None) in people
    assert next(each for each in people if each[0] == "Åsa Påhittad")[2] == today.replace(day=9)
    kinds = [kind for kind, *_ in asked.mails()]
    assert (MessageKind.HANDOVER in kinds, MessageKind.HANDED_OVER in kinds) == (True, True)
    with asked.read() as work:
        right = [each.name for each in work.recipients.of(NORRBY) if each.is_right(asked.clock.at)]
    assert sorted(right) == ["Bo Påhittad", "Nils Ny"]


def test_what_the_register_no_longer_says_is_not_changed_over_it(asked: House) -> None:
    request = ask_for(asked, PHONE)
    with asked.db.begin() as work:
        work.people.replace(work.people.units(), [replace(each, name="Annan") for each in work.people.contacts()])
    (shown,) = open_corrections(asked.db, now=asked.clock.at)
    assert not shown.can_be_applied
    with pytest.raises(RegisterChangedError):
        apply(asked, request)
    assert state(asked, request) is CorrectionState.ASKED
    handle_correction(asked.db, request, by="k-1", now=asked.clock.at)
    assert open_corrections(asked.db, now=asked.clock.at) == ()
    assert "details.handled" in asked.events()


def test_a_role_that_another_holds_is_refused_and_the_request_stays(asked: House) -> None:
    request = ask_for(asked, Wished(wish=Wish.CHANGE, name="Bo Påhittad", email=BO, role=Role.PRIMARY), BO)
    with pytest.raises(TwoAtOnceError):
        apply(asked, request)
    assert state(asked, request) is CorrectionState.ASKED


def test_own_words_are_for_a_person_to_act_on(asked: House) -> None:
    request = ask_for(asked, Wished(wish=Wish.OTHER, note="Vi slås ihop med Hamnen."))
    with pytest.raises(OwnWordsError):
        apply(asked, request)
    refuse_correction(asked.db, request, reason="Bo svarar", by="k-1", secrets=asked.secrets, now=asked.clock.at)
    assert state(asked, request) is CorrectionState.REFUSED


def test_coordinators_hear_of_it_in_the_morning_even_between_rounds(house: House) -> None:
    with house.db.begin() as work:
        work.access.add_account(an_account())
    at(house, "2027-12-01")
    plan(house)
    house.deliver()
    request = ask_for(house, PHONE)
    at(house, "2027-12-02", "08:00")
    tell = partial(plan_digests, house.db, DigestPolicy(), secrets=house.secrets, calendar=house.calendar)
    assert tell(now=house.clock.at) == 1
    house.deliver()
    with house.read() as work:
        digest = work.outbox.get(work.outbox.list(kinds={MessageKind.DIGEST})[0].id).frozen
    assert digest
    assert digest.subject == "Att göra i dag: 1 vill ändra i registret"
    assert "Norrby stadsdelsnämnd: Åsa Påhittad" in digest.text
    assert "/register/uppgifter" in digest.text
    assert PHONE.note not in digest.text
    handle_correction(house.db, request, by="k-1", now=house.clock.at)
    at(house, "2027-12-03", "08:00")
    assert tell(now=house.clock.at) == 0


def test_who_asked_hears_by_mail_why_it_was_refused(asked: House) -> None:
    request = ask_for(asked, PHONE)
    with pytest.raises(ReasonMissingError):
        refuse_correction(asked.db, request, reason=" ", by="k-1", secrets=asked.secrets, now=asked.clock.at)
    refuse_correction(asked.db, request, reason="Växeln är kvar.", by="k-1", secrets=asked.secrets, now=asked.clock.at)
    asked.deliver()
    (mail,) = asked.postman.taken
    assert mail.recipients == (ASA,)
    with asked.read() as work:
        (row,) = work.outbox.list(kinds={MessageKind.DETAILS_REFUSED})
        frozen = work.outbox.get(row.id).frozen
        assert "kvar." not in str([each.event for each in work.log.all()]), "the log holds ids only"
    assert frozen
    assert "Ändringen i registret har inte gjorts" in frozen.subject
    for words in ("Växeln är kvar.", "08-508 99 999"):
        assert words in frozen.text
        assert words in frozen.html
