"""`tertial audit verify`: what it proves, what it names, and what it says when there is nothing to prove it by."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import AFTER, DURING, Terminal
from workflow.services.audit import anchor_head


def tamper(opened: Terminal, *statements: str) -> None:
    opened.close()
    with closing(sqlite3.connect(opened.data / "tertial.sqlite")) as database, database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {trigger}")  # they would refuse it; whoever owns the file can drop them
        for statement in statements:
            database.execute(statement)


def anchor(opened: Terminal) -> Path:
    """What a tick does."""
    house = opened.house()
    assert anchor_head(house.db, house.anchors, now=house.now())
    return opened.data / "anchors.jsonl"


CUT = (
    "DELETE FROM events WHERE number = (SELECT max(number) FROM events)",
    "UPDATE audit_head SET (number, hash) = (SELECT number, hash FROM events ORDER BY number DESC LIMIT 1)",
)


def test_without_anchors_it_says_what_it_cannot_prove(opened: Terminal) -> None:
    told = opened("audit", "verify")
    assert "The chain holds" in told.stdout
    assert "no anchors yet" in told.stderr
    assert opened.json("audit", "verify")["anchors"][0]["kept"] == 0


def test_with_anchors_it_says_how_far_they_reach(opened: Terminal) -> None:
    anchor(opened)
    told = opened("audit", "verify").stdout
    assert "All 1 anchors fit" in told
    found = opened.json("audit", "verify")
    assert (found["holds"], found["first_break"], found["first_unfit"]) == (True, None, None)
    assert f"head {found['head']}" in told


def test_a_log_that_was_cut_off_is_named_by_its_anchor(opened: Terminal) -> None:
    file = anchor(opened)
    last = opened.json("audit", "verify")["events"]
    tamper(opened, *CUT)
    told = opened("audit", "verify", code=1).stderr
    assert f"event {last} (" in told
    assert "It was cut off." in told
    file.unlink()  # whoever can do the one can do the other: so a copy elsewhere
    opened("audit", "verify")


def test_a_copy_that_was_kept_elsewhere_is_asked_too(opened: Terminal, tmp_path: Path) -> None:
    copy = anchor(opened).rename(tmp_path / "copy.jsonl")
    opened("audit", "verify", "--anchors", str(copy))
    tamper(opened, *CUT)
    opened("audit", "verify")
    assert "It was cut off." in opened("audit", "verify", "--anchors", str(copy), code=1).stderr
    assert "missing.jsonl" in opened("audit", "verify", "--anchors", str(tmp_path / "missing.jsonl"), code=2).stderr


def test_an_edition_carries_its_own_anchor(opened: Terminal, tmp_path: Path) -> None:
    opened("round", "close", "2027-T1", now=AFTER)
    opened("bundle", "2027-T1", "--output", str(tmp_path), now=AFTER)
    beside = opened.data / "bundles" / "2027-T1" / "2027-T1-utgava-1.anchor.jsonl"
    assert "All 1 anchors fit" in opened("audit", "verify", "--anchors", str(beside)).stdout


def test_a_line_that_is_no_anchor_is_told_of(opened: Terminal) -> None:
    file = anchor(opened)
    file.write_bytes(file.read_bytes()[:30] + b"\n" + file.read_bytes())
    assert "line 1" in opened("audit", "verify").stderr


@pytest.mark.parametrize("grown", [False, True])
def test_a_restore_is_told_of_and_breaks_nothing(opened: Terminal, tmp_path: Path, grown: bool) -> None:
    opened("db", "backup", str(tmp_path / "then.backup"))
    if grown:
        opened.hand_in("ost")
        anchor(opened)
    opened("db", "restore", str(tmp_path / "then.backup"), "--yes", now=DURING)
    told = opened("audit", "verify", now=AFTER)
    assert "a backup was restored" in told.stderr
    assert "fit" in told.stdout
    tamper(opened, *CUT, *CUT)
    opened("audit", "verify", code=1)
