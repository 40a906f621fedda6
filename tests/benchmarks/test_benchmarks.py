"""The benchmarks run from end to end, on a few mails and units; what they measure then is worth nothing."""

import re
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import main
from tests.benchmarks.table import Target


def figures(told: str, start: str) -> list[str]:
    """The cells of the line that begins so."""
    (line,) = [line for line in told.splitlines() if line.startswith(start)]
    return re.split(r"\s{2,}", line.strip())


def test_sending_is_measured_beside_its_base(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--mails", "20", "--rounds", "1", "--db", "sqlite", "--only", "ours"]
    main(["sending", *options, "--processes", "2", "--connections", "2", "--folder", str(tmp_path)])

    told = capsys.readouterr().out
    rate = float(figures(told, "ours, sqlite, 2 processes × 2")[1].replace(",", ""))
    assert rate > 0
    assert figures(told, "smtplib, 1 connection, ready-made  ")[2] == "1.00"
    assert "FAILED" not in told
    assert list(tmp_path.iterdir()) == []


def test_a_round_is_opened_planned_and_previewed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["planning", "--units", "3", "30", "--folder", str(tmp_path)])

    told = capsys.readouterr().out
    assert float(figures(told, "open, 30 units")[1]) > 0
    assert "× for 10 × the units" in told


def test_the_overview_is_measured_by_its_queries_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["overview", "--units", "3", "30", "--runs", "2", "--folder", str(tmp_path)])

    assert "same number of queries: met" in figures(capsys.readouterr().out, "page, 30 units")[-1]


@pytest.mark.parametrize(
    ("figure", "is_ceiling", "verdict"),
    [(2.0, False, "met"), (1.9, False, "NOT MET"), (2.0, True, "met"), (2.1, True, "NOT MET")],
)
def test_a_target_is_met_on_its_bound(figure: float, is_ceiling: bool, verdict: str) -> None:
    assert Target(2, "×", is_ceiling=is_ceiling).judge(figure).endswith(f": {verdict}")


def test_saving_is_measured_and_nothing_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--writers", "4", "--seconds", "1", "--db", "sqlite", "--folder", str(tmp_path)]
    main(["saving", *options])

    told = figures(capsys.readouterr().out, "sqlite, 4 writers, without a pause")
    assert float(told[1].replace(",", "")) > 0
    assert told[-1] == "no error, nothing lost: met"
