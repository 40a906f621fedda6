"""Files that came in, listed and saved from the command line: only those, and nothing that is there is overwritten."""

from pathlib import Path

import pytest

from tests.cli.conftest import Terminal
from workflow.domain.attachments import Limits
from workflow.services import attachments, submissions

OST = "2027-T1.ost"
SHOW = ("submission", "attachments", "2027-T1", "ost")


def attach(terminal: Terminal, name: str, content: bytes) -> None:
    house = terminal.house()
    attachments.add_file(
        house.db,
        OST,
        name,
        content,
        limits=Limits(),
        documents=house.documents,
        secrets=house.secrets,
        by="r",
        now=house.now(),
    )


def review(terminal: Terminal) -> None:
    house = terminal.house()
    submissions.start_review(house.db, OST, by="k", now=house.now())


@pytest.fixture
def handed_in(opened: Terminal) -> Terminal:
    attach(opened, "Karta åäö.txt", b"Norrut.")
    attach(opened, "siffror.csv", b"a;1")
    opened.hand_in("ost")
    return opened


def test_what_came_in_is_listed(handed_in: Terminal) -> None:
    rows = handed_in.json(*SHOW)
    assert {(each["edition"], each["name"], each["bytes"]) for each in rows} == {
        (1, "Karta åäö.txt", 7),
        (1, "siffror.csv", 3),
    }
    assert all(each["sealed"] for each in rows)
    assert "Karta åäö.txt" in handed_in(*SHOW).stdout


def test_it_is_saved_once_somebody_reviews_it(handed_in: Terminal, tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    told = handed_in(*SHOW, "--out", str(out), code=1)
    assert "can still take back" in told.stderr
    assert not out.exists()
    review(handed_in)
    told = handed_in(*SHOW, "--out", str(out))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        "Karta åäö.txt": b"Norrut.",
        "siffror.csv": b"a;1",
    }
    assert str(out / "siffror.csv") in told.stdout


def test_nothing_is_overwritten_unasked(handed_in: Terminal, tmp_path: Path) -> None:
    review(handed_in)
    mine = tmp_path / "siffror.csv"
    mine.write_bytes(b"mine")
    far = tmp_path / "far"
    (tmp_path / "Karta åäö.txt").symlink_to(far)
    told = handed_in(*SHOW, "--out", str(tmp_path), code=1)
    assert str(tmp_path) in told.stderr
    assert mine.read_bytes() == b"mine"
    rows = handed_in.json(*SHOW, "--out", str(tmp_path), "--force")
    assert {each["path"] for each in rows} == {str(mine), str(tmp_path / "Karta åäö.txt")}
    assert mine.read_bytes() == b"a;1"
    assert not far.exists()


def test_a_drafts_files_are_nobody_elses(opened: Terminal, tmp_path: Path) -> None:
    attach(opened, "hemligtutkastord.txt", b"hemligtutkastord")
    assert opened.json(*SHOW) == []
    out = tmp_path / "out"
    assert "No attachments have come in." in opened(*SHOW, "--out", str(out)).stderr
    assert list(out.iterdir()) == []


def test_an_edition_that_is_not_there(handed_in: Terminal) -> None:
    assert len(handed_in.json(*SHOW, "--edition", "1")) == 2
    handed_in(*SHOW, "--edition", "2", code=1)
    handed_in("submission", "attachments", "2027-T1", "osti", code=1)
