"""Planning, previewing, opening, extending, closing: from the terminal."""

import json
from datetime import UTC, datetime

from tests.cli.conftest import AFTER, BEFORE, DURING, OPENS, Terminal
from workflow.services import extensions


def test_a_round_is_planned_from_the_calendar_or_from_options(planned: Terminal) -> None:
    planned(
        "round", "plan", "2027", "t2", "--opens", "2027-08-16", "--due", "2027-09-17 12:00", "--due", "bolag=2027-09-24"
    )
    rows = {row["round"]: row for row in planned.json("round", "list")}
    assert rows["2027-T1"]["state"] == rows["2027-T2"]["state"] == "planned"
    assert rows["2027-T2"]["opens_at"] == "2027-08-16T06:00:00+00:00"
    assert rows["2027-T2"]["due_at"]["bolag"] == "2027-09-24T14:00:00+00:00"
    assert rows["2027-T2"]["due_at"]["facknamnd"] == "2027-09-17T10:00:00+00:00"


def test_planning_warns_of_bad_days_and_missing_contacts(planned: Terminal) -> None:
    told = planned("round", "plan", "2027", "T2", "--due", "2027-09-18", "--dry-run").stdout
    assert "Warning" in told
    assert "hamn" in told
    assert [row["round"] for row in planned.json("round", "list")] == ["2027-T1"]


def test_dates_in_the_wrong_order_are_refused(planned: Terminal) -> None:
    planned("round", "plan", "2027", "T2", "--due", "2027-08-01", code=1)
    planned("round", "plan", "2027", "T2", "--closes", "2027-09-01", code=1)


def test_show_names_who_lacks_a_contact(planned: Terminal, opened: Terminal) -> None:
    for terminal in (planned, opened):
        document = terminal.json("round", "show", "2027-T1")
        assert (document["units"], document["without_contact"]) == (3, ["hamn"])
    assert "Without a contact: hamn" in planned("round", "show", "2027-t1").stdout


def test_how_links_open_is_given_and_shown(planned: Terminal) -> None:
    planned("round", "plan", "2027", "T2", "--links", "verified")
    assert planned.json("round", "show", "2027-T2")["links"] == "verified"
    assert "ask for a code" in planned("round", "show", "2027-T2").stdout
    assert "open the form directly" in planned("round", "show", "2027-T1").stdout
    planned("round", "plan", "2027", "--links", "verified", code=2)


def test_opening_dry_and_for_real(planned: Terminal) -> None:
    assert "3 units" in planned("round", "open", "2027-T1", "--dry-run", now=OPENS).stdout
    assert planned.json("round", "list")[0]["state"] == "planned"
    planned("round", "open", "2027-T1", "--yes", now=OPENS)
    assert planned.json("round", "list")[0]["state"] == "open"
    assert {mail["unit"] for mail in planned.json("mail", "list", "2027-T1")} == {"ost", "amn"}


def test_preview_before_and_on_a_day(planned: Terminal) -> None:
    mails = planned.json("round", "preview", "2027-T1")
    assert {mail["unit"] for mail in mails if mail["suppressed"] == "no_contact"} == {"hamn"}
    day = planned.json("round", "preview", "2027-T1", "--on", "2027-05-19")
    assert {mail["kind"] for mail in day if not mail["suppressed"]} == {"last_day"}
    told = planned("round", "preview", "2027-T1").stdout
    assert "the round opens" in told
    assert "5 working days before the last day" in told


def test_extension_for_one_and_for_all(opened: Terminal) -> None:
    opened("round", "extend", "2027-T1", "ost", "--due", "2027-05-25", "--reason", "Sjukdom")
    rows = {row["unit"]: row for row in opened.json("status")["units"]}
    assert rows["ost"]["due_at"] == "2027-05-25T14:00:00+00:00"
    assert rows["ost"]["extended"]
    assert not rows["amn"]["extended"]
    opened("round", "extend", "2027-T1", "--all", "--due", "2027-05-28 24:00", "--reason", "Snö")
    assert {row["due_at"] for row in opened.json("status")["units"]} == {"2027-05-28T22:00:00+00:00"}
    assert "2027-05-28 24:00" in opened("status").stdout
    assert [mail["kind"] for mail in opened.json("mail", "list")].count("extension") == 3


