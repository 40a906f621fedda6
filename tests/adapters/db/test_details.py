"""The yearly question in the database: the round trip, nobody asked twice a year, every request answered once."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.builders import NOW, a_contact, a_unit
from workflow.domain.details import Check, Correction, CorrectionClosedError, CorrectionState, Place, Said, Wish
from workflow.domain.errors import NotFoundError
from workflow.domain.people import Role
from workflow.ports import Database

CHECK = Check(
    id="c-1",
    year=2027,
    address="asa.pahittad@norrby.example",
    secret_sha256="5e" * 32,
    created_at=NOW,
    expires_at=NOW + timedelta(days=60),
)
ASKED = Correction(
    id="k-1",
    check="c-1",
    was=Place("Norrby stadsdelsnämnd", a_contact(valid_from=date(2026, 1, 1))),
    wish=Wish.SUCCESSOR,
    name="Nils Ny",
    email="nils@norrby.example",
    role=Role.DEPUTY,
    note="Börjar i mars.\nÅsa slutar.",
    asked_at=NOW,
)


def test_what_goes_in_comes_out(database: Database) -> None:
    with database.begin() as work:
        assert work.details.ask([CHECK]) == {"c-1"}
        work.details.request([ASKED])
        work.details.answer(CHECK.answer(Said.CHANGE, NOW))
    with database.read() as work:
        assert work.details.checks(["c-1", "c-2"]) == {"c-1": CHECK.answer(Said.CHANGE, NOW)}
        assert work.details.correction("k-1") == ASKED
        assert work.details.corrections(check="c-1") == work.details.corrections() == (ASKED,)
        assert work.details.corrections(states={CorrectionState.APPLIED}) == ()
        with pytest.raises(NotFoundError):
            work.details.correction("k-2")


def test_nobody_is_asked_twice_a_year(database: Database) -> None:
    other = replace(CHECK, id="c-3", address="bo@norrby.example")
    with database.begin() as work:
        assert work.details.ask([CHECK]) == {"c-1"}
    with database.begin() as work:
        assert work.details.ask([replace(CHECK, id="c-2"), other]) == {"c-3"}
        assert work.details.ask([replace(CHECK, id="c-4", year=2028)]) == {"c-4"}
        assert [each.id for each in work.details.of_year(2027)] == ["c-1", "c-3"]


def test_a_request_is_answered_once(database: Database) -> None:
    done = ASKED.close(CorrectionState.APPLIED, by="k-1", at=NOW)
    with database.begin() as work:
        work.details.ask([CHECK])
        work.details.request([ASKED])
        work.details.change(ASKED, done)
        with pytest.raises(CorrectionClosedError):
            work.details.change(ASKED, ASKED.close(CorrectionState.REFUSED, by="k-2", at=NOW))
        assert work.details.correction("k-1") == done


def test_contacts_are_found_by_their_address_however_it_is_written(database: Database) -> None:
    norrby, hamn = a_unit(), a_unit(id="hamn", name="Hamnnämnden")
    here = a_contact(email="Asa.Pahittad@Norrby.example")
    there = a_contact(unit="hamn", role=Role.REGISTRAR)
    with database.begin() as work:
        work.people.replace([norrby, hamn], [there, a_contact(email="bo@norrby.example"), here])
        assert work.people.at(["asa.pahittad@norrby.example"]) == ((hamn, there), (norrby, here))
        assert work.people.at([]) == ()
