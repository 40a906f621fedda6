"""Holding, skipping, noting and releasing one mail from the terminal."""

from typing import Any

from tests.cli.conftest import Terminal

MAIL = "2027-T1.ost.T-1"


def mails(terminal: Terminal) -> dict[str, Any]:
    return {mail["slot"]: mail for mail in terminal.json("mail", "list", "2027-T1") if mail["unit"] == "ost"}


def test_held_and_released(opened: Terminal) -> None:
    told = opened("mail", "hold", MAIL, "--reason", "De har ringt", "--dry-run").stdout
    assert "1 mail is held." in told
    assert "T-1" not in mails(opened)
    opened("mail", "hold", MAIL, "--reason", "De har ringt")
    held = mails(opened)["T-1"]
    assert (held["state"], held["reason"]) == ("held", "De har ringt")
    opened("mail", "release", held["id"])
    assert mails(opened)["T-1"]["state"] == "planned"


def test_skipped_and_thought_better_of(opened: Terminal) -> None:
    opened("mail", "skip", MAIL, "--reason", "Onödigt")
    assert mails(opened)["T-1"]["state"] == "skipped"
    opened("mail", "retry", mails(opened)["T-1"]["id"], "--reason", "Nej", code=1)
    opened("mail", "release", MAIL)
    assert mails(opened)["T-1"]["state"] == "planned"


def test_noted(opened: Terminal) -> None:
    opened("mail", "note", MAIL, "--text", "Ring mig gärna.")
    assert "Ring mig gärna." in opened("round", "preview", "2027-T1", "--mail", MAIL).stdout


def test_releasing_all_leaves_what_people_hold(opened: Terminal) -> None:
    opened("mail", "hold", MAIL, "--reason", "De har ringt")
    assert "0 mails" in opened("mail", "release", "--yes").stdout
    assert mails(opened)["T-1"]["state"] == "held"


def test_what_cannot_be_done_is_told(opened: Terminal, planned: Terminal) -> None:
    opened("mail", "hold", "2027-T1.ost.T-99", "--reason", "x", code=1)
    opened("mail", "hold", "2031-T1.ost.T-1", "--reason", "x", code=1)
    opened("mail", "hold", MAIL, "--reason", " ", code=1)
    opened("mail", "release", MAIL, code=1)
    planned("mail", "hold", MAIL, "--reason", "x", code=1)
