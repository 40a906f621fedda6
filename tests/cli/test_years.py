"""A whole year planned from the terminal, held rounds confirmed, and dates that never lack their weekday."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal

BARE_DATE = re.compile(r"(?<!Mon |Tue |Wed |Thu |Fri |Sat |Sun )\b20\d\d-\d\d-\d\d \d\d:\d\d")


def states(terminal: Terminal) -> dict[str, tuple[str, bool]]:
    return {row["round"]: (row["state"], row["confirmed"]) for row in terminal.json("round", "list")}


def test_a_year_is_shown_dry_and_then_planned(planned: Terminal) -> None:
    told = planned("round", "plan", "2027", "--dry-run").stdout
    assert "Dry run, nothing is kept: Newly planned of 2027: 1 round, of which 1 held for a person." in told
    assert "planned already, left as it is" in told
    assert states(planned) == {"2027-T1": ("planned", True)}
    rows = planned.json("round", "plan", "2027")
    assert [(row["round"], row["becomes"], row["units"]) for row in rows] == [
        ("2027-T1", "there", 3),
        ("2027-T2", "held", 3),
    ]
    assert states(planned) == {"2027-T1": ("planned", True), "2027-T2": ("planned", False)}
    listed = planned("round", "list").stdout
    assert "held" in listed
    assert "Fri 2027-09-17 16:00, week 37" in listed


def test_a_held_round_is_confirmed_once(planned: Terminal) -> None:
    planned("round", "plan", "2027")
    assert "opens Mon 2027-08-16 08:00, week 33" in planned("round", "confirm", "2027-t2", "--dry-run").stdout
    assert not states(planned)["2027-T2"][1]
    planned("round", "confirm", "2027-T2")
    assert states(planned)["2027-T2"] == ("planned", True)
    assert "does not wait to be confirmed" in planned("round", "confirm", "2027-T2", code=1).stderr


def test_a_year_that_is_not_planned_for_is_named(planned: Terminal) -> None:
    assert "2026, 2027" in planned("round", "plan", "2031", code=1).stderr
    planned("round", "plan", "2027", "--due", "2027-09-17", code=2)


def test_a_cancelled_round_is_planned_again(planned: Terminal) -> None:
    planned("round", "cancel", "2027-T1")
    planned("round", "plan", "2027", "T1", "--opens", "2027-04-20")
    assert planned.json("round", "list")[0]["opens_at"] == "2027-04-20T06:00:00+00:00"
    planned("round", "plan", "2027", "T1", code=1)


def test_every_typed_last_day_is_answered_with_what_speaks_against_it(opened: Terminal) -> None:
    told = opened("round", "extend", "2027-T1", "ost", "--due", "2027-06-04 21:00", "--reason", "x", "--dry-run").stdout
    assert "Warning: Friday 4 June 2027 has office hours 07:00–18:00, and the time is outside them" in told
    told = opened("round", "extend", "2027-T1", "ost", "--due", "2027-06-26", "--reason", "x", "--dry-run").stdout
    assert "Warning: Saturday 26 June 2027 is a free day (Midsummer Day)" in told
    opened.hand_in("ost")
    told = opened("submission", "return", "2027-T1", "ost", "--due", "2027-05-07", "--reason", "x").stdout
    assert "Warning: Friday 7 May 2027 is a bridge day between free days" in told
    assert "returned; due Fri 2027-05-07 16:00" in told


def test_no_time_is_shown_without_its_weekday(opened: Terminal) -> None:
    commands = [
        ["round", "list"],
        ["round", "show", "2027-T1"],
        ["round", "preview", "2027-T1"],
        ["round", "plan", "2027", "--dry-run"],
        ["status"],
        ["mail", "list"],
        ["submission", "show", "2027-T1", "ost"],
    ]
    for words in commands:
        told = opened(*words).stdout
        assert "2027-0" in told, words
        assert not BARE_DATE.findall(told), words


def test_the_calendar_of_a_year(bare: Terminal) -> None:
    told = bare("calendar", "2027").stdout
    assert "Friday 7 May 2027" in told
    assert "klämdag" in told
    assert "253 working days" in told
    rows = {row["date"]: row for row in bare.json("calendar", "2026")}
    assert rows["2026-12-28"] == {
        "date": "2026-12-28",
        "day": "Monday 28 December 2026",
        "week": "week 53",
        "what": "between Christmas and New Year",
        "name": "",
        "mail": "none",
    }
    assert "2027-05-12" not in json.dumps(rows)


def test_a_sites_own_calendar_is_obeyed_and_its_faults_have_lines(
    planned: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "config"
    own.mkdir()
    file = own / "calendar.toml"
    file.write_text('[[quiet]]\nday = 2027-05-12\nname = "planeringsdag"\n', encoding="utf-8")
    monkeypatch.setenv("CONFIG_DIR", str(own))
    assert "planeringsdag" in planned("calendar", "2027").stdout
    five_before = [mail["at"] for mail in planned.json("round", "preview", "2027-T1") if mail["slot"] == "T-5"]
    assert "2027-05-11T07:00:00+00:00" in five_before
    file.write_text('[[quiet]]\nday = 2027-05-32\nname = "x"\n', encoding="utf-8")
    assert "calendar.toml" in planned("calendar", "2027", code=1).stderr
    checked = {row["what"]: row for row in json.loads(planned("check", "--json", code=1).stdout)["checks"]}
    assert not checked["calendar.toml"]["ok"]
    assert "2" in checked["calendar.toml"]["detail"]
    assert checked["rounds.toml"]["ok"]
