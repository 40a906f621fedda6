"""Everything embedded: Valkey, mail listener, worker, scheduler and pages as supervised processes on one machine."""

import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workflow.adapters.broker import EmbeddedValkey
from workflow.adapters.db import migrate
from workflow.adapters.processes import Child, Supervisor
from workflow.domain.errors import RefusedError
from workflow.settings import Settings, as_environment, ensure_secret

LOOPBACK = "127.0.0.1"


class PortTakenError(RefusedError):
    sentence = "Port {port} används redan. Välj en annan med --port."


class FolderTakenError(RefusedError):
    sentence = "Tertial körs redan i {folder}. Avsluta det först, eller välj en annan mapp med --data."


@dataclass(frozen=True, slots=True)
class Running:
    """What has been started: the settings all processes share, and their supervisor."""

    settings: Settings
    supervisor: Supervisor


def embedded(settings: Settings) -> Settings:
    """The settings with the embedded broker and the local mail listener filled in where the site names no others."""
    settings = ensure_secret(settings)
    changes: dict[str, object] = {}
    if not settings.redis_url:
        changes["redis_url"] = EmbeddedValkey(settings.data_dir / "valkey").url
    if not settings.smtp_host:
        changes |= {"smtp_host": LOOPBACK, "smtp_port": free_port(), "smtp_security": "none"}
    return settings.model_copy(update=changes)


@contextmanager
def running(settings: Settings, *, mail_folder: Path, workers: int = 1) -> Iterator[Running]:
    """Migrate, start all processes in order, keep them alive, and take them down on leaving.

    Raises PortTakenError, FolderTakenError, ChildFailedError (with the last lines of what went wrong).
    """
    check_port(settings.host, settings.port)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with alone_in(settings.data_dir):
        own = embedded(settings)
        migrate.upgrade(own.database_url)
        with Supervisor(children(settings, own, mail_folder, workers), own.data_dir / "log") as supervisor:
            yield Running(own, supervisor)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder; the kernel lets go of it when the process ends, however it ends. Raises FolderTakenError."""
    held = os.open(folder / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderTakenError(folder=str(folder)) from error
        yield
    finally:
        os.close(held)


def children(given: Settings, own: Settings, mail_folder: Path, workers: int) -> tuple[Child, ...]:
    """The processes in starting order; broker and mail listener only where the site names no others."""
    environment = as_environment(own)
    found = []
    if not given.redis_url:
        broker = EmbeddedValkey(own.data_dir / "valkey")
        argv = python("workflow.adapters.broker", "--data-dir", str(own.data_dir / "valkey"))
        found.append(Child("valkey", argv, environment, ready=broker.ready))
    if not given.smtp_host:
        options = ["--folder", str(mail_folder), "--port-file", str(own.data_dir / "smtp.port")]
        options += ["--port", str(own.smtp_port)]
        options += ["--clock-file", str(own.clock_file)] if own.clock_file else []
        argv = python("workflow.adapters.mail.listener", *options)
        found.append(Child("smtp", argv, environment, ready=lambda: answers(LOOPBACK, own.smtp_port)))
    for number in range(1, workers + 1):
        name = "worker" if workers == 1 else f"worker-{number}"
        found.append(Child(name, python("tasks.worker", f"--hostname={name}@%h"), environment))
    found.append(Child("web", python("workflow.web"), environment, ready=lambda: answers(own.host, own.port)))
    found.append(Child("scheduler", python("tasks.scheduler"), environment))
    return tuple(found)


def python(module: str, *arguments: str) -> list[str]:
    """How a process of ours is started. -P: a stray tasks.py in the folder one stands in is never imported."""
    return [sys.executable, "-P", "-m", module, *arguments]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def check_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTakenError(port=str(port)) from error


def answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
