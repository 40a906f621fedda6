"""A house on an empty database, as a worker has it: no broker, no mail server."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.builders import NOW
from workflow.bootstrap import App, build
from workflow.settings import Settings, load_settings


@dataclass
class HandClocks:
    """Wall and steady time, moved by hand."""

    wall: datetime = NOW
    seconds: float = 0.0

    def now(self) -> datetime:
        return self.wall

    def steady(self) -> float:
        return self.seconds

    def pass_time(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.seconds += seconds


@pytest.fixture
def settings(sqlite_url: str, tmp_path: Path) -> Settings:
    return load_settings(
        data_dir=tmp_path,
        database_url=sqlite_url,
        redis_url=f"redis+socket://{tmp_path}/no.sock",
        smtp_host="127.0.0.1",
        smtp_port=1,
        tick_seconds=30,
        clock_file=None,
    )


@pytest.fixture
def clocks() -> HandClocks:
    return HandClocks()


@pytest.fixture
def house(settings: Settings, clocks: HandClocks) -> App:
    built = build(settings)
    return replace(built, clock=clocks, mailroom=replace(built.mailroom, clock=clocks))
