"""Matrix rows 12, 13 and 27: a PostgreSQL that falls over and throws us out; a SQLite that is crowded and loses power.

The tests' server has synchronous_commit off, as a hasty site's may: what our own connections commit holds all the same.
"""

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from tests.conftest import new_postgres
from tests.faults.checker import check
from tests.faults.conftest import Stage, make_stage, until
from tests.faults.evidence import gather
from tests.faults.hand import scheduler, submitter, worker
from tests.faults.world import opened
from tests.postgres import _programs, _run, _user, own_server
from workflow.adapters.db import migrate
from workflow.adapters.db.engine import make_engine
from workflow.domain.errors import MoveRefusedError, StaleWriteError
from workflow.domain.messages import MessageKind, MessageState
from workflow.domain.submissions import Submission
from workflow.services import submissions

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

UNDER_WAY = (MessageState.SENDING, MessageState.HANDING)
REVIEWED = {"submission.approved", "submission.returned", "submission.reopened", "submission.excused"}

RACES = 12
RACERS = ("approve", "approve", "return", "excuse", "take_back")
LEADS_TO = {"approve": "approved", "return": "returned", "excuse": "excused", "take_back": "draft"}
DECIDED = {
    "approve": "submission.approved",
    "return": "submission.returned",
    "excuse": "submission.excused",
    "take_back": "submission.taken_back",
}
ABOUT_DECISIONS = (MessageKind.APPROVED, MessageKind.RETURNED, MessageKind.EXCUSED)


def come_to_rest(stage: Stage) -> None:
    """Nobody acts any more; what is due is decided, what the dead held is taken over."""
    for process in stage.born:
        if process.name.startswith("submitter"):
            process.kill()
            process.join()

    def is_quiet() -> bool:
        with stage.house.db.read() as work:
            return not work.outbox.due(stage.place.now(), limit=1) and not work.outbox.list(states=UNDER_WAY)

    for _ in range(3):
        stage.pass_time()
        until(is_quiet, "the world comes to rest", 40)


def crowd(stage: Stage, **roles: int) -> None:
    acts: dict[str, Callable[..., None]] = {"worker": worker, "scheduler": scheduler, "submitter": submitter}
    for name, times in roles.items():
        for seed in range(times):
            stage.start(acts[name], seed).name = f"{name} {seed}"


# --- PostgreSQL --------------------------------------------------------------


@pytest.fixture(scope="module")
def mortal_server() -> Iterator[str]:
    """A server of this module's own, which may be stopped."""
    with own_server() as url:
        yield url


@pytest.fixture
def mortal(mortal_server: str, tmp_path: Path, context: ForkServerContext) -> Iterator[Stage]:
    with new_postgres(mortal_server) as url:
        migrate.upgrade(url)
        with make_stage(url, tmp_path, context, count=30, connections=2) as made:
            made.sink.delay = 0.03
            crowd(made, worker=3, scheduler=2, submitter=2)
            yield made


def fall_over(server: str) -> None:
    """Stop at once, as in a power cut of the process, and start again with the options of before."""
    data = Path(str(make_url(server).query["host"])) / "data"
    _run([_programs() / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], _user())
    options = (data / "postmaster.opts").read_text().split('"')[1::2]
    quoted = " ".join(f"'{each}'" for each in options if each != "-D" and not each.startswith(str(data)))
    _run([_programs() / "pg_ctl", "-D", data, "-o", quoted, "-l", data.parent / "log", "-w", "start"], _user())


@pytest.mark.postgres
def test_row_12_postgres_falls_over_again_and_again(mortal: Stage, mortal_server: str) -> None:
    for turn in range(4):
        until(lambda turn=turn: mortal.kept() > turn * 5 or not due(mortal), "some mail leaves")  # type: ignore[misc]
        fall_over(mortal_server)
        mortal.next_reminders()
    come_to_rest(mortal)
    assert mortal.place.mutterings.exists(), "nobody noticed: the test is blind"
    assert mortal.violations() == []


def due(stage: Stage) -> bool:
    with stage.house.db.read() as work:
        return bool(work.outbox.due(stage.place.now(), limit=1))


