"""Where a crew is born: a process of its own that has the world's house ready, everything compiled, and forks.

Whoever is born here opens their own connections to database and mail server; all else stands as a worker's does after
its first minute. A birth so costs a tenth of what it costs to build a house, and a kill is the cheaper for it.
"""

import gc
import os
import random
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from signal import SIGKILL
from typing import Any

from sqlalchemy import Engine, event, make_url

from tasks.jobs import JOBS
from tests.fakes.mail import FakePostman
from tests.faults import crowd, hand
from tests.faults.world import CALENDAR, MORNING, Place, days_of, plan, planned_round, settle_in
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine
from workflow.bootstrap import App
from workflow.ports import Job
from workflow.services import outbox

NOBODY_LISTENS = 1  # a port
REHEARSED = 16  # sending days: past the last day, so that every kind of mail has gone once


@dataclass(frozen=True, slots=True)
class Midwife:
    """The driver's end of the line to a cradle."""

    line: Connection

    def bear(self, role: str, seed: int, number: int) -> int:
        """The process id of somebody new."""
        self.line.send((role, seed, number))
        return int(self.line.recv())

    def bury(self, process: int) -> None:
        """Kill with SIGKILL, and wait until nothing is left of it."""
        os.kill(process, SIGKILL)
        self.line.send(("", process, 0))
        self.line.recv()


@contextmanager
def cradled(context: ForkServerContext, place: Place, stage: Place) -> Iterator[Midwife]:
    """A cradle for a world. `stage` is an empty world beside it, in which everything is rehearsed."""
    ours, theirs = context.Pipe()
    process = context.Process(target=cradle, args=(place, stage, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Midwife(ours)
    finally:
        ours.close()
        process.join()


def cradle(place: Place, stage: Place, line: Connection) -> None:
    """Bear and bury until nobody is at the other end any more."""
    house = furnished(place, stage)
    gc.collect()
    gc.freeze()  # a child's first collection would else copy every page it looks at
    while True:
        try:
            role, seed, number = line.recv()
        except EOFError:
            return
        if role:
            line.send(os.fork() or _live(line, partial(hand.ROLES[role], place, seed, number, house)))
        else:
            line.send(os.waitpid(seed, 0)[0])


def _live(line: Connection, life: Callable[[], None]) -> int:
    """In the child. Never returns."""
    line.close()
    try:
        life()
    except BaseException:  # noqa: BLE001 - there is nobody to raise it to
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(1)


def furnished(place: Place, stage: Place) -> App:
    """The world's house, on an engine that has compiled its statements on the stage and then connects to the world."""
    engine = make_engine(stage.database_url)
    address = _Address(engine)
    db = SqlDatabase(engine)
    rehearse(_with(stage.house(), db), stage)
    engine.dispose()
    address.is_now = place.database_url
    return _with(place.house(), db)


def _with(house: App, db: SqlDatabase) -> App:
    return replace(house, db=db, mailroom=replace(house.mailroom, db=db))


class _Address:
    """Where an engine's connections go: where its URL says, or to another database of the same kind."""

    def __init__(self, engine: Engine) -> None:
        self.is_now = ""
        event.listen(engine, "do_connect", self._direct)

    def _direct(self, dialect: Any, _record: object, arguments: list[Any], options: dict[str, Any]) -> None:
        if self.is_now:
            name = make_url(self.is_now).database
            if dialect.name == "sqlite":
                arguments[0] = name
            else:
                options["dbname"] = name


def rehearse(house: App, stage: Place) -> None:
    """A whole round by one hand, into an empty mail server."""
    house = replace(house, mailroom=replace(house.mailroom, postman=FakePostman()))
    round_, dice = planned_round(1, policy=crowd.escalating()), random.Random(1)  # noqa: S311 - chance, no secret
    stage.set_now(round_.opens_at)
    settle_in(house, count=4, people=crowd.contacts)
    crowd.hire(house)
    plan(house, round_)
    for _, day in zip(range(REHEARSED), days_of(round_), strict=False):
        stage.set_now(CALENDAR.at(day, MORNING))
        hand.schedule(house, stage.now())
        JOBS[Job.DELIVER](house)
        hand.act(house, stage, dice)
    outbox.recover(house.db, now=stage.now())
