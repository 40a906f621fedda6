"""The peers beside us: installed in an environment of their own that is thrown away, on the same database and sink."""

import json
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import CalledProcessError, TimeoutExpired, run
from typing import Any

from sqlalchemy import make_url

from tests.benchmarks.crew import RunFailedError, Taken, run_all
from tests.benchmarks.peer import MAILER, POST_OFFICE
from tests.benchmarks.shelf import Shelf

PACKAGES = ("django==5.2.19", "django-post_office==3.12.0", "django-mailer==2.3.2", "psycopg[binary]")
NAMES = {POST_OFFICE: "django-post_office", MAILER: "django-mailer"}
_SCRIPT = Path(__file__).with_name("peer.py")
_PATIENCE = 300  # seconds


class NoPeersError(Exception):
    """They cannot be had here; the text says why."""


@dataclass(frozen=True, slots=True)
class Peers:
    """`python` is the interpreter of their environment, `letter` the mail that all of theirs are."""

    python: Path
    letter: Path
    folder: Path

    def versions(self) -> str:
        return ", ".join(PACKAGES)

    def send(
        self, shelf: Shelf, peer: str, db: str, *, port: int, mails: int, processes: int, as_shipped: bool = False
    ) -> Taken:
        """Queue so many mails, and time their own command. Raises RunFailedError.

        `as_shipped`: SQLite without a word about it in the settings, as a newcomer's Django has it.
        """
        with shelf.empty(db) as url:
            parsed = make_url(url)
            task = {
                "peer": peer,
                "port": port,
                "mails": mails,
                "processes": processes,
                "as_shipped": as_shipped,
                "letter": str(self.letter),
                "folder": str(self.folder),
                "database": parsed.database,
                "host": parsed.query.get("host", ""),
                "user": parsed.username,
            }
            self._say("prepare", task)
            hands = 1 if peer == POST_OFFICE else processes  # post_office starts its own
            taken = run_all([self._command("send", task)] * hands, wanted=0)
            done = int(self._say("sent", task))
        if done != mails:
            raise RunFailedError(f"{NAMES[peer]}: {done} of {mails} mails were sent")
        return replace(taken, done=done)

    def _command(self, verb: str, task: dict[str, Any]) -> list[str]:
        return [str(self.python), str(_SCRIPT), verb, json.dumps(task)]

    def _say(self, verb: str, task: dict[str, Any]) -> str:
        ended = run(self._command(verb, task), capture_output=True, text=True, timeout=_PATIENCE, check=False)
        if ended.returncode:
            raise RunFailedError(ended.stderr.strip()[-500:])
        return ended.stdout


def install(folder: Path, letter: Path) -> Peers:
    """Make the environment. Raises NoPeersError when there is no package index to ask."""
    python = folder / "peers" / "bin" / "python"
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv:
        commands = [
            [uv, "venv", "--quiet", "--python", sys.executable, str(folder / "peers")],
            [uv, "pip", "install", "--quiet", "--python", str(python), *PACKAGES],
        ]
    else:
        commands = [
            [sys.executable, "-m", "venv", str(folder / "peers")],
            [str(python), "-m", "pip", "install", "--quiet", *PACKAGES],
        ]
    try:
        for command in commands:
            run(command, check=True, capture_output=True, text=True, timeout=_PATIENCE)
    except CalledProcessError as error:
        raise NoPeersError(" ".join(str(error.stderr).split())[:300]) from error
    except (OSError, TimeoutExpired) as error:
        raise NoPeersError(str(error)) from error
    return Peers(python, letter, folder)
