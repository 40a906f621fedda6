"""Clocks: always aware, always UTC; the rehearsal's is shared through a file."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from workflow.adapters.clock import ClockFileError, FileClock, FixedClock, SystemClock, set_now

SPRING = datetime(2027, 4, 19, 6, 0, tzinfo=UTC)


def test_the_system_clock_gives_utc_and_walks() -> None:
    clock = SystemClock()
    first = clock.now()
    assert first.tzinfo is UTC
    assert clock.now() >= first


def test_a_fixed_clock_stands_still_in_utc() -> None:
    summer = timezone(timedelta(hours=2))
    clock = FixedClock(datetime(2027, 4, 19, 8, 0, tzinfo=summer))
    assert clock.now() == clock.now() == SPRING
    assert clock.now().tzinfo is UTC


def test_a_fixed_clock_refuses_a_time_without_a_zone() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        FixedClock(datetime(2027, 4, 19, 8, 0))  # noqa: DTZ001 - the naive time is what is refused


def test_a_file_clock_follows_every_setting_at_once(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    set_now(file, SPRING)
    clock = FileClock(file)
    for minutes in range(50):  # faster than a file's time stamp may tick
        set_now(file, SPRING + timedelta(minutes=minutes))
        assert clock.now() == SPRING + timedelta(minutes=minutes)


def test_a_file_clock_is_shared_by_processes(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    set_now(file, SPRING)
    clock = FileClock(file)
    assert clock.now() == SPRING
    code = (
        "import sys; from datetime import datetime; from pathlib import Path;"
        "from workflow.adapters.clock import FileClock, set_now;"
        "file = Path(sys.argv[1]); print(FileClock(file).now().isoformat());"
        "set_now(file, datetime.fromisoformat('2027-05-19T16:00:00+02:00'))"
    )
    said = subprocess.run([sys.executable, "-c", code, str(file)], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == SPRING.isoformat()
    assert clock.now() == datetime(2027, 5, 19, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"now": 5}', '{"now": "i går"}', '{"now": "2027-04-19"}'])
def test_a_clock_file_that_says_no_time_is_an_error_not_the_real_time(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "clock.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ClockFileError, match=r"clock\.json"):
        FileClock(file).now()


def test_setting_refuses_a_time_without_a_zone_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="without a zone"):
        set_now(tmp_path / "clock.json", datetime(2027, 4, 19))  # noqa: DTZ001 - the naive time is what is refused
    assert list(tmp_path.iterdir()) == []
