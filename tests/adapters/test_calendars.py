"""calendar.toml: what a site changes, what that does to days and mails, and every fault on its line."""

from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from workflow.adapters.calendars import check_calendar, load_calendar
from workflow.domain.calendar import Calendar, swedish_calendar
from workflow.domain.errors import ConfigError

SHIPPED = Path(__file__).parents[2] / "config" / "calendar.toml"
SWEDEN = swedish_calendar()
GOOD = """\
[sending]
opens = "08:00"
closes = "17:00"
bridge_days = true
christmas = true
[sending.friday]
closes = "15:00"

[[hours]]
day = 2027-04-29
closes = "12:00"

[[free]]
day = 2027-06-07
name = "ledig dag för nationaldagen"

[[working]]
day = "2027-12-31"

[[quiet]]
first = 2027-07-05
last = 2027-07-30
name = "semesterveckor"
"""


def put(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "calendar.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def own(tmp_path: Path) -> Calendar:
    return load_calendar(put(tmp_path, GOOD), SWEDEN)


def test_what_we_ship_changes_nothing() -> None:
    assert load_calendar(SHIPPED, SWEDEN) == SWEDEN


def test_every_example_in_the_shipped_file_can_be_used(tmp_path: Path) -> None:
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    code = [
        line.removeprefix("# ") for line in lines if line.startswith(("# [", "# day", "# cl", "# na", "# fi", "# la"))
    ]
    calendar = load_calendar(
        put(tmp_path, "\n".join([*[line for line in lines if not line.startswith("#")], *code])), SWEDEN
    )
    assert calendar.is_working_day(date(2027, 12, 31))
    assert not calendar.is_working_day(date(2027, 6, 7))
    assert len(calendar.quiet_days) == 26


def test_days_of_ones_own(own: Calendar) -> None:
    assert not own.is_working_day(date(2027, 6, 7))
    assert own.is_working_day(date(2027, 12, 31))
    assert own.working_days_between(date(2027, 6, 4), date(2027, 6, 8)) == 1
    assert own.deadline_warnings(date(2027, 6, 4)) == ()  # Friday: the weekend stands between
    assert [each.name for each in own.deadline_warnings(date(2027, 6, 7))] == ["ledig dag för nationaldagen"]
    assert own.is_working_day(date(2027, 7, 5))
    assert not own.is_sending_day(date(2027, 7, 5))
    assert own.sending_day_on_or_after(date(2027, 7, 5)) == date(2027, 8, 2)
    assert not SWEDEN.is_working_day(date(2027, 12, 31))  # nobody else's calendar has changed


def test_bridge_days_and_christmas_when_the_site_says_so(own: Calendar) -> None:
    for day in (date(2027, 5, 7), date(2027, 12, 28)):
        assert own.is_sending_day(day)
        assert not SWEDEN.is_sending_day(day)


def test_hours_per_weekday_and_day(own: Calendar) -> None:
    assert own.hours(date(2027, 5, 13)) == (time(8), time(17))
    assert own.hours(date(2027, 5, 14)) == (time(8), time(15))
    assert own.hours(date(2027, 4, 29)) == (time(8), time(12))
    friday_four = datetime(2027, 5, 14, 14, 0, tzinfo=UTC)
    assert SWEDEN.in_window(friday_four)
    assert not own.in_window(friday_four)
    assert own.next_window(friday_four) == datetime(2027, 5, 17, 6, 0, tzinfo=UTC)
    assert own.sending_at(date(2027, 4, 29), time(13)) == own.at(date(2027, 4, 29), time(8))


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ('closes = "17:00"', 'closes = "08:00"', 3, "Tiden 08:00–08:00 går inte att använda."),
        ('closes = "17:00"', 'closes = "02:30"', 3, "inte mellan 02.00 och 03.00"),
        ('closes = "15:00"', 'closes = "07:00"', 7, "Tiden 08:00–07:00 går inte att använda."),
        ("[sending.friday]", "[sending.fridag]", 6, "Menade du ”friday”?"),
        ("bridge_days = true", 'bridge_days = "ja"', 4, "”bridge_days” har fel slags värde."),
        ("day = 2027-04-29", 'day = "2027-04-31"', 10, "är inget datum (day)."),
        ("day = 2027-04-29", "day = 2027-04-29T08:00:00", 10, "är inget datum (day). Det ska vara ett datum"),
        ("day = 2027-06-07", "day = 2127-06-07", 14, "Tillåtet är åren 2019–2120."),
        ('name = "ledig dag för nationaldagen"', "", 13, "”name” saknas."),
        ('day = "2027-12-31"', 'day = "2027-12-30"', 18, "2027-12-30 är en arbetsdag även utan den här raden."),
        ("last = 2027-07-30", "last = 2028-07-30", 22, "högst 62 dagar"),
        ("last = 2027-07-30", "last = 2027-07-01", 22, "Skriv först den första dagen"),
        ("first = 2027-07-05\nlast", "day = 2027-07-05\nday2", 22, "Det finns inget som heter ”day2” här."),
        ("[[quiet]]", "[[quite]]", 20, "Menade du ”quiet”?"),
        (
            "[[working]]\n",
            '[[free]]\nday = 2027-06-07\nname = "x"\n[[working]]\n',
            18,
            "2027-06-07 står redan under [[free]] på rad 13. Behåll bara det ena",
        ),
        (
            'day = "2027-12-31"',
            "day = 2027-06-07",
            18,
            "2027-06-07 står både som ledig, på rad 13, och som arbetsdag. Ta bort den ena",
        ),
        ('day = "2027-12-31"', "day = 2026-06-06", 18, "2026-06-06 är en lördag eller söndag"),
        ('day = "2027-12-31"', "day = 2027-05-22", 18, "2027-05-22 är en lördag eller söndag"),
        ("[[quiet]]", "[[working]]\nday = 2027-12-31\n[[quiet]]", 21, "2027-12-31 står redan under [[working]]"),
        (
            'name = "semesterveckor"',
            'name = "a"\n[[quiet]]\nfirst = 2027-07-26\nlast = 2027-08-06\nname = "b"',
            24,
            "2027-07-26 står redan under [[quiet]] på rad 20",
        ),
        ("day = 2027-04-29", "day = 2027-07-06", 10, "2027-07-06 skickas inget ändå"),
        ("day = 2027-04-29", "day = 2027-06-07", 10, "2027-06-07 skickas inget ändå"),
    ],
)
def test_a_fault_has_its_line(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    assert GOOD.count(old) == 1
    path = put(tmp_path, GOOD.replace(old, new))
    found = check_calendar(path, SWEDEN)
    assert any(fault.values["line"] == line and what in str(fault) for fault in found), [str(fault) for fault in found]
    with pytest.raises(ConfigError):
        load_calendar(path, SWEDEN)


def test_hours_on_a_klamdag_say_that_nothing_is_sent_then(tmp_path: Path) -> None:
    hours = '[[hours]]\nday = 2027-05-07\ncloses = "12:00"\n'
    (fault,) = check_calendar(put(tmp_path, hours), SWEDEN)
    assert "2027-05-07 skickas inget ändå" in str(fault)
    assert check_calendar(put(tmp_path, "[sending]\nbridge_days = true\n" + hours), SWEDEN) == ()


def test_a_day_with_hours_twice_is_a_fault(tmp_path: Path) -> None:
    (fault,) = check_calendar(put(tmp_path, GOOD + "[[hours]]\nday = 2027-04-29\n"), SWEDEN)
    assert fault.values["line"] == 25
