"""How many answers are saved in a second while 200 people write, and how long each saving takes.

At the pace of people every writer saves once in five seconds, which is the longest that the page's script waits while
somebody types on; without a pause each saves again at once. Every text that was accepted is then looked for in the
database.
"""

import argparse
import random
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from statistics import quantiles

from sqlalchemy.exc import SQLAlchemyError

from tests.benchmarks.shelf import NOW, POSTGRES, SQLITE, Shelf, the_round
from tests.benchmarks.table import MET, NOT_MET, Target, machine, median, say, say_table
from tests.builders import ROUND
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine
from workflow.domain.errors import TertialError
from workflow.domain.forms import Answer
from workflow.domain.messages import MessageKind
from workflow.services.submissions import save_answers

PACE = 5.0  # seconds between two savings of one person
BOUND = Target(50, "ms p99", is_ceiling=True)
TEXT = "Nämnden har under perioden träffat företag i området och följt upp vad som sades. "


@dataclass(frozen=True, slots=True)
class Shift:
    """What one process does: so many writers, each with a submission of their own, for some seconds."""

    url: str
    writers: tuple[int, ...]
    seconds: float
    pace: float


@dataclass
class Told:
    """Milliseconds of each saving, what went wrong, and the last version and text of each writer."""

    spent: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    last: dict[str, tuple[int, str]] = field(default_factory=dict)


def work(shift: Shift) -> Told:
    """One process as the pages are: threads that share a pool of connections."""
    database, told = SqlDatabase(make_engine(shift.url)), Told()
    with database.read():
        pass
    line = threading.Barrier(len(shift.writers))
    with ThreadPoolExecutor(len(shift.writers)) as pool:
        list(pool.map(lambda writer: _write(database, shift, writer, told, line), shift.writers))
    database.close()
    return told


def _write(database: SqlDatabase, shift: Shift, writer: int, told: Told, line: threading.Barrier) -> None:
    question = the_round().form.areas[0].questions[0].key
    submission, version, pause = f"{ROUND}.u{writer}", 0, threading.Event()
    line.wait()
    begun = time.monotonic()
    turn = begun + random.Random(writer).uniform(0, min(shift.pace, shift.seconds))  # noqa: S311 - chance, no secret
    while turn < begun + shift.seconds:
        pause.wait(max(turn - time.monotonic(), 0))
        text = f"{TEXT * 6}{version}"
        started = time.perf_counter()
        try:
            mine = Answer(question=question, text=text, version=version)
            saved = save_answers(database, submission, [mine], by=f"r-{writer}", now=NOW)
        except (SQLAlchemyError, TertialError) as error:
            told.errors.append(type(error).__name__)
        else:
            told.spent.append((time.perf_counter() - started) * 1000)
            version = saved.answers[question].version
            told.last[submission] = (version, text)
        turn = turn + shift.pace if shift.pace else time.monotonic()


def measure(url: str, given: argparse.Namespace, pace: float) -> list[Told]:
    shares = [tuple(range(given.writers))[each :: given.processes] for each in range(given.processes)]
    shifts = [Shift(url, share, given.seconds, pace) for share in shares if share]
    with ProcessPoolExecutor(len(shifts), mp_context=get_context("spawn")) as pool:
        return list(pool.map(work, shifts))


def lost(url: str, tolds: Sequence[Told]) -> int:
    """Writers whose last accepted text is not what the database holds."""
    database = SqlDatabase(make_engine(url))
    with database.read() as work_:
        held = {each: work_.drafts.of(each) for told in tolds for each in told.last}
    database.close()
    kept = {id_: {(each.version, each.text) for each in answers.values()} for id_, answers in held.items()}
    return sum(last not in kept[id_] for told in tolds for id_, last in told.last.items())


def row(name: str, tolds: Sequence[Told], missing: int, seconds: float, *, is_promised: bool) -> list[str]:
    spent = [each for told in tolds for each in told.spent]
    errors = [each for told in tolds for each in told.errors]
    late = quantiles(spent, n=100, method="inclusive")[-1]
    safe = f"no error, nothing lost: {NOT_MET if errors or missing else MET}"
    promise = f"{BOUND.judge(late)}; {safe}" if is_promised else safe
    return [
        name,
        f"{len(spent) / seconds:,.0f}",
        f"{median(spent):.1f}",
        f"{late:.1f}",
        str(len(errors)),
        str(missing),
        f"  {promise}",
    ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--writers", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2, help="web processes")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--db", choices=(SQLITE, POSTGRES), nargs="+", default=[SQLITE, POSTGRES])
    parser.add_argument("--folder", type=Path, help="where the databases lie; default: a temporary folder")


def main(given: argparse.Namespace) -> None:
    with ExitStack() as stack:
        shelf = Shelf(Path(stack.enter_context(tempfile.TemporaryDirectory(dir=given.folder))), stack)
        say(machine(), *(shelf.describe(db) for db in given.db), "")
        rows = []
        for db in given.db:
            for words, pace in ((f"one in {PACE:g} s each", PACE), ("without a pause", 0.0)):
                with shelf.copy(db, given.writers, MessageKind.REMINDER) as url:
                    tolds = measure(url, given, pace)
                    missing = lost(url, tolds)
                name = f"{db}, {given.writers} writers, {words}"
                promised = db == POSTGRES and pace > 0
                rows.append(row(name, tolds, missing, given.seconds, is_promised=promised))
        say_table(("", "saves/s", "p50 ms", "p99 ms", "errors", "lost", "  targets"), rows)
