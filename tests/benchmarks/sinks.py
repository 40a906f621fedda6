"""Where the mails go: Debian's smtp-sink, the sink of this folder where there is none, and a slow relay."""

import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen

_SBIN = Path("/usr/sbin")  # not on everybody's PATH
_PATIENCE = 10.0  # seconds
_SESSIONS = 512


@dataclass(frozen=True, slots=True)
class Sink:
    """A server that takes every mail and keeps none. `name` tells the table which."""

    name: str
    port: int


@contextmanager
def fast_sink() -> Iterator[Sink]:
    """smtp-sink (package postfix, no mail server need run) or else our own."""
    program = found("smtp-sink")
    if program is None:
        with _own(0.0, 0.0) as port:
            yield Sink("tests.benchmarks.sink (smtp-sink is not installed: slower, in Python)", port)
        return
    port = _free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with _running([program, *user, "-m", str(_SESSIONS), f"127.0.0.1:{port}", str(_SESSIONS)]):
        _wait_for(port)
        yield Sink("smtp-sink", port)


@contextmanager
def slow_relay(per_reply: float, after_dot: float, *, pipelines: bool = False) -> Iterator[Sink]:
    """Seconds before every reply, and seconds more after the final dot. `pipelines`: commands in one write."""
    with _own(per_reply, after_dot, *(["pipelining"] if pipelines else [])) as port:
        yield Sink(f"tests.benchmarks.sink, {per_reply * 1000:g} ms per reply + {after_dot * 1000:g} ms", port)


def found(program: str) -> str | None:
    beside = _SBIN / program
    return shutil.which(program) or (str(beside) if beside.exists() else None)


@contextmanager
def _own(per_reply: float, after_dot: float, *words: str) -> Iterator[int]:
    argv = [sys.executable, "-m", "tests.benchmarks.sink", str(per_reply), str(after_dot), *words]
    with _running(argv) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())


@contextmanager
def _running(argv: Sequence[str]) -> Iterator[Popen[str]]:
    with Popen(argv, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return
