"""The table of free days is what the script writes, and two independent packages agree with it."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from workalendar.europe import Sweden

from tests.domain import freedays
from tests.domain.freedays import LIBRARY_ENDS, TARGET, by_rule, difference, library_days, main, render, running_text
from workflow.domain.calendar import swedish_calendar
from workflow.domain.freedays import ENGLISH_NAMES, FREE_DAYS, YEARS

COMPARED = range(2026, 2041)


def days_of(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]


def test_the_file_is_what_the_script_writes() -> None:
    assert TARGET.read_text(encoding="utf-8") == render()


@pytest.mark.parametrize("year", COMPARED)
def test_holidays_agrees_about_every_day(year: int) -> None:
    theirs = library_days(year, "sv")
    assert {day: name for day, name in FREE_DAYS.items() if day.year == year} == {
        day: ", ".join(running_text(part) for part in name.split("; ")) for day, name in theirs.items()
    }


@pytest.mark.parametrize("year", COMPARED)
def test_workalendar_agrees_about_every_day(year: int) -> None:
    theirs, ours = Sweden(), swedish_calendar()
    assert [d for d in days_of(year) if ours.is_working_day(d) != theirs.is_working_day(d)] == []


def test_workalendar_counts_working_days_as_we_do_from_every_day() -> None:
    """Steps of one to ten working days, forward and back, from every date."""
    theirs, ours = Sweden(), swedish_calendar()
    for year in COMPARED:
        for d in days_of(year):
            n = d.toordinal() % 10 + 1
            assert ours.add_working_days(d, n) == theirs.add_working_days(d, n), d
            assert ours.add_working_days(d, -n) == theirs.sub_working_days(d, n), d


def test_workalendar_agrees_about_spans_from_every_day() -> None:
    theirs, ours = Sweden(), swedish_calendar()
    for year in COMPARED:
        for d in days_of(year):
            end = d + timedelta(days=d.toordinal() % 45)
            assert ours.working_days_between(d, end) == theirs.get_working_days_delta(d, end), (d, end)


def test_the_command_shows_what_it_would_change_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert difference() == ""
    other = tmp_path / "freedays.py"
    other.write_text(TARGET.read_text(encoding="utf-8").replace('2027: "01-01', '2027: "01-02'), encoding="utf-8")
    monkeypatch.setattr(freedays, "TARGET", other)
    assert main(["--check"]) == 1
    assert '+    2027: "01-01' in capsys.readouterr().out
    assert "01-02 01-06 03-26" in other.read_text(encoding="utf-8")
    main([])
    assert main(["--check"]) == 0


def test_the_rule_says_what_the_library_says_of_every_year_it_knows() -> None:
    """So it may be believed of those that the library does not know."""
    known = [year for year in YEARS if year <= LIBRARY_ENDS]
    assert {year: set(by_rule(year)) for year in known} == {year: set(library_days(year, "sv")) for year in known}
    assert library_days(LIBRARY_ENDS + 1, "sv") == {}


def test_every_year_has_every_day_and_names_in_both_languages() -> None:
    for year in YEARS:
        named = [part for day, name in FREE_DAYS.items() if day.year == year for part in name.split(", ")]
        assert sorted(named) == sorted(ENGLISH_NAMES)


def test_two_that_fall_on_one_day_share_it() -> None:
    assert FREE_DAYS[date(2060, 6, 6)] == "nationaldagen, pingstdagen"
