"""World after world of random death, each judged by itself."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields
from datetime import timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import mkdtemp

from tests.faults import crowd
from tests.faults.checker import check
from tests.faults.cradle import NOBODY_LISTENS, cradled
from tests.faults.crew import SENDERS, Crew
from tests.faults.evidence import Evidence, Violation, gather
from tests.faults.hand import nursery
from tests.faults.pace import Time
from tests.faults.sink import sink_process
from tests.faults.world import BEGINS, CALENDAR, MORNING, Place, drop_database, new_database, opened, settle_in
from workflow.domain.messages import MessageState

SLOWEST_REPLY = 0.03  # seconds; the sink's final replies take up to this, so that kills meet mails whose dot is out
KILLS_PER_WORLD = 400


@dataclass(slots=True)
class Row:
    """What a run came to, in rows of the ledger; `mails` are what was kept at the sink, `told` the rows they told of,
    `anchors` what the log was proved against beside its own chain.

    Everything from `duplicates` on, but for what is unknown, must be nought; `unlisted` are the unknown that matter and
    no coordinator is shown.
    """

    kills: int = 0
    planned: int = 0
    mails: int = 0
    told: int = 0
    anchors: int = 0
    duplicates: int = 0
    sent_but_absent: int = 0
    unfinished: int = 0
    unknown: int = 0
    unknown_arrived: int = 0
    unlisted: int = 0
    two_a_day: int = 0
    told_after_answer: int = 0
    chain_broken: int = 0
    other: int = 0

    def __add__(self, more: "Row") -> "Row":
        return Row(*(getattr(self, each.name) + getattr(more, each.name) for each in fields(Row)))

    def __str__(self) -> str:
        return "  ".join(f"{getattr(self, each.name):>{max(len(each.name), 6)}}" for each in fields(Row))


HEADING = "  ".join(f"{each.name.replace('_', ' '):>6}" for each in fields(Row))


@dataclass(frozen=True, slots=True)
class World:
    """What became of one world. `met` counts on which part of their way kills met the processes, `acts` what people did
    (the events of their submissions).
    """

    row: Row
    violations: Sequence[Violation]
    met: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)

    def __add__(self, more: "World") -> "World":
        violations = (*self.violations, *more.violations)
        return World(self.row + more.row, violations, self.met + more.met, self.acts + more.acts)


def judged(kills: int, evidence: Evidence, violations: Sequence[Violation]) -> Row:
    copies, told, again = evidence.copies(), evidence.tellings(), evidence.again()
    unknown = [each.id for each in evidence.messages if each.state is MessageState.UNKNOWN]
    counted = Counter(each.rule for each in violations)
    return Row(
        kills=kills,
        planned=len(evidence.messages),
        mails=sum(copies.values()),
        told=sum(times > 0 for times in told.values()),
        anchors=len(evidence.kept.anchors),
        duplicates=sum(max(0, times - 1 - again[each]) for each, times in copies.items()),
        sent_but_absent=counted["I4"],
        unfinished=counted["I5"],
        unknown=len(unknown),
        unknown_arrived=sum(told[each] > 0 for each in unknown),
        unlisted=counted["I11"],
        two_a_day=counted["I1"],
        told_after_answer=counted["I6"],
        chain_broken=counted["I9"],
        other=sum(counted[rule] for rule in ("I2", "I7", "I8", "I10")),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How to kill. `server` is the URL of a PostgreSQL server, "" means SQLite; `shelf` a folder for all worlds."""

    server: str
    shelf: Path
    seed: int
    workers: int = 4
    naive: bool = False

    @property
    def sender(self) -> str:
        return SENDERS[self.naive]

    @property
    def roles(self) -> tuple[str, ...]:
        return (*[self.sender] * self.workers, "scheduler", "scheduler", "submitter")


@contextmanager
def world(run: Run, number: int) -> Iterator[tuple[Place, Place]]:
    """An empty one, and another beside it to rehearse in."""
    folder = Path(mkdtemp(prefix=f"world-{number}-", dir=run.shelf))
    stage = folder / f"{folder.name}-stage"
    stage.mkdir()
    urls = [new_database(run.server, run.shelf, each) for each in (folder, stage)]
    truth = folder / "truth.jsonl"
    with sink_process(truth, delay=SLOWEST_REPLY, seed=run.seed + number) as port:
        yield (
            Place(database_url=urls[0], folder=folder, smtp_port=port),
            Place(database_url=urls[1], folder=stage, smtp_port=NOBODY_LISTENS),
        )
    for url in urls:
        drop_database(run.server, url)


def kill_in_one_world(run: Run, number: int, kills: int, context: ForkServerContext) -> World:
    dice = random.Random(f"{run.seed} {number}")  # noqa: S311 - chance, no secret
    with ExitStack() as stack:
        place, stage = stack.enter_context(world(run, number))
        place.set_now(CALENDAR.at(BEGINS, MORNING) - timedelta(days=1))
        house = stack.enter_context(opened(place))
        settle_in(house, count=crowd.UNITS, people=crowd.contacts)
        crowd.hire(house)
        moves = Time(house, place, dice)
        midwife = stack.enter_context(cradled(context, place, stage))
        with Crew(midwife, place, dice, run.roles) as crew:
            for _ in range(kills):
                time.sleep(dice.uniform(0.005, 0.05))
                moves.wait_for_work()
                crew.kill_one()
            crew.dismiss("submitter")
            moves.rest()
        evidence = gather(house, place.truth, place.history, place.now())
    violations = check(evidence)
    return World(judged(kills, evidence, violations), violations, crew.met, evidence.acts())


def kill(run: Run, kills: int) -> Iterator[World]:
    """World after world until all kills are done."""
    context = nursery()
    for number, done in enumerate(range(0, kills, KILLS_PER_WORLD)):
        yield kill_in_one_world(run, number, min(KILLS_PER_WORLD, kills - done), context)
