"""Programs of others that a test starts for itself: found or missed, awaited, and ended."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

import pytest

LOOPBACK = "127.0.0.1"
PATIENCE = 30.0  # seconds


def program(path: str, package: str) -> Path:
    """Skip with a reason when it is not installed; under CI, where the pipeline promises it, fail."""
    if not Path(path).exists():
        missing(f"{path} is missing: apt install {package}")
    return Path(path)


def missing(reason: str) -> None:
    if os.environ.get("CI") == "true":  # noqa: TID251 - the pipeline promises these programs
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def await_that(happens: Callable[[], object], what: str, *, within: float = PATIENCE) -> None:
    deadline = time.monotonic() + within
    while not happens():
        assert time.monotonic() < deadline, f"in vain waited for: {what}"
        time.sleep(0.02)


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose sockets have names short enough (107 characters), and that other users may enter."""
    folder = Path(mkdtemp(prefix="mx-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(
    command: Sequence[str | Path], log: Path, *ports: int, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The program in a group of its own, once it listens; the whole group ends with the block."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    try:
        for port in ports:
            await_that(partial(_is_up_or_over, process, port), f"port {port}")
        assert process.poll() is None, log.read_text(errors="replace")[-2000:]
        yield process
    finally:
        end(process)


def _is_up_or_over(process: subprocess.Popen[bytes], port: int) -> bool:
    return process.poll() is not None or listens(port)


def end(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
    """End it and what it started; killing it is without a goodbye."""
    if process.poll() is None and how is signal.SIGTERM:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            how = signal.SIGKILL
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
