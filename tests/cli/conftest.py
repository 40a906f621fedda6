"""The command line as people meet it: words in, exit code and two streams out, on a data folder of its own."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from workflow.adapters.db.database import SqlDatabase
from workflow.bootstrap import App, build
from workflow.cli import app
from workflow.domain.forms import Answer
from workflow.services import submissions
from workflow.services.sheets import form_sheet
from workflow.settings import Settings, load_settings, variable

BEFORE = "2027-04-01T09:00:00+02:00"
OPENS = "2027-04-19T08:00:00+02:00"
DURING = "2027-05-03T10:00:00+02:00"
AFTER = "2027-06-01T10:00:00+02:00"

SHEET = """\
id,name,kind,contact_name,contact_email,deputy_name,deputy_email
ost,Österby stadsdelsnämnd,stadsdelsnamnd,Åsa Påhittad,asa@osterby.example,Bo Påhittad,bo@osterby.example
amn,Arbetsnämnden,facknamnd,Cleo Påhittad,cleo@arbetsnamnden.example,,
hamn,Hamnen AB,bolag,,,,
"""


@dataclass
class Terminal:
    """`terminal("status", "--late")` runs the command at `now` and wants exit code 0."""

    data: Path
    now: str = BEFORE
    databases: list[SqlDatabase] = field(default_factory=list)

    def __call__(self, *words: str, code: int = 0, given: str = "", now: str = "") -> Result:
        self.close()
        line = ["--data", str(self.data), "--now", now or self.now, *words]
        result = CliRunner().invoke(app, line, input=given, catch_exceptions=False)
        assert result.exit_code == code, f"{words}: {result.output}"
        assert "Traceback" not in result.output
        return result

    def json(self, *words: str, now: str = "") -> Any:
        return json.loads(self(*words, "--json", now=now).stdout)

    def house(self) -> App:
        """The house itself; its connections are let go before the next command, as if another process had ended."""
        house = build(load_settings(data_dir=self.data))
        assert isinstance(house.db, SqlDatabase)
        self.databases.append(house.db)
        return house

    def close(self) -> None:
        for database in self.databases:
            database.close()

    def answered_form(self, unit: str, text: str) -> Path:
        """The unit's Word form, filled in; not through the draft."""
        house = self.house()
        sheet = submissions.sheet(house.db, f"2027-T1.{unit}")
        answers = {key: Answer(question=key, text=f"{text} {key}") for key in sheet.questions.keys}
        printed = form_sheet(
            sheet.round, sheet.submission, None, answers=answers, office=house.office, calendar=house.calendar
        )
        file = self.data / f"{unit}.docx"
        file.write_bytes(house.documents.word_form(printed))
        return file

    def hand_in(self, unit: str, now: str = DURING) -> None:
        self("submission", "import", str(self.answered_form(unit, "Svar på")), "--submit", now=now)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*map(variable, Settings.model_fields), "TERTIAL_SITE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture(scope="session")
def planned_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planned") / "data"
    terminal = Terminal(folder)
    terminal("db", "upgrade")
    sheet = folder / "units.csv"
    sheet.write_text(SHEET, encoding="utf-8")
    terminal("units", "import", str(sheet))
    terminal("round", "plan", "2027", "T1")
    return folder


@pytest.fixture(scope="session")
def open_folder(planned_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("open") / "data"
    copytree(planned_folder, folder)
    Terminal(folder)("round", "open", "2027-T1", now=OPENS)
    return folder


@pytest.fixture
def bare(tmp_path: Path) -> Terminal:
    """No database yet."""
    return Terminal(tmp_path / "data")


@pytest.fixture
def planned(planned_folder: Path, tmp_path: Path) -> Iterator[Terminal]:
    """Three units, one without a contact; 2027-T1 is planned."""
    copytree(planned_folder, tmp_path / "planned")
    with closing(Terminal(tmp_path / "planned")) as terminal:
        yield terminal


@pytest.fixture
def opened(open_folder: Path, tmp_path: Path) -> Iterator[Terminal]:
    """2027-T1 is open, the invitations are planned."""
    copytree(open_folder, tmp_path / "open")
    with closing(Terminal(tmp_path / "open", now=DURING)) as terminal:
        yield terminal
