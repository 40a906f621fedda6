"""The README's two commands, run as they stand, in a fresh clone and an empty environment."""

import os
import subprocess
from pathlib import Path
from re import DOTALL, findall

import pytest

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    """The one-line shell blocks on the first screen, in order."""
    first_screen = README.partition("\n---\n")[0]
    return [block.strip() for block in findall(r"```sh\n(.*?)```", first_screen, DOTALL)]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    target = tmp_path / "tertial"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(target)], check=True)
    return target


def run(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}  # noqa: TID251
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_there_are_two_commands_and_a_picture_on_the_first_screen() -> None:
    assert len(commands()) == 2
    assert (ROOT / findall(r"!\[.+?\]\((.+?)\)", README)[0]).exists()


def test_the_first_one_plays_the_main_job(clone: Path) -> None:
    ended = run(commands()[0], clone)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-4000:]
    assert "41 av 44 inlämnade, 41 godkända, 3 försenade, 1 undantagen" in ended.stdout
    assert list((clone / "tertial-demo" / "bundle").glob("*.docx"))
    status = subprocess.run(["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True)
    assert status.stdout == ""  # what it made is ignored by git


def test_the_second_one_finds_every_test(clone: Path) -> None:
    """That they pass is what the fast suite itself shows; here, that an empty machine gets as far."""
    ended = run(commands()[1], clone, PYTEST_ADDOPTS="--collect-only")
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]


def test_ci_runs_the_same_command() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "config/requirements-dev.lock" in ci
    assert 'step "Fast suite" .venv/bin/pytest\n' in ci
    assert commands()[1].endswith("&& .venv/bin/pytest")