def test_all_open_says_who_moves_and_shortens_nobody(opened: Terminal) -> None:
    opened("round", "extend", "2027-T1", "--unit", "ost", "--to", "2027-06-01", "--reason", "Sjukdom")
    line = ("round", "extend", "2027-T1", "--all-open", "--to", "2027-05-25", "--reason", "Snö")
    told = opened(*line, "--dry-run").stdout
    assert "ost: has that much time already, and keeps it" in told
    assert "amn: moves" in told
    assert not {row["unit"]: row for row in opened.json("status")["units"]}["amn"]["extended"]
    assert "1 extended" in opened(*line).stdout
    assert {row["unit"]: row["due_at"][:10] for row in opened.json("status")["units"]} == {
        "ost": "2027-06-01",
        "amn": "2027-05-25",
        "hamn": "2027-05-26",  # the companies have a day of their own
    }
    opened(*line, code=1)  # nobody is left to move


def test_the_common_day_is_moved_for_a_kind_or_for_all(opened: Terminal) -> None:
    assert "moves" in opened("round", "move", "2027-T1", "--to", "2027-05-27", "--dry-run").stdout
    opened("round", "move", "2027-T1", "--kind", "bolag", "--to", "2027-05-27", "--yes")
    dues = {row["unit"]: row["due_at"][:10] for row in opened.json("status")["units"]}
    assert dues["hamn"] == "2027-05-27"
    assert dues["ost"] == dues["amn"] != "2027-05-27"
    opened("round", "move", "2027-T1", "--to", "2027-12-01", "--yes", code=1)
    opened("round", "move", "2027-T1", "--to", "2027-12-01", "--closes", "2027-12-31", "--yes")
    assert {row["due_at"][:10] for row in opened.json("status")["units"]} == {"2027-12-01"}


def test_requests_are_listed_and_answered(opened: Terminal) -> None:
    assert opened.json("round", "requests", "2027-T1") == []
    opened("round", "refuse", "2027-T1", "ost", "--reason", "x", code=1)
    house = opened.house()
    for unit in ("ost", "amn"):
        extensions.ask_for_time(
            house.db,
            f"2027-T1.{unit}",
            wished=datetime(2027, 6, 1, 14, tzinfo=UTC),
            reason="Nämnden möts då.",
            by="r",
            secrets=house.secrets,
            calendar=house.calendar,
            now=datetime(2027, 5, 3, 8, tzinfo=UTC),
        )
    assert {row["unit"] for row in opened.json("round", "requests", "2027-T1")} == {"amn", "ost"}
    refused = opened("round", "refuse", "2027-T1", "ost", "--reason", "Vi samlar då")
    told = "(ost) gets no extension until Tue 2027-06-01 16:00: its last day is still"
    assert told in refused.output
    opened("round", "extend", "2027-T1", "amn", "--to", "2027-06-01 16:00", "--reason", "Visst")
    assert opened.json("round", "requests", "2027-T1") == []
    tried = opened("round", "withdraw", "2027-T1", "amn", "--reason", "Fel nämnd", "--dry-run")
    withdrawn = opened("round", "withdraw", "2027-T1", "amn", "--reason", "Fel nämnd")
    for each in (tried, withdrawn):
        assert "(amn) until Tue 2027-06-01 16:00 is withdrawn: its last day is" in each.output
    assert not any(row["extended"] for row in opened.json("status")["units"])
    kinds = [mail["kind"] for mail in opened.json("mail", "list")]
    assert {"extension_refused", "extension_withdrawn"} <= set(kinds)


def test_one_unknown_unit_extends_nobody(opened: Terminal) -> None:
    opened("round", "extend", "2027-T1", "ost", "nix", "--due", "2027-05-25", "--reason", "x", code=1)
    assert not any(row["extended"] for row in opened.json("status")["units"])


def test_closing_and_cancelling(planned: Terminal, opened: Terminal) -> None:
    planned("round", "cancel", "2027-T1", now=BEFORE)
    assert planned.json("round", "list")[0]["state"] == "cancelled"
    opened("round", "close", "2027-T1", "--dry-run")
    assert opened.json("round", "list")[0]["state"] == "open"
    opened("round", "close", "2027-T1")
    assert opened.json("round", "list")[0]["state"] == "closed"