@pytest.mark.postgres
def test_row_12_postgres_throws_connections_out_at_random(mortal: Stage, mortal_server: str) -> None:
    engine = create_engine(mortal_server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    dice = random.Random(12)  # noqa: S311 - chance, no secret
    for turn in range(40):
        with engine.connect() as connection:
            ours = "SELECT pid FROM pg_stat_activity WHERE application_name = 'tertial' AND state <> 'idle'"
            pids = connection.scalars(text(ours)).all()
            pids = pids or connection.scalars(text(ours.partition(" AND state")[0])).all()
            if pids:
                connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": dice.choice(pids)})
        if turn % 10 == 9:
            mortal.next_reminders()
    come_to_rest(mortal)
    assert mortal.place.mutterings.exists(), "nobody noticed: the test is blind"
    assert mortal.violations() == []


# --- SQLite ------------------------------------------------------------------


@contextmanager
def crowded(url: str, folder: Path, context: ForkServerContext) -> Iterator[Stage]:
    """Ten writers: people, workers, schedulers."""
    with make_stage(url, folder, context, count=12, connections=2) as made:
        made.sink.delay = 0.02
        crowd(made, submitter=6, worker=2, scheduler=2)
        yield made


@pytest.fixture
def sqlite(sqlite_url: str, tmp_path: Path, context: ForkServerContext) -> Iterator[Stage]:
    with crowded(sqlite_url, tmp_path, context) as made:
        yield made


def saves(stage: Stage) -> int:
    return stage.place.history.read_bytes().count(b"\n") if stage.place.history.exists() else 0


def test_row_13_ten_writers_and_a_long_reader_nobody_is_told_of_a_lock(sqlite: Stage) -> None:
    with sqlite.house.db.read() as work:  # a snapshot is held while all the others write
        before = len(work.log.all())
        until(lambda: saves(sqlite) > 60, "much is written", 40)
        assert len(work.log.all()) == before
    come_to_rest(sqlite)
    assert not sqlite.place.mutterings.exists(), sqlite.place.mutterings.read_text()
    assert sqlite.violations() == []


def test_row_13_the_power_goes_and_what_was_told_is_in_the_copy(sqlite: Stage, tmp_path: Path) -> None:
    """Everybody stands still at some instant in the midst of writing; file and WAL as they are then are opened."""
    for turn in range(4):
        until(lambda turn=turn: saves(sqlite) > turn * 15, "something is written")  # type: ignore[misc]
        folder = tmp_path / f"copy {turn}"
        folder.mkdir()
        with standing_still(sqlite.born):
            for suffix in ("", "-wal"):
                part = tmp_path / f"tertial.sqlite{suffix}"
                if part.exists():
                    copyfile(part, folder / part.name)
            for beside in ("history.jsonl", "anchors.jsonl"):
                copyfile(tmp_path / beside, folder / beside)
        copy = replace(sqlite.place, database_url=f"sqlite:///{folder}/tertial.sqlite", folder=folder)
        copy.set_now(sqlite.place.now())
        engine = make_engine(copy.database_url)
        with engine.begin() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        engine.dispose()
        with opened(copy) as house:
            evidence = gather(house, sqlite.place.truth, copy.history, copy.now())
        assert evidence.told
        assert evidence.kept.anchors
        assert check(evidence, ["I1", "I7", "I8", "I9", "I10"]) == []


@contextmanager
def standing_still(processes: list[BaseProcess]) -> Iterator[None]:
    for process in processes:
        os.kill(process.pid or 0, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process.pid or 0, signal.SIGCONT)


# --- people in each other's way -----------------------------------------------


@pytest.mark.parametrize("backend", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
@pytest.mark.timeout(240)
def test_row_27_many_people_at_the_same_forms(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path, context: ForkServerContext
) -> None:
    """Six people save, hand in, take back, approve, return, reopen, excuse and extend at random in the same three
    submissions.
    """
    url = request.getfixturevalue(f"{backend}_url")
    with make_stage(url, tmp_path, context, count=3) as stage:
        crowd(stage, submitter=6, worker=1)
        until(lambda: saves(stage) > 100 and acts(stage) >= REVIEWED, "much is written, everything decided", 60)
        come_to_rest(stage)
        assert not stage.place.mutterings.exists(), stage.place.mutterings.read_text()
        assert stage.violations() == []


def acts(stage: Stage) -> set[str]:
    with stage.house.db.read() as work:
        return {link.event.kind for link in work.log.all()}


@pytest.mark.parametrize("backend", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_row_27_of_those_who_decide_upon_the_same_edition_one_wins(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path, context: ForkServerContext
) -> None:
    """Two coordinators approve, one returns, one excuses, the unit takes back, all at once and all upon the same page.

    Whoever comes too late is refused, changes nothing and tells nobody anything.
    """
    url = request.getfixturevalue(f"{backend}_url")
    with make_stage(url, tmp_path, context, count=RACES) as stage:
        wins = Counter(race(stage, f"2027-K1.u{number}") for number in range(RACES))
        assert sum(stage.events(kind) for kind in DECIDED.values()) == sum(wins.values()) == RACES
        stage.deliver()
        assert stage.violations() == []


def race(stage: Stage, submission_id: str) -> str:
    """Who won. All others were told that they came too late."""
    stage.hand_in(submission_id)
    shown = submissions.sheet(stage.house.db, submission_id).submission
    racers, line = racers_of(stage, shown), threading.Barrier(len(RACERS))

    def run(name: str) -> str:
        line.wait(20)
        try:
            racers[name]()
        except (StaleWriteError, MoveRefusedError):
            return ""
        return name

    with ThreadPoolExecutor(len(RACERS)) as pool:
        results = list(pool.map(run, RACERS))
    (won,) = filter(None, results)
    with stage.house.db.read() as work:
        after = [link.event.kind for link in work.log.all() if link.event.submission == submission_id]
        assert work.submissions.get(submission_id).state == LEADS_TO[won]
    decided = [kind for kind in after if kind in DECIDED.values()]
    assert decided == [DECIDED[won]]
    told = [str(each.kind) for each in stage.messages(*ABOUT_DECISIONS) if each.submission == submission_id]
    assert told == [LEADS_TO[won]] * (won != "take_back")
    return won


def racers_of(stage: Stage, shown: Submission) -> Mapping[str, Callable[[], object]]:
    house, now = stage.house, stage.place.now()
    by: dict[str, Any] = {"secrets": house.secrets, "now": now}
    return {
        "approve": lambda: submissions.approve(house.db, shown.id, version=shown.version, by="k", **by),
        "return": lambda: submissions.give_back(
            house.db, shown.id, version=shown.version, reason="Mer.", comments={}, due_at=shown.due_at, by="k", **by
        ),
        "excuse": lambda: submissions.excuse(
            house.db, shown.id, reason="läggs ned", by="k", footing=shown.footing, **by
        ),
        "take_back": lambda: submissions.take_back(house.db, shown.id, by="r", **by),
    }
