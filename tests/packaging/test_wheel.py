"""As a stranger would: build the wheel, install it into an empty environment, run it from an empty folder."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(600)]


def run(*command: str | Path, cwd: Path, seconds: float = 300) -> subprocess.CompletedProcess[str]:
    """Run as a stranger's shell would: nothing of this checkout on any path."""
    bare = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(cwd), "LANG": "C.UTF-8"}
    words = [str(word) for word in command]
    result = subprocess.run(
        words, cwd=cwd, env=bare, capture_output=True, text=True, check=False, timeout=seconds, stdin=subprocess.DEVNULL
    )
    assert result.returncode == 0, f"{' '.join(words)}\n{result.stdout[-4000:]}\n{result.stderr[-4000:]}"
    return result


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, and the wheel from the sdist."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(out), str(ROOT)]
    result = subprocess.run(command, cwd=out, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]
    return out


@pytest.fixture(scope="module")
def tertial(distributions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the locked dependencies and the wheel; return the path of the command."""
    home = tmp_path_factory.mktemp("a folder with spaces")
    uv = [str(TOOLS / "uv"), "--quiet"]
    python = str(home / "bin" / "python")
    lock = str(ROOT / "config" / "requirements.lock")
    (wheel,) = distributions.glob("tertial-*.whl")
    for command in (
        [*uv, "venv", "--clear", "--python", sys.executable, str(home)],
        [*uv, "pip", "install", "--python", python, "--require-hashes", "--only-binary", ":all:", "-r", lock],
        [*uv, "pip", "install", "--python", python, "--no-deps", str(wheel)],
        [*uv, "pip", "check", "--python", python],
    ):
        result = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
        assert result.returncode == 0, f"{command}\n{result.stderr[-4000:]}"
    return home / "bin" / "tertial"


def files_below(folder: str) -> set[str]:
    root = ROOT / folder
    return {
        str(file.relative_to(root)) for file in root.rglob("*") if file.is_file() and "__pycache__" not in str(file)
    }


def test_wheel_carries_every_file_it_needs_and_no_other(distributions: Path) -> None:
    (wheel,) = distributions.glob("tertial-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    mails = {f"workflow/_files/email_templates/{name}" for name in files_below("email_templates")}
    config = {
        f"workflow/_files/config/{name}" for name in files_below("config") if not name.endswith((".lock", "site.toml"))
    }
    code = {f"{folder}/{name}" for folder in ("workflow", "tasks") for name in files_below(folder)}
    assert {name for name in names if ".dist-info/" not in name} == mails | config | code
    assert mails
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_sdist_carries_the_tests(distributions: Path) -> None:
    (sdist,) = distributions.glob("tertial-*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"tests/packaging/test_wheel.py", "config/requirements-dev.lock", "LICENSE", "README.md"} <= names


def test_help_and_version(tertial: Path, tmp_path: Path) -> None:
    assert "demo" in run(tertial, "--help", cwd=tmp_path).stdout
    assert "0.1.0" in run(tertial, "--version", cwd=tmp_path).stdout
    assert "demo" in run(tertial.with_name("python"), "-m", "workflow", "--help", cwd=tmp_path).stdout


def test_check_passes_on_an_empty_machine(tertial: Path, tmp_path: Path) -> None:
    run(tertial, "db", "upgrade", cwd=tmp_path)
    run(tertial, "check", cwd=tmp_path)


def test_the_demo_leaves_a_bundle(tertial: Path, tmp_path: Path) -> None:
    run(tertial, "demo", "--no-serve", "--out", "D", cwd=tmp_path)
    for kind in ("docx", "json", "zip"):
        assert len(list((tmp_path / "D" / "bundle").glob(f"*.{kind}"))) == 1
    assert list((tmp_path / "D" / "mail").glob("*.eml"))
    assert (tmp_path / "D" / "status.json").is_file()
