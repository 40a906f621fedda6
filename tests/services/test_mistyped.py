"""Who was entered by mistake goes out of the register again; whoever anything tells of stays."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import OPENS_AT, a_contact, a_unit, an_office_message
from tests.services.conftest import House
from workflow.domain.audit import Event
from workflow.domain.details import Check, Correction, Place, Wish
from workflow.domain.errors import NotFoundError, StaleWriteError
from workflow.domain.messages import MessageKind
from workflow.domain.people import Contact, Role
from workflow.services.contacts import people_of
from workflow.services.mistyped import AskedForError, InRoundError, KnownError, WrittenToError, remove_contact, why_kept

LATER = OPENS_AT + timedelta(days=1)
TYPO = a_contact(role=Role.DEPUTY, email="asa.pahitad@norrby.example")


def enter(house: House, *contacts: Contact) -> int:
    """More of Norrby's people; gives the number of the last one."""
    with house.db.begin() as work:
        work.people.replace(work.people.units(), [*work.people.contacts(), *contacts])
    return len(people_of(house.db, "norrby").contacts)


def remove(house: House, number: int) -> Contact:
    seal = people_of(house.db, "norrby").seal
    return remove_contact(house.db, "norrby", number, seal=seal, by="k", now=LATER)


def refuses(house: House, number: int, why: type[KnownError]) -> bool:
    before = people_of(house.db, "norrby")
    with pytest.raises(why):
        remove(house, number)
    return isinstance(why_kept(house.db, "norrby", number), why) and people_of(house.db, "norrby") == before


def test_somebody_mistyped_goes_and_the_log_says_so_by_ids(opened: House) -> None:
    with opened.read() as work:
        before = work.people.contacts()
    number = enter(opened, TYPO)
    assert why_kept(opened.db, "norrby", number) is None
    assert remove(opened, number) == TYPO
    with opened.read() as work:
        assert work.people.contacts() == before
        event = work.log.all()[-1].event
    data = {"unit": "norrby", "role": "deputy"}
    assert event == Event(kind="register.contact_removed", actor="k", at=LATER, data=data)


def test_of_two_alike_one_stays(house: House) -> None:
    number = enter(house, TYPO, TYPO)
    remove(house, number)
    assert people_of(house.db, "norrby").contacts[number - 2 :] == (TYPO,)


def test_who_is_in_a_round_stays(opened: House) -> None:
    assert refuses(opened, 1, InRoundError)


def test_who_was_in_a_round_under_another_address_stays(opened: House) -> None:
    with opened.db.begin() as work:
        moved = [
            replace(each, email="asa.ny@norrby.example")
            if each.unit == "norrby" and each.role == Role.PRIMARY
            else each
            for each in work.people.contacts()
        ]
        work.people.replace(work.people.units(), moved)
    assert refuses(opened, 1, InRoundError)


@pytest.mark.parametrize("mail", [{"to_email": "Asa.Pahitad@norrby.example"}, {"to_email": "gammal@norrby.example"}])
def test_who_has_been_written_to_stays(house: House, mail: dict[str, str]) -> None:
    number = enter(house, TYPO)
    asked = an_office_message(kind=MessageKind.DETAILS_CHECK, slot="2026", to_name=TYPO.name, **mail)
    with house.db.begin() as work:
        work.outbox.plan([asked])
    assert refuses(house, number, WrittenToError)


def test_who_is_asked_for_in_a_correction_stays(house: House) -> None:
    number = enter(house, TYPO)
    check = Check(
        id="c-1",
        year=2026,
        address="bo@norrby.example",
        secret_sha256="0" * 64,
        created_at=OPENS_AT,
        expires_at=LATER,
    )
    was = Place("Norrby", a_contact(name="Bo", email="bo@norrby.example"))
    wanted = Correction(
        id="k-1",
        check="c-1",
        was=was,
        wish=Wish.SUCCESSOR,
        name=TYPO.name,
        email=TYPO.email,
        role=Role.PRIMARY,
        asked_at=OPENS_AT,
    )
    with house.db.begin() as work:
        work.details.ask([check])
        work.details.request([wanted])
    assert refuses(house, number, AskedForError)


def test_what_was_shown_must_still_stand(house: House) -> None:
    number = enter(house, TYPO)
    seal = people_of(house.db, "norrby").seal
    enter(house, a_contact(role=Role.REGISTRAR, name="Rut", email="rut@norrby.example"))
    with pytest.raises(StaleWriteError):
        remove_contact(house.db, "norrby", number, seal=seal, by="k", now=LATER)
    with pytest.raises(NotFoundError):
        remove(house, 99)
    with pytest.raises(NotFoundError):
        why_kept(house.db, a_unit(id="ingen").id, 1)
