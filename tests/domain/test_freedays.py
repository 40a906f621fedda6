"""The table of free days is what the script writes, and two independent packages agree with it."""

from datetime import date, timedelta

import holidays
import pytest
from workalendar.europe import Sweden

from tests.domain.freedays import TARGET, render, running_text
from workflow.domain.calendar import swedish_calendar
from workflow.domain.freedays import ENGLISH_NAMES, FREE_DAYS, YEARS

COMPARED = range(2026, 2041)


def days_of(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]


def test_the_file_is_what_the_script_writes() -> None:
    assert TARGET.read_text(encoding="utf-8") == render()


@pytest.mark.parametrize("year", COMPARED)
def test_holidays_agrees_about_every_day(year: int) -> None:
    theirs = holidays.country_holidays(
        "SE", years=year, categories=("public", "de_facto"), language="sv", include_sundays=False
    )
    assert {day: name for day, name in FREE_DAYS.items() if day.year == year} == {
        day: ", ".join(running_text(part) for part in name.split("; ")) for day, name in theirs.items()
    }


@pytest.mark.parametrize("year", COMPARED)
def test_workalendar_agrees_about_every_day(year: int) -> None:
    theirs, ours = Sweden(), swedish_calendar()
    assert [d for d in days_of(year) if ours.is_working_day(d) != theirs.is_working_day(d)] == []


def test_every_year_has_every_day_and_names_in_both_languages() -> None:
    for year in YEARS:
        named = [part for day, name in FREE_DAYS.items() if day.year == year for part in name.split(", ")]
        assert sorted(named) == sorted(ENGLISH_NAMES)


def test_two_that_fall_on_one_day_share_it() -> None:
    assert FREE_DAYS[date(2060, 6, 6)] == "nationaldagen, pingstdagen"
