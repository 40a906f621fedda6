"""Units, forms, accounts and the ledger of mails: from the terminal."""

from pathlib import Path

from tests.cli.conftest import SHEET, Terminal
from workflow.services import access


def test_import_shows_each_change_and_dry_run_keeps_none(planned: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text(SHEET.replace("Åsa Påhittad", "Disa Påhittad").replace("hamn,", "kaj,"), encoding="utf-8")
    changes = planned.json("units", "import", str(file), "--dry-run")
    assert {(change["kind"], change["unit"], change["field"]) for change in changes} == {
        ("changed", "ost", "contact_name"),
        ("added", "kaj", ""),
        ("removed", "hamn", ""),
    }
    assert "hamn" in {unit["id"] for unit in planned.json("units", "list")}
    told = planned("units", "import", str(file), "--yes").stdout
    assert "Disa Påhittad" in told
    assert "kaj" in {unit["id"] for unit in planned.json("units", "list")}


def test_every_fault_of_a_sheet_is_named_with_its_line(planned: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(SHEET + "x,,facknamnd,,,,\nost,En till,klubb,,,,\n", encoding="utf-8")
    told = planned("units", "import", str(file), code=1).stderr
    assert "5" in told
    assert "6" in told
    assert "klubb" in told
    assert len(planned.json("units", "list")) == 3


def test_export_is_what_import_reads(planned: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "units.csv"
    planned("units", "export", "-o", str(file))
    assert planned.json("units", "import", str(file)) == []
    assert planned("units", "export").stdout == file.read_text(encoding="utf-8")
    planned("units", "export", "-o", str(file), code=1)


def test_punctuality_per_unit(opened: Terminal) -> None:
    rows = opened.json("units", "punctuality")
    assert [row["name"] for row in rows] == sorted(row["name"] for row in rows)
    assert all(row["rounds"] == row["open"] == 1 for row in rows)
    assert [row["outcome"] for row in opened.json("units", "punctuality", rows[0]["unit"])] == ["open"]
    assert "Did you mean ost?" in opened("units", "punctuality", "osst", code=1).stderr


def test_form_check(planned: Terminal, tmp_path: Path) -> None:
    good = Path("config/forms/naringsliv.toml")
    assert "4 focus areas" in planned("form", "check", str(good)).stdout
    broken = tmp_path / "broken.toml"
    broken.write_text('id = "x\nversion = 1\n', encoding="utf-8")
    assert "broken.toml" in planned("form", "check", str(broken), code=1).stderr
    faulty = tmp_path / "faulty.toml"
    faulty.write_text(good.read_text(encoding="utf-8").replace("\nversion =", "\nvershun ="), encoding="utf-8")
    assert "vershun" in planned("form", "check", str(faulty), code=1).stderr
    planned("form", "check", str(tmp_path / "nowhere.toml"), code=1)


# --- accounts ----------------------------------------------------------------


def test_an_account_by_password_on_standard_input(planned: Terminal) -> None:
    planned("account", "add", "Kim@stad.example", "--name", "Kim", "--password-stdin", given="tolv tecken minst\n")
    house = planned.house()
    password = "tolv tecken minst"
    access.log_in(house.db, email="kim@stad.example", password=password, secrets=house.secrets, now=house.now())
    planned("account", "add", "kim@stad.example", "--name", "Kim", "--once", code=1)


def test_a_one_time_password_is_printed_and_works(planned: Terminal) -> None:
    told = planned("account", "add", "kim@stad.example", "--name", "Kim", "--once").stdout
    password = told.split()[-1]
    house = planned.house()
    access.log_in(house.db, email="kim@stad.example", password=password, secrets=house.secrets, now=house.now())
    assert planned.json("account", "list") == [
        {"email": "kim@stad.example", "name": "Kim", "language": "sv", "one_time": False, "digest": True}
    ]
    again = planned("account", "reset", "kim@stad.example", "--once").stdout
    assert again.split()[-1] != password


def test_the_daily_mail_is_turned_off_and_on(planned: Terminal) -> None:
    planned("account", "add", "kim@stad.example", "--name", "Kim", "--once")
    planned("account", "digest", "Kim@stad.example", "--off", "--dry-run")
    assert planned.json("account", "list")[0]["digest"]
    planned("account", "digest", "Kim@stad.example", "--off")
    assert not planned.json("account", "list")[0]["digest"]
    planned("account", "digest", "kim@stad.example", "--on")
    assert planned.json("account", "list")[0]["digest"]
    planned("account", "digest", "ingen@stad.example", "--on", code=1)
    assert "kim@stad.example has the daily mail." in planned("account", "digest", "Kim@stad.example").output
    planned("account", "digest", "ingen@stad.example", code=1)


def test_weak_and_missing_passwords_are_wrong_use(planned: Terminal) -> None:
    add = ("account", "add", "kim@stad.example", "--name", "Kim")
    planned(*add, "--password-stdin", given="kort\n", code=2)
    planned(*add, code=2)  # no terminal to ask at
    planned("account", "add", "inte en adress", "--name", "Kim", "--once", code=2)
    assert planned.json("account", "list") == []


# --- mails -------------------------------------------------------------------


def _first(terminal: Terminal) -> str:
    return str(terminal.json("mail", "list")[0]["id"])


def test_the_ledger_and_one_mail_of_it(opened: Terminal) -> None:
    assert {mail["state"] for mail in opened.json("mail", "list", "2027-T1", "--state", "planned")} == {"planned"}
    assert opened.json("mail", "list", "--state", "sent") == []
    opened("mail", "list", "--state", "gone", code=2)
    mail = _first(opened)
    assert opened.json("mail", "show", mail[:10])["kind"] == "invitation"
    assert mail in opened("mail", "show", mail).stdout


def test_skip_and_what_cannot_be_decided(opened: Terminal) -> None:
    mail = _first(opened)
    opened("mail", "skip", mail, "--reason", "Ringt i stället", "--dry-run")
    assert opened.json("mail", "show", mail)["state"] == "planned"
    opened("mail", "skip", mail, "--reason", "Ringt i stället")
    shown = opened.json("mail", "show", mail)
    assert (shown["state"], shown["reason"]) == ("skipped", "Ringt i stället")
    assert "skipped" in opened("mail", "retry", mail, "--reason", "Ångrat", code=1).stderr


def test_retry_of_a_mail_that_failed(opened: Terminal) -> None:
    mail = _first(opened)
    house = opened.house()
    with house.db.begin() as work:
        message = work.outbox.get(mail)
        assert work.outbox.change(message, message.failed("550 no such user"))
    assert "550" in opened("mail", "list").stdout
    opened("mail", "retry", mail, "--reason", "Rättad adress")
    assert opened.json("mail", "show", mail)["state"] == "planned"


def test_another_person_takes_over(opened: Terminal) -> None:
    words = ("units", "handover", "2027-T1", "ost", "--to", "Nils Ny", "nils.ny@osterby.example")
    tried = opened(*words, "--dry-run")
    assert "nothing is kept" in tried.stdout
    assert opened.json("submission", "show", "2027-T1", "ost")["contacts"][0]["name"] != "Nils Ny"
    told = opened(*words)
    assert "Nils Ny <nils.ny@osterby.example> after Åsa Påhittad (is told)" in told.stdout
    row = next(row for row in opened.json("status")["units"] if row["unit"] == "ost")
    assert row["contact"] == {"name": "Nils Ny", "email": "nils.ny@osterby.example"}


def test_a_hand_over_to_no_address_or_in_no_language_is_refused(opened: Terminal) -> None:
    assert (
        "is not an email address" in opened("units", "handover", "2027-T1", "ost", "--to", "N", "nils", code=1).output
    )
    opened("units", "handover", "2027-T1", "ost", "--to", "N", "n@o.example", "--language", "de", code=2)
    assert "osterby" not in opened("units", "handover", "2027-T1", "vast", "--to", "N", "n@o.example", code=1).output


def test_a_spreadsheet_is_written_and_read(planned: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "units.xlsx"
    planned("units", "export", "-o", str(file))
    assert planned.json("units", "import", str(file), "--dry-run") == []
    file.write_bytes(b"not one")
    assert "units.xlsx" in planned("units", "import", str(file), code=1).stderr


def test_everybody_is_listed_with_their_days(planned: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "two.csv"
    sheet = (
        "id,name,kind,role,contact_name,contact_email,contact_from,contact_to",
        "ost,Österby,stadsdelsnamnd,primary,Åsa,asa@osterby.example,,2026-12-31",
        "ost,,,primary,Bo,bo@osterby.example,2027-01-01,",
    )
    file.write_text("\n".join(sheet), encoding="utf-8")
    planned("units", "import", str(file), "--yes")
    contacts = planned.json("units", "list")[0]["contacts"]
    assert [(each["name"], each["valid_from"], each["valid_to"]) for each in contacts] == [
        ("Åsa", None, "2026-12-31"),
        ("Bo", "2027-01-01", None),
    ]


def test_what_was_handed_in_before(opened: Terminal) -> None:
    assert opened.json("submission", "previous", "2027-T1", "ost") == []
    assert "Nothing has been handed in" in opened("submission", "previous", "2027-T1", "ost").stdout
