"""`tertial units corrections | correct`: what contacts want changed is listed and decided at the terminal."""

from datetime import datetime

import pytest

from tests.cli.conftest import Terminal
from workflow.domain.details import DetailsPolicy, Wish
from workflow.services.details import plan_details
from workflow.services.details_answers import Reader, Wished

AFTER = "2027-12-01T09:05:00+01:00"
ASA = "asa@osterby.example"


@pytest.fixture
def asked(planned: Terminal) -> Terminal:
    """Åsa wants another telephone number."""
    house, now = planned.house(), datetime.fromisoformat(AFTER)
    plan_details(house.db, DetailsPolicy(), secrets=house.secrets, calendar=house.calendar, now=now)
    with house.db.read() as work:
        check = next(each for each in work.details.of_year(2027) if each.address == ASA)
    reader = Reader(
        db=house.db,
        secrets=house.secrets,
        calendar=house.calendar,
        office=house.office,
        now=now,
        token=f"{check.id}.{house.secrets.link_secret(check.id)}",
    )
    name = reader.look().places[0].contact.name
    wished = Wished(wish=Wish.CHANGE, name=name, email=ASA, phone="08-508 99 999", note="Ny växel.")
    reader.ask_for({0: wished}, reader.look().seal)
    return planned


def phone(terminal: Terminal) -> str:
    with terminal.house().db.read() as work:
        return next(each.phone for each in work.people.contacts() if each.email == ASA)


def test_what_is_asked_for_is_listed_and_applied(asked: Terminal) -> None:
    (row,) = asked.json("units", "corrections", now=AFTER)
    assert (row["wish"], row["phone"], row["note"], row["can_be_applied"]) == (
        "change",
        "08-508 99 999",
        "Ny växel.",
        True,
    )
    assert "these details: " in asked("units", "corrections", now=AFTER).output
    asked("units", "correct", row["id"], "apply", "--dry-run", now=AFTER)
    assert phone(asked) != "08-508 99 999"
    assert "The register says so now" in asked("units", "correct", row["id"][:6], "apply", now=AFTER).output
    assert phone(asked) == "08-508 99 999"
    assert asked.json("units", "corrections", now=AFTER) == []
    asked("units", "correct", row["id"], "refuse", "--reason", "x", now=AFTER, code=1)


@pytest.mark.parametrize("answer", ["refuse", "handled"])
def test_or_closed_with_the_register_as_it_is(asked: Terminal, answer: str) -> None:
    (row,) = asked.json("units", "corrections", now=AFTER)
    before = phone(asked)
    why = ["--reason", "Växeln är kvar."] if answer == "refuse" else []
    asked("units", "correct", row["id"], answer, *([] if why else ["--reason", "x"]), now=AFTER, code=2)
    asked("units", "correct", row["id"], answer, *why, now=AFTER)
    assert phone(asked) == before
    assert asked.json("units", "corrections", now=AFTER) == []


def test_what_is_mistyped_is_told(asked: Terminal) -> None:
    asked("units", "correct", "nix", "apply", now=AFTER, code=1)
    asked("units", "correct", "nix", "perhaps", now=AFTER, code=2)