# --- status ------------------------------------------------------------------


def test_status_means_the_open_round_and_sorts_the_swedish_way(opened: Terminal) -> None:
    document = opened.json("status")
    assert document["round"] == "2027-T1"
    assert [row["unit"] for row in document["units"]] == ["amn", "hamn", "ost"]
    assert "3 units" in opened("status").stderr


def test_status_late_only(opened: Terminal) -> None:
    opened.hand_in("ost", now=DURING)
    late = opened.json("status", "--late", now=AFTER)
    assert [row["unit"] for row in late["units"]] == ["amn", "hamn"]
    assert all(row["days_late"] > 0 for row in late["units"])
    assert opened.json("status", "--late")["units"] == []


def test_csv_holds_no_formula(planned: Terminal) -> None:
    sheet = planned.data / "evil.csv"
    row = 'ks,"=HYPERLINK(""x"")",kommunstyrelse,@Kim Påhittad,kim@ks.example\n'
    sheet.write_text(f"id,name,kind,contact_name,contact_email\n{row}", encoding="utf-8")
    planned("units", "import", str(sheet), "--yes")
    planned("round", "open", "2027-T1", now=OPENS)
    told = planned("status", "--csv", now=OPENS).stdout
    assert told.startswith("unit,name,kind,state")
    assert "'=HYPERLINK" in told
    assert "'@Kim" in told


def test_json_is_readable_utf8(opened: Terminal) -> None:
    told = opened("status", "--json").stdout
    assert "Österby" in told
    assert json.loads(told)["counts"]["units"] == 3


def test_closing_dry_says_which_mails_fall_away(opened: Terminal) -> None:
    told = opened("round", "close", "2027-T1", "--dry-run").stdout
    coming = [mail for mail in opened.json("round", "preview", "2027-T1") if mail["state"] == "expected"]
    assert f"{len(coming)} mails fall away." in told
    assert "round_closed" in told
    assert opened.json("round", "list")[0]["state"] == "open"


def test_one_mail_is_read_by_number_and_by_id(planned: Terminal) -> None:
    (first,) = [mail for mail in planned.json("round", "preview", "2027-T1") if mail["number"] == 1]
    assert first["id"] == "2027-T1.amn.open"
    for name in ("1", first["id"], "amn.open"):
        told = planned("round", "preview", "2027-T1", "--mail", name).stdout
        assert "To: Cleo Påhittad" in told
        assert "Subject: " in told
        assert "2027-T1-amn.docx" in told
    letter = planned.json("round", "preview", "2027-T1", "--mail", "ost.T+0")
    assert letter["kind"] == "last_day"
    assert letter["subject"]
    assert "<html" in letter["html"]
    assert "does not go" in planned("round", "preview", "2027-T1", "--mail", "hamn.open").stdout
    planned("round", "preview", "2027-T1", "--mail", "ost.T-99", code=1)


def test_preview_of_one_unit_and_kind(planned: Terminal) -> None:
    mails = planned.json("round", "preview", "2027-T1", "--unit", "ost", "--kind", "overdue")
    assert {(mail["unit"], mail["kind"]) for mail in mails} == {("ost", "overdue")}


def test_to_the_test_box(planned: Terminal) -> None:
    box = "testlada@staden.example"
    command = ("round", "preview", "2027-T1", "--to-test-box")
    assert "Dry run" in planned(*command, box, "--dry-run").stdout
    assert "4 of 4 mails sent" in planned(*command, box, "--first-of-each").stdout
    kept = planned.house().mailbox()
    assert len(kept) == 4
    assert all(mail.subject.startswith("[Test]") for mail in kept)
    told = planned(*command, "asa@osterby.example", "--first-of-each", code=1)
    assert "asa@osterby.example" in told.stderr
    assert "4 of 4" in planned(*command, "asa@osterby.example", "--first-of-each", "--force").stdout
    planned(*command, "ingen adress", code=1)
    planned(*command, box, "--on", "2027-01-01", code=1)
