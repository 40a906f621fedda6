"""One demo for all tests of this folder: played once per worker, by the command people use."""

import json
import subprocess
import sys
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from workflow.bootstrap import App, build
from workflow.settings import load_settings


@dataclass
class Played:
    """What the demo left, and what it said."""

    folder: Path
    said: str

    @cached_property
    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "status.json").read_text(encoding="utf-8"))
        return found

    @cached_property
    def mails(self) -> list[EmailMessage]:
        paths = sorted((self.folder / "mail").glob("*.eml"))
        return [message_from_bytes(path.read_bytes(), EmailMessage, policy=policy.default) for path in paths]

    @cached_property
    def received(self) -> list[dict[str, Any]]:
        """The listener's own account: one line per mail, written before its 250."""
        lines = (self.folder / "mail" / "log.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    @property
    def report(self) -> Path:
        return next((self.folder / "bundle").glob("*.docx"))

    @cached_property
    def house(self) -> App:
        """The demo's database, opened anew, at the hour it ended."""
        settings = load_settings(data_dir=self.folder / "data", clock_file=self.folder / "data" / "clock.json")
        return build(settings)


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    out = tmp_path_factory.mktemp("demo") / "ut mapp åäö"  # a folder with a blank and Swedish letters
    command = [sys.executable, "-m", "workflow", "demo", "--no-serve", "--out", str(out)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr[-4000:]
    return Played(out, ended.stdout)
