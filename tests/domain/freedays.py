"""Writes workflow/domain/freedays.py from the package holidays: `python -m tests.domain.freedays`.

With `--check` it writes nothing, shows what would change, and ends with 1 if anything would.
Every option is named: the package's defaults and the language it answers in have changed between releases.
"""

import difflib
import sys
from datetime import date, timedelta
from pathlib import Path

import holidays

TARGET = Path(__file__).parents[2] / "workflow" / "domain" / "freedays.py"
YEARS = range(2019, 2121)
LIBRARY_ENDS = 2100

HEAD = '''"""The free days of Sweden {first}–{last}: data, so that no library upgrade can move a deadline.

The 13 public holidays of the act 1989:253 (other Sundays left out) and the three eves that are free by custom.
Names are written as in running text. Written by `python -m tests.domain.freedays`; do not edit by hand: what one
site or one year needs on top stands in config/calendar.toml. A test proves that the file is what the script writes.
"""

from collections.abc import Mapping
from datetime import date

'''

TAIL = '''

def _by_date() -> dict[date, str]:
    """Lay the columns out by date; two that fall on one day (2060-06-06) share it."""
    days: dict[date, str] = {}
    for year, row in _ROWS.items():
        for name, day in zip(ENGLISH_NAMES, row.split(), strict=True):
            when = date.fromisoformat(f"{year}-{day}")
            days[when] = f"{days[when]}, {name}" if when in days else name
    return days


YEARS = range(min(_ROWS), max(_ROWS) + 1)
FREE_DAYS: Mapping[date, str] = _by_date()
'''


def by_rule(year: int) -> list[date]:
    """The days in the order of the names, by the act and by custom: for years of which the library does not know."""
    easter = easter_sunday(year)
    saturday = 5
    midsummer = first(date(year, 6, 20), saturday)
    return [
        *(date(year, 1, 1), date(year, 1, 6)),
        *(easter - timedelta(2), easter, easter + timedelta(1), date(year, 5, 1), easter + timedelta(39)),
        *(date(year, 6, 6), easter + timedelta(49), midsummer - timedelta(1), midsummer),
        first(date(year, 10, 31), saturday),
        *(date(year, 12, day) for day in (24, 25, 26, 31)),
    ]


def first(day: date, weekday: int) -> date:
    """Find the first such weekday from this day on."""
    return day + timedelta((weekday - day.weekday()) % 7)


def easter_sunday(year: int) -> date:
    """Meeus, Astronomical Algorithms, chapter 8."""
    century, rest = divmod(year, 100)
    golden = year % 19
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return date(year, month, day + 1)


def running_text(name: str) -> str:
    """Swedish names of days take no capital in a sentence, save the name of Christ."""
    return name if name.startswith("Kristi ") else name[0].lower() + name[1:]


def named_days(year: int, language: str) -> list[tuple[str, str]]:
    """(month-day, name) of one year, in order of date."""
    found = library_days(year, language)
    return [(f"{day:%m-%d}", name) for day, names in sorted(found.items()) for name in sorted(names.split("; "))]


def library_days(year: int, language: str) -> dict[date, str]:
    """What the library says of one year; several names of one day are joined by "; "."""
    found = holidays.country_holidays(
        "SE",
        subdiv=None,
        years=year,
        expand=False,
        observed=False,
        categories=("public", "de_facto"),
        language=language,
        include_sundays=False,
    )
    return dict(found.items())


def render() -> str:
    """The whole text of the module."""
    # In the first year no two fall on one day, so that the two languages can be laid side by side.
    first = YEARS[0]
    names = {
        running_text(sv): en
        for (_, sv), (_, en) in zip(named_days(first, "sv"), named_days(first, "en_US"), strict=True)
    }
    english = "".join(f'    "{sv}": "{en}",\n' for sv, en in names.items())
    rows = []
    for year in YEARS:
        by_name = {running_text(name): day for day, name in named_days(year, "sv")}
        days = [by_name[name] for name in names] if by_name else [f"{day:%m-%d}" for day in by_rule(year)]
        rows.append(f'    {year}: "{" ".join(days)}",\n')
    return (
        HEAD.format(first=first, last=YEARS[-1])
        + f"ENGLISH_NAMES: Mapping[str, str] = {{\n{english}}}\n\n"
        + "# A row per year, month-day; the columns stand in the order of the names above.\n"
        + f"_ROWS: Mapping[int, str] = {{\n{''.join(rows)}}}\n"
        + TAIL
    )


def difference() -> str:
    """What writing would change, line by line; empty when nothing would."""
    stands = TARGET.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(difflib.unified_diff(stands, render().splitlines(keepends=True), "as it stands", "as generated"))


def main(words: list[str]) -> int:
    found = difference()
    sys.stdout.write(found)
    if "--check" in words:
        return 1 if found else 0
    TARGET.write_text(render(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
