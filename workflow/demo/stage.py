"""The demo's stage: its folder, its clock, and the wait until every process has done what the hour asks for."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from workflow.adapters.clock import set_now
from workflow.bootstrap import App
from workflow.domain.errors import RefusedError, TertialError
from workflow.domain.messages import MessageState
from workflow.domain.rounds import RoundState
from workflow.ports import Job
from workflow.settings import Settings, load_settings
from workflow.up import LOOPBACK, answers, free_port

PATIENCE = 60.0  # seconds; each step normally takes a fraction of one
TICK = 0.4  # seconds between the scheduler's ticks
_POLL = 0.02
_BUSY = frozenset({MessageState.SENDING, MessageState.HANDING})


class StuckError(TertialError):
    sentence = "Demon står still vid {at}: {what}. Loggarna finns i {logs}."


class NotEmptyError(RefusedError):
    sentence = "Mappen {folder} är inte tom. Ange en annan med --out, eller ta bort den."


@dataclass(frozen=True, slots=True)
class Folder:
    """Where the demo leaves what it made: mail/, bundle/, status.json; data/ holds database and logs."""

    root: Path

    @property
    def mail(self) -> Path:
        return self.root / "mail"

    @property
    def bundle(self) -> Path:
        return self.root / "bundle"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def clock(self) -> Path:
        return self.root / "data" / "clock.json"

    @property
    def logs(self) -> Path:
        return self.root / "data" / "log"


def make_folder(out: Path | None) -> Folder:
    """An empty folder: the one that was asked for, or tertial-demo, tertial-demo-2 … where one stands."""
    if out is not None:
        if out.exists() and any(out.iterdir()):
            raise NotEmptyError(folder=out)
        root = out
    else:
        names = (f"tertial-demo-{number}" if number > 1 else "tertial-demo" for number in range(1, 10_000))
        root = next(path for path in map(Path, names) if not path.exists())
    folder = Folder(root.absolute())
    for part in (folder.mail, folder.bundle, folder.data):
        part.mkdir(parents=True, exist_ok=True)
    (folder.data / "mail").symlink_to(folder.mail)  # where the page that shows the local mailbox looks
    return folder


def demo_settings(folder: Folder, port: int | None, *, serve: bool) -> Settings:
    """Settings that owe nothing to where one stands, but for the port.

    Where somebody will look at the pages it is the usual one if it is free; else any, so that two demos may be played
    at once.
    """
    chosen = port or (8000 if serve and not answers(LOOPBACK, 8000) else free_port())
    return load_settings(
        environment="development",
        data_dir=folder.data,
        clock_file=folder.clock,
        database_url="",
        redis_url="",
        smtp_host="",
        smtp_port=0,
        host=LOOPBACK,
        port=chosen,
        base_url=f"http://{LOOPBACK}:{chosen}",
        tick_seconds=TICK,
    )


@dataclass(slots=True)
class Stage:
    """The running demo: the clock that all processes share, and the wait until they have caught up with it."""

    app: App
    folder: Folder

    def turn_clock(self, to: datetime) -> None:
        """Somebody is about to do something: what they set going is waited for afterwards, not the hour itself."""
        set_now(self.folder.clock, to)

    def go(self, to: datetime, *, hurried: bool = False) -> None:
        """Turn the clock and wait until every job has looked at that hour and done what it asks for.

        `hurried`: the jobs are asked for as the scheduler's next tick would, without waiting for it; eight weeks of
        half ticks are half a minute. Raises StuckError.
        """
        self.turn_clock(to)
        if hurried:
            for job in Job:
                self.app.queue.ask(job)
        self._await(self._not_looked)
        self.settle()

    def settle(self) -> None:
        """Wait until no mail is left to send and no closed round to gather. Raises StuckError."""
        self._await(self._unfinished)

    def _await(self, what_is_left: Callable[[], str]) -> None:
        deadline = time.monotonic() + PATIENCE
        pause = threading.Event()
        while what := what_is_left():
            if time.monotonic() > deadline:
                raise StuckError(at=self.app.now(), what=what, logs=self.folder.logs)
            pause.wait(_POLL)

    def _not_looked(self) -> str:
        now = self.app.now()
        with self.app.db.read() as work:
            beats = work.beats.all()
        behind = [job for job in Job if job not in beats or beats[job] < now]
        return f"{behind[0]} har inte körts" if behind else ""

    def _unfinished(self) -> str:
        now = self.app.now()
        with self.app.db.read() as work:
            pending = [*work.outbox.due(now, limit=1), *work.outbox.list(states=_BUSY)]
            if pending:
                return f"mejlet {pending[0].key} är inte skickat"
            closed = [each.id for each in work.rounds.all() if each.state is RoundState.CLOSED]
            return f"{closed[0]} är inte sammanställd" if closed else ""
