"""The register as a file on a page: every change is seen first, and nothing else is done than what was seen."""

import re
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.web.houses import csrf_of
from tests.web.office import sign_in
from workflow.adapters.roster import load_roster, write_roster, write_spreadsheet
from workflow.bootstrap import App
from workflow.domain.roster import Roster
from workflow.services.roster import import_roster, roster_of


def changed(house: App) -> Roster:
    """The register with Åsa renamed."""
    roster = roster_of(house.db)
    text = write_roster(roster.units, roster.contacts).replace("Åsa Påhittad", "Åsa Gift-Namn")
    path = Path(house.settings.data_dir) / "new.csv"
    path.write_text(text, encoding="utf-8")
    return load_roster(path)


def upload(client: TestClient, data: bytes, name: str = "units.csv") -> tuple[int, str]:
    csrf = csrf_of(client.get("/register/las-in").text)
    answer = client.post("/register/las-in", data={"csrf": csrf}, files={"file": (name, data)})
    return answer.status_code, answer.text


def confirm(client: TestClient, page: str) -> tuple[int, str]:
    fields = {name: unescape(value) for name, value in re.findall(r'name="(seal|sheet)" value="([^"]*)"', page)}
    answer = client.post("/register/las-in/bekrafta", data={"csrf": csrf_of(page)} | fields, follow_redirects=False)
    return answer.status_code, answer.text


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_changes_are_shown_before_and_after_then_done(house: App, kind: str) -> None:
    client, before, new = sign_in(house), roster_of(house.db), changed(house)
    data = (
        write_roster(new.units, new.contacts).encode() if kind == "csv" else write_spreadsheet(new.units, new.contacts)
    )
    status, page = upload(client, data, f"registret.{kind}")
    assert status == 200
    row = page.split("contact_name")[1].split("</tr>")[0]
    assert row.index("Åsa Påhittad") < row.index("Åsa Gift-Namn")
    assert roster_of(house.db) == before
    assert confirm(client, page)[0] == 303
    assert roster_of(house.db) == new
    with house.db.read() as work:
        event = work.log.all()[-1].event
    assert (event.kind, event.data) == ("register.imported", {"changed": 1})


def test_what_was_taken_away_changes_nothing(house: App) -> None:
    client = sign_in(house)
    for name in ("units.csv", "units.xlsx"):
        taken = client.get(f"/register/{name}")
        assert name in taken.headers["content-disposition"]
        status, page = upload(client, taken.content, name)
        assert (status, "samma sak som registret" in page, 'name="seal"' in page) == (200, True, False)


def test_removed_units_are_warned_of(house: App) -> None:
    roster = roster_of(house.db)
    kept = [each for each in roster.contacts if each.unit == "norrby"]
    _, page = upload(sign_in(house), write_roster(roster.units[:1], kept).encode())
    assert "3 nämnder och bolag tas bort ur registret" in page


def test_a_register_that_changed_meanwhile_is_shown_again(house: App) -> None:
    client, new = sign_in(house), changed(house)
    _, page = upload(client, write_roster(new.units, new.contacts).encode())
    other = Roster(roster_of(house.db).units[:3], roster_of(house.db).contacts)
    import_roster(house.db, other, by="k-2", now=house.now())
    status, again = confirm(client, page)
    assert status == 409
    assert "Registret har ändrats sedan du tittade" in again
    assert roster_of(house.db) == other
    assert confirm(client, again)[0] == 303
    assert roster_of(house.db) == new


def test_a_sheet_nobody_has_seen_is_not_taken(house: App) -> None:
    client, new, before = sign_in(house), changed(house), roster_of(house.db)
    _, page = upload(client, write_roster(new.units, new.contacts).encode())
    assert confirm(client, page.replace("Åsa Gift-Namn", "Någon Annan"))[0] == 409
    assert roster_of(house.db) == before


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"id,name\nx,y\n", "units.csv", "Kolumnen ”kind” saknas"),
        ("id;å".encode("latin-1"), "units.csv", "UTF-8"),
        (b"", "units.csv", "tom"),
        (b"PK\x03\x04", "units.xlsx", "rad 1"),
        (b"x", "", "Ingen fil är vald"),
    ],
)
def test_a_bad_file_says_why_and_changes_nothing(house: App, data: bytes, name: str, said: str) -> None:
    before = roster_of(house.db)
    status, page = upload(sign_in(house), data, name)
    assert (status, said in unescape(page)) == (422, True)
    assert "Ingenting har ändrats" in page or "Ingen fil" in page
    assert roster_of(house.db) == before


def test_faults_are_told_in_english_and_a_form_without_its_token_is_refused(house: App) -> None:
    client = sign_in(house, "en")
    _, page = upload(client, b"id,name\nx,y\n")
    assert "The file could not be read" in page
    assert "kind" in page
    assert client.post("/register/las-in", files={"file": ("units.csv", b"x")}).status_code == 422
