"""Matrix rows 7 and 8: schedulers that die at any statement of an opening, and several of them for a whole year."""

import os
import signal
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Barrier
from pathlib import Path
from shutil import copyfile

import pytest
from sqlalchemy import event

from tests.conftest import new_postgres
from tests.faults.conftest import Stage, make_stage
from tests.faults.hand import nursery, schedule, start
from tests.faults.world import CALENDAR, MORNING, Place, opened, plan, planned_round, settle_in
from workflow.adapters.db import migrate
from workflow.adapters.db.database import SqlDatabase
from workflow.domain.rounds import RoundState

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

MOST_STATEMENTS = 200


def opening(place: Place, last: int) -> None:
    """Open what is due, and die before the statement number `last`; 0 dies before the commit."""
    house = place.house()
    assert isinstance(house.db, SqlDatabase)
    count = 0

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def tell(*_: object) -> None:
        nonlocal count
        count += 1
        if count == last:
            die()

    event.listen(house.db._writers, "before_cursor_execute", tell)
    if not last:
        event.listen(house.db._writers, "commit", die)
    schedule(house, house.now())


@pytest.fixture
def closed(sql_url: str, tmp_path: Path, context: ForkServerContext) -> Iterator[Stage]:
    with make_stage(sql_url, tmp_path, context, count=2, is_open=False) as made:
        yield made


def test_row_07_killed_at_each_statement_of_an_opening_it_is_all_or_nothing(closed: Stage) -> None:
    deaths = 0
    step = 1 if closed.place.database_url.startswith("sqlite") else 3  # a connection takes its time there
    for last in range(0, MOST_STATEMENTS, step):
        process = closed.start(opening, last)
        process.join(30)
        with closed.house.db.read() as work:
            is_open = work.rounds.get(closed.round.id).state is RoundState.OPEN
            have = len(work.submissions.of_round(closed.round.id)), len(work.outbox.list()), len(work.log.all())
        assert have == ((2, 2, 2) if is_open else (0, 0, 1)), f"statement {last}"
        if is_open:
            break
        assert process.exitcode == -signal.SIGKILL
        deaths += 1
    assert deaths > 5
    assert is_open
    closed.deliver()
    assert closed.violations() == []


# --- a year ------------------------------------------------------------------

YEAR = [date(2027, 1, 1) + timedelta(days=number) for number in range(365)]
ROUNDS = [date(2027, 1, 18), date(2027, 5, 17), date(2027, 9, 20)]
WEEKS = 6


def mornings() -> list[datetime]:
    """Every day on which mail may leave while a round is open, and every fifth of the others."""
    open_ = {begins + timedelta(days=number) for begins in ROUNDS for number in range(7 * WEEKS + 3)}
    days = [day for number, day in enumerate(YEAR) if day in open_ or number % 5 == 0]
    return [CALENDAR.at(day, MORNING) for day in days if CALENDAR.sending_day_on_or_after(day) == day]


def a_year(place: Place, line: Barrier) -> None:
    """One of several schedulers: all look at the same morning at the same moment."""
    house = place.house()
    for now in mornings():
        line.wait(60)
        schedule(house, now)


def year_of(url: str, folder: Path, schedulers: int) -> list[object]:
    """All that so many schedulers have written, but for the random ids."""
    place = Place(database_url=url, folder=folder, smtp_port=1)
    place.set_now(CALENDAR.at(YEAR[0], MORNING))
    context = nursery()
    with opened(place) as house:
        settle_in(house, count=4)
        for number, begins in enumerate(ROUNDS, start=1):
            plan(house, planned_round(number, begins, weeks=WEEKS))
        line = context.Barrier(schedulers)
        processes = [start(context, a_year, place, line) for _ in range(schedulers)]
        for process in processes:
            process.join(100)
            assert process.exitcode == 0
        with house.db.read() as work:
            rounds = work.rounds.all()
            rows: list[object] = [(each.id, each.state, each.opened_at, each.closed_at) for each in rounds]
            rows += [submission for round_ in rounds for submission in work.submissions.of_round(round_.id)]
            rows += sorted(
                (each.key, each.state, each.reason, each.due_at, each.to_email) for each in work.outbox.list()
            )
            rows += [(each.event.kind, each.event.at, each.event.round) for each in work.log.all()]
    return rows


@pytest.mark.parametrize("backend", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_row_08_two_and_five_schedulers_write_in_a_year_what_one_does(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    years = []
    for schedulers in (1, 2, 5) if backend == "sqlite" else (1, 5):
        folder = tmp_path / str(schedulers)
        folder.mkdir()
        if backend == "sqlite":
            url = f"sqlite:///{folder}/tertial.sqlite"
            copyfile(request.getfixturevalue("sqlite_template"), folder / "tertial.sqlite")
            years.append(year_of(url, folder, schedulers))
        else:
            with new_postgres(request.getfixturevalue("postgres_server")) as url:
                migrate.upgrade(url)
                years.append(year_of(url, folder, schedulers))
    assert all(year == years[0] for year in years)
    assert len(years[0]) > 200
