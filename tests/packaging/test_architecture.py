"""The walls of the house: the real tree keeps them, and a tree that breaks each of them is caught."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = (
    "workflow/__main__.py workflow/cli.py workflow/demo/__init__.py workflow/up.py workflow/web/__init__.py"
    " workflow/bootstrap.py workflow/services/__init__.py workflow/adapters/__init__.py workflow/settings.py"
    " workflow/ports.py workflow/resources.py workflow/settings_file.py workflow/domain/__init__.py"
    " workflow/__init__.py tasks/__init__.py tasks/jobs.py tasks/worker.py tasks/scheduler.py"
)


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def stubs(tmp_path: Path) -> Path:
    """A house of empty rooms under the real contracts."""
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    for name in ROOMS.split():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    return tmp_path


def test_empty_rooms_keep_every_contract(stubs: Path) -> None:
    result = lint_imports(stubs)
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


def test_each_wall_is_guarded(stubs: Path) -> None:
    broken = {
        "workflow/domain/rounds.py": "import sqlalchemy\n",
        "workflow/services/rounds.py": "from workflow.adapters import clock\nimport jinja2\nimport fastapi\n",
        "workflow/adapters/clock.py": "import docx\nimport rich\nimport celery\nimport pydantic_settings\n",
        "workflow/bootstrap.py": "import tasks.jobs\nimport imap_tools\n",
        "tasks/jobs.py": "import workflow.web\nimport tasks.worker\n",
        "workflow/web/one.py": "import workflow.web.two\n",
        "workflow/web/two.py": "import workflow.web.one\n",
        "workflow/cellar.py": "",
    }
    for name, text in broken.items():
        (stubs / name).write_text(text)
    result = lint_imports(stubs)
    verdicts = [line for line in result.stdout.splitlines() if line.endswith((" KEPT", " BROKEN"))]
    assert [line for line in verdicts if line.endswith(" KEPT")] == []
    assert len(verdicts) > 10
    assert "workflow.cellar" in result.stdout  # exhaustive: an undeclared room is named


def test_the_real_house_keeps_every_contract() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


def test_the_rules_import_the_standard_library_only() -> None:
    foreign = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in sorted((ROOT / "workflow" / "domain").rglob("*.py"))
        for name in imported(file)
        if name.partition(".")[0] not in sys.stdlib_module_names and not name.startswith("workflow.domain")
    ]
    assert foreign == []


def imported(file: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or ".")
    return names


def test_every_module_has_a_sign_on_its_door() -> None:
    without = [
        str(file.relative_to(ROOT))
        for folder in ("workflow", "tasks")
        for file in sorted((ROOT / folder).rglob("*.py"))
        if not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert without == []
