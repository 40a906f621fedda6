"""Holding, skipping, noting and releasing one mail from the terminal."""

from typing import Any

from tests.builders import a_frozen
from tests.cli.conftest import Terminal
from workflow.domain.messages import MessageKind, MessageState

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


def test_a_mail_about_several_units_is_decided_about_as_one(opened: Terminal) -> None:
    with opened.house().db.begin() as work:
        ost, amn = (work.outbox.of_submission(f"2027-T1.{unit}")[0] for unit in ("ost", "amn"))
        both = {"kind": MessageKind.REMINDER, "slot": "T-5", "state": MessageState.UNKNOWN, "to_email": ost.to_email}
        assert work.outbox.plan([ost.but(id="letter", frozen=a_frozen(), **both)]) == 1
        assert work.outbox.plan([amn.but(id="told", lead="letter", **both)]) == 1
    opened("mail", "skip", "2027-T1.amn.T-5", "--reason", "Hon har fått det")
    assert ledger(opened, "skipped") == {"letter", "told"}
    opened("mail", "release", "told")
    assert ledger(opened, "planned") == {"letter", "told"}
    refused = opened("mail", "note", "told", "--text", "Ring mig.", code=1)
    assert "Österby stadsdelsnämnd (2027-T1.ost.T-5)" in " ".join(refused.stderr.split())
    opened("mail", "hold", "told", "--reason", "Vänta")
    assert ledger(opened, "held") == {"letter", "told"}


def ledger(terminal: Terminal, state: str) -> set[str]:
    return {mail["id"] for mail in terminal.json("mail", "list", "2027-T1", "--state", state) if mail["slot"] == "T-5"}


def test_what_cannot_be_done_is_told(opened: Terminal, planned: Terminal) -> None:
    opened("mail", "hold", "2027-T1.ost.T-99", "--reason", "x", code=1)
    opened("mail", "hold", "2031-T1.ost.T-1", "--reason", "x", code=1)
    opened("mail", "hold", MAIL, "--reason", " ", code=1)
    opened("mail", "release", MAIL, code=1)
    planned("mail", "hold", MAIL, "--reason", "x", code=1)
