"""The worker's own turn: what the database says nobody has done lately is done without being asked by the queue.

So Redis may be empty, frozen or away, and the scheduler's ticks may be lost: what is due is late by at most `patience`
plus one turn. Age is measured by steady time, as this process saw the beats change: no clock can talk it out of it.
"""

import time
from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread

import structlog

from tasks.jobs import Bench
from workflow.ports import Job

MISSED = 1.5  # ticks without a beat, and a job is done here
TURN = 0.25  # of a tick, between two turns: in all at most 1.75 ticks late, 52.5 s with the 30 s that are shipped
SHORTEST_PATIENCE, SHORTEST_TURN = 5.0, 0.5  # seconds; a rehearsal's ticks are faster than a queue under load
SLICE = 0.5  # seconds between two looks at whether the process is ending

_Sign = tuple[datetime | None, int]
"""What changes when a job is done: its beat in the database, and how often this process has done it."""

_log = structlog.get_logger(__name__)


class Poll:
    """A thread beside the queue's threads. `tick` is the seconds between the scheduler's ticks."""

    def __init__(
        self,
        bench: Bench,
        *,
        tick: float,
        is_ending: Callable[[], bool] = lambda: False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.patience = max(MISSED * tick, SHORTEST_PATIENCE)
        self.pause = max(TURN * tick, SHORTEST_TURN)
        self._bench = bench
        self._is_ending = is_ending
        self._monotonic = monotonic
        self._seen: dict[Job, tuple[_Sign, float]] = {}
        self._errands: dict[Job, Thread] = {}
        self._stop = Event()
        self._thread = Thread(target=self._keep_turning, name="poll", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float | None = None) -> None:
        """Let the job under way come to its end, and begin no other."""
        self._stop.set()
        self._thread.join(timeout)
        self.join(timeout)

    def join(self, timeout: float | None = None) -> None:
        """Wait for the delivery that was begun here: its mails are heard out. Nobody waits for a mailbox."""
        if delivery := self._errands.get(Job.DELIVER):
            delivery.join(timeout)

    def turn(self) -> tuple[Job, ...]:
        """One look at the clock and the beats; do what nobody does. Gives the jobs that were done here."""
        if self._bench.watch.tick():
            return ()
        with self._bench.house.db.read() as work:
            beats = work.beats.all()
        quiet = [job for job in Job if self._is_quiet(job, beats.get(job))]
        return tuple(job for job in quiet if self._do(job))

    def _is_quiet(self, job: Job, beat: datetime | None) -> bool:
        now, sign = self._monotonic(), (beat, self._bench.times_done(job))
        seen = self._seen.get(job)
        if seen is None or seen[0] != sign:
            self._seen[job] = sign, now
            return False
        return now - seen[1] >= self.patience and not self._bench.is_under_way(job)

    def _do(self, job: Job) -> bool:
        """A job that fails waits for its turn again, and stops no other; one that waits for strangers stops none."""
        if self._ended():
            return False
        _log.info("job done without the queue", job=job)
        if self._bench.may_take_long(job):
            self._errands[job] = Thread(target=self._try, args=(job,), name=f"poll {job}", daemon=True)
            self._errands[job].start()
        else:
            self._try(job)
        self._seen[job] = self._seen[job][0], self._monotonic()
        return True

    def _try(self, job: Job) -> None:
        try:
            self._bench.run(job)
        except Exception:  # noqa: BLE001 - whatever a job may raise, the others have their turn
            _log.exception("job failed", job=job)

    def _keep_turning(self) -> None:
        while not self._ended():
            try:
                self.turn()
            except Exception:  # noqa: BLE001 - the database may be away: the next turn asks again
                _log.exception("a turn failed")
            self._rest()

    def _rest(self) -> None:
        until = self._monotonic() + self.pause
        while not self._ended() and (left := until - self._monotonic()) > 0:
            self._stop.wait(min(left, SLICE))

    def _ended(self) -> bool:
        return self._stop.is_set() or self._is_ending()
