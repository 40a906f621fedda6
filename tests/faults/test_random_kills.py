"""Matrix row 2: workers, schedulers and people killed at random; and a naive sender, to prove that we would see it."""

import os
from pathlib import Path

import pytest

from tests.faults.runs import Row, Run, World, kill

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

KILLS, NAIVE_KILLS = 300, 150
SEED = int(os.environ.get("KILL_SEED", "2027"))  # noqa: TID251 - to replay one


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def server(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_server"))


REVIEWED = {"submission.approved", "submission.returned", "submission.reopened", "submission.excused"}


def killed(run: Run, kills: int) -> World:
    """All worlds of a run as one."""
    total = World(Row(), ())
    for world in kill(run, kills):
        total += world
    return total


def test_row_02_random_kills_lose_and_double_nothing(server: str, tmp_path: Path) -> None:
    found = killed(Run(server=server, shelf=tmp_path, seed=SEED), KILLS)
    row = found.row
    assert list(found.violations) == [], f"KILL_SEED={SEED}"
    assert row.kills == KILLS
    assert row.told >= row.planned / 2, "hardly any mail left: the harness is idle"
    assert row.told > row.mails, "no mail told of several units"
    assert row.unknown > 0, "no mail met a kill between marker and result: the harness is blind"
    assert row.anchors > 0, "the log was proved by itself alone"
    assert found.acts.keys() >= REVIEWED, "coordinators were idle"


def test_row_02_the_harness_sees_what_lease_and_resend_doubles(server: str, tmp_path: Path) -> None:
    found = killed(Run(server=server, shelf=tmp_path, seed=SEED, naive=True), NAIVE_KILLS)
    assert found.row.duplicates > 0, "the harness is blind"
