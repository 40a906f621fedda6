"""The register: each change told, one transaction, one event; what changes nothing writes nothing."""

from datetime import timedelta

from tests.builders import OPENS_AT, a_contact, a_unit
from tests.services.conftest import House
from workflow.domain.people import Role
from workflow.domain.roster import Change, ChangeKind, Roster
from workflow.services.roster import import_roster, roster_of

LATER = OPENS_AT + timedelta(days=1)


def test_import_replaces_the_register_and_tells_each_change(house: House) -> None:
    new = Roster((a_unit(name="Norrby nya nämnd"), a_unit(id="soder", name="Söder")), (a_contact(),))

    changes = import_roster(house.db, new, by="cli", now=LATER)

    assert roster_of(house.db) == new
    assert Change(kind=ChangeKind.ADDED, unit="soder", after="Söder") in changes
    assert {change.unit for change in changes if change.kind is ChangeKind.REMOVED} == {"hamnen", "tysta"}
    assert any(change.field == "name" and change.after == "Norrby nya nämnd" for change in changes)


def test_import_is_logged_with_numbers_only(house: House) -> None:
    import_roster(house.db, Roster((a_unit(),), (a_contact(),)), by="cli", now=LATER)

    with house.read() as work:
        event = work.log.all()[-1].event
    assert (event.kind, event.actor, event.at) == ("register.imported", "cli", LATER)
    assert event.data["removed"] == 2
    assert all(isinstance(value, int) for value in event.data.values())


def test_the_same_sheet_again_changes_and_logs_nothing(house: House) -> None:
    before = house.events()
    assert import_roster(house.db, roster_of(house.db), by="cli", now=LATER) == ()
    assert house.events() == before


def test_an_open_round_keeps_its_units_and_contacts(opened: House) -> None:
    import_roster(opened.db, Roster((), ()), by="cli", now=LATER)

    with opened.read() as work:
        assert len(work.submissions.of_round("2027-T1")) == 3
        assert work.recipients.of_round("2027-T1")


def test_what_was_learnt_of_an_address_survives_an_import(house: House) -> None:
    with house.db.begin() as work:
        work.people.replace([a_unit()], [a_contact(undeliverable_since=OPENS_AT)])
    moved = a_contact(name="Åsa Nytt Namn")
    import_roster(
        house.db,
        Roster((a_unit(),), (moved, a_contact(role=Role.DEPUTY, email="ny@norrby.example"))),
        by="cli",
        now=LATER,
    )
    found = roster_of(house.db).contacts
    assert [each.undeliverable_since for each in found] == [OPENS_AT, None]
