"""`tertial units remove`: who was entered by mistake goes, and whoever is in a round stays."""

from tests.builders import a_contact
from tests.cli.conftest import DURING, Terminal
from workflow.domain.people import Role

ASA = "asa@osterby.example"


def addresses(terminal: Terminal) -> set[str]:
    with terminal.house().db.read() as work:
        return {each.email for each in work.people.contacts()}


def test_who_was_entered_by_mistake_is_removed(planned: Terminal) -> None:
    assert "Åsa Påhittad" in planned("units", "remove", "ost", ASA, "--dry-run").output
    assert ASA in addresses(planned)
    planned("units", "remove", "ost", ASA.upper(), "--yes")
    assert addresses(planned) == {"bo@osterby.example", "cleo@arbetsnamnden.example"}
    planned("units", "remove", "ost", ASA, "--yes", code=1)
    planned("units", "remove", "nix", ASA, "--yes", code=1)


def test_who_is_in_a_round_stays_and_it_says_why(opened: Terminal) -> None:
    assert "is in a round" in opened("units", "remove", "ost", ASA, "--yes", now=DURING, code=1).stderr
    assert ASA in addresses(opened)


def test_an_address_in_two_roles_needs_the_role(planned: Terminal) -> None:
    with planned.house().db.begin() as work:
        again = a_contact(unit="ost", role=Role.DEPUTY, email=ASA)
        work.people.replace(work.people.units(), [*work.people.contacts(), again])
    assert "primary" in planned("units", "remove", "ost", ASA, "--yes", code=2).stderr
    planned("units", "remove", "ost", ASA, "--role", "deputy", "--yes")
    with planned.house().db.read() as work:
        assert [str(each.role) for each in work.people.contacts() if each.email == ASA] == ["primary"]
