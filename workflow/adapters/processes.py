"""The supervisor of `tertial up`: starts the processes in order, keeps them alive, takes them down together."""

import contextlib
import os
import select
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Self

PARENT_PIPE = "TERTIAL_PARENT_PIPE"
ORPHAN_GRACE = 5.0  # seconds a child has for its own clean stop once its supervisor is gone
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds before a dead child is started again, doubling
STEADY_AFTER = 10.0  # seconds of life after which the pause starts from the beginning again
_POLL = 0.02
_TAIL_LINES, _TAIL_BYTES = 15, 8192

# The pipe is a matter between supervisor and child, not a setting; all other variables pass through unread.
_ENVIRONMENT = os.environ  # noqa: TID251 - see above


class ChildFailedError(Exception):
    """A child ended or stayed silent before it was ready; the text names it and ends with its last lines."""


@dataclass(frozen=True, slots=True)
class Child:
    """One process: `env` is laid over the inherited environment; without `ready` it counts as ready at once."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True)
class ChildStatus:
    """How a child is doing; `pid` is None between two lives."""

    name: str
    pid: int | None
    restarts: int


class Supervisor:
    """Runs children, one log file each in `log_dir`. Stop it with `stop()` or by leaving the `with` block.

    `grace` is the seconds each child has between SIGTERM and SIGKILL, `ready_within` those it has to become ready.
    """

    def __init__(
        self, children: Sequence[Child], log_dir: Path, *, grace: float = 35.0, ready_within: float = 30.0
    ) -> None:
        self._log_dir = log_dir
        self._grace = grace
        self._ready_within = ready_within
        self._children = tuple(children)
        self._keepers: list[_Keeper] = []
        self._pipe: tuple[int, int] | None = None

    def start(self) -> None:
        """Start each child when the one before it is ready. Raises ChildFailedError, with all children stopped."""
        self._log_dir.mkdir(parents=True, exist_ok=True)
        self._pipe = os.pipe()
        try:
            for child in self._children:
                keeper = _Keeper(child, self._log_dir / f"{child.name}.log", self._pipe[0])
                self._keepers.append(keeper)
                keeper.start(self._ready_within)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """SIGTERM in reverse order, each child's end awaited before the next; SIGKILL after the grace."""
        while self._keepers:
            self._keepers.pop().stop(self._grace)
        for end in self._pipe or ():
            os.close(end)
        self._pipe = None

    def status(self) -> tuple[ChildStatus, ...]:
        return tuple(keeper.status() for keeper in self._keepers)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Keeper:
    """One child's lives: a thread waits for its end and starts it again until told to stop."""

    def __init__(self, child: Child, log: Path, pipe: int) -> None:
        self._child = child
        self._log = log
        self._pipe = pipe
        self._stopping = threading.Event()
        self._lock = threading.Lock()  # a start and a stop never cross
        self._process: subprocess.Popen[bytes] | None = None
        self._born = 0.0
        self._restarts = 0
        self._thread = threading.Thread(target=self._keep, name=f"keep-{child.name}", daemon=True)

    def start(self, ready_within: float) -> None:
        try:
            process = self._spawn()
        except OSError as error:
            raise ChildFailedError(f"{self._child.name} cannot be started: {error}") from error
        self._await_ready(process, time.monotonic() + ready_within)
        self._thread.start()

    def stop(self, grace: float) -> None:
        with self._lock:
            self._stopping.set()
        process = self._process
        if process is None:
            return
        process.terminate()
        if not self._ended(process, grace):
            _signal_group(process.pid, signal.SIGKILL)
            self._ended(process, None)
        _signal_group(process.pid, signal.SIGKILL)  # what the child itself had started and left

    def status(self) -> ChildStatus:
        process = self._process
        alive = process is not None and process.returncode is None
        return ChildStatus(self._child.name, process.pid if process and alive else None, self._restarts)

    def _ended(self, process: subprocess.Popen[bytes], timeout: float | None) -> bool:
        if self._thread.ident is not None:
            self._thread.join(timeout)
            return not self._thread.is_alive()
        with contextlib.suppress(subprocess.TimeoutExpired):  # it never became ready: nobody else waits for it
            process.wait(timeout)
        return process.returncode is not None

    def _keep(self) -> None:
        pause = FIRST_PAUSE
        while process := self._process:
            process.wait()
            if self._stopping.is_set():
                return
            _signal_group(process.pid, signal.SIGKILL)  # its own children must not work beside the successor's
            pause = FIRST_PAUSE if time.monotonic() - self._born > STEADY_AFTER else pause
            if self._stopping.wait(pause):
                return
            pause = min(pause * 2, LONGEST_PAUSE)
            self._restart()

    def _restart(self) -> None:
        with self._lock:
            if self._stopping.is_set():
                return
            with contextlib.suppress(OSError):  # no memory or no process left at the moment: after the next pause
                self._spawn()
                self._restarts += 1

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the caller's own words
                list(self._child.argv),
                env={**_ENVIRONMENT, **self._child.env, PARENT_PIPE: str(self._pipe)},
                pass_fds=(self._pipe,),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal reaches the supervisor alone, which keeps the order
            )
        self._born = time.monotonic()
        return self._process

    def _await_ready(self, process: subprocess.Popen[bytes], deadline: float) -> None:
        while self._child.ready is not None and not self._child.ready():
            if process.poll() is not None:
                raise self._failed(f"ended with exit code {process.returncode} before it was ready")
            if time.monotonic() > deadline:
                raise self._failed("did not become ready in time")
            self._stopping.wait(_POLL)

    def _failed(self, how: str) -> ChildFailedError:
        return ChildFailedError(f"{self._child.name} {how} ({self._log}):\n{last_lines(self._log)}")


class StopSignal:
    """Blocks the main thread until SIGTERM, SIGINT or `request()`; a context manager.

    A pipe rather than an Event: a signal handler that sets an Event can meet its own thread inside the Event's lock.
    """

    def __enter__(self) -> Self:
        self._read, self._write = os.pipe()
        self._before = {number: signal.signal(number, self._caught) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)

    def request(self) -> None:
        """Ask for the stop from any thread, while inside the `with` block; harmless afterwards."""
        with contextlib.suppress(OSError):
            os.write(self._write, b".")

    def wait(self, timeout: float | None = None) -> bool:
        """Block; True when the stop was asked for, False after `timeout` seconds."""
        return bool(select.select([self._read], [], [], timeout)[0])

    def _caught(self, _number: int, _frame: FrameType | None) -> None:
        self.request()


def watch_parent() -> bool:
    """End this process when its supervisor is gone, however it went: SIGTERM to itself, 5 s later the hard end.

    Called once, early, in a child's main. False, and nothing is watched, when no supervisor has started it.
    """
    pipe = _inherited_pipe(_ENVIRONMENT.pop(PARENT_PIPE, ""))
    if pipe is None:
        return False
    os.set_inheritable(pipe, False)  # noqa: FBT003 - the signature of the library
    threading.Thread(target=_end_with, args=(pipe,), name="watch-parent", daemon=True).start()
    return True


def _inherited_pipe(number: str) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        if stat.S_ISFIFO(os.fstat(int(number)).st_mode):
            return int(number)
    return None


def _end_with(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(ORPHAN_GRACE)
    os._exit(1)


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: PermissionError for a group of zombies
        os.killpg(group, number)


def last_lines(log: Path) -> str:
    """Give the end of a log file, enough to see why a process died."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-_TAIL_LINES:])
    return ""
