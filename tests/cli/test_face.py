"""The public face: every command answers --help, the exit codes mean what they should, nothing ends in a traceback."""

import json
import locale
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from tests.cli.conftest import Terminal
from workflow.adapters import configfaults
from workflow.cli import app
from workflow.domain.errors import TertialError
from workflow.settings_file import SettingsError
from workflow.web.words import translations

GROUPS = {
    "": "demo up worker scheduler web check doctor status bundle calendar",
    "round": "plan list show preview open confirm close cancel extend move requests refuse withdraw",
    "submission": "show previous attachments import approve return reopen excuse",
    "mail": "list show retry skip hold note release",
    "mail link": "revoke renew",
    "inbox": "fetch serve list dispose",
    "mail inbox": "list show handle",
    "units": "import list punctuality export handover details corrections correct remove",
    "form": "check word",
    "account": "add reset digest list",
    "audit": "verify",
    "clock": "show trust",
    "db": "upgrade backup restore",
}
COMMANDS = [f"{group} {name}".strip() for group, names in GROUPS.items() for name in names.split()]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_takes_now(command: str) -> None:
    result = CliRunner().invoke(app, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert "--now" in result.stdout
    assert "--data" in result.stdout


def test_the_list_of_commands_is_complete() -> None:
    assert _named(typer.main.get_command(app)) == set(COMMANDS)


def _named(group: object) -> set[str]:
    commands: dict[str, object] = vars(group).get("commands", {})
    inner = {name: _named(command) for name, command in commands.items()}
    return {f"{name} {each}".strip() for name, found in inner.items() for each in found or {""}}


def test_bytes_that_are_no_text_are_shown_and_asked_for_again(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "workflow", "round", "show", os.fsdecode(b"2027-\xe5r")]
    done = subprocess.run(words, capture_output=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert "2027-\\xe5r" in done.stderr.decode()
    assert "UTF-8" in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_version_and_help_need_no_settings(tmp_path: Path) -> None:
    for word in ("--version", "--help"):
        done = subprocess.run(
            [sys.executable, "-m", "workflow", word], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        assert "tertial" in done.stdout.lower()
    assert not list(tmp_path.iterdir())


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from workflow.cli import app\n"
        "heavy = {'sqlalchemy', 'celery', 'docx', 'fastapi', 'pydantic', 'rich', 'babel', 'jinja2', 'alembic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_wrong_use_is_exit_code_2(opened: Terminal) -> None:
    opened("status", "--csv", "--json", code=2)
    opened("status", "--nonsense", code=2)
    opened("round", "extend", "2027-T1", "--due", "2027-06-01", "--reason", "x", code=2)
    opened("round", "extend", "2027-T1", "ost", "--due", "i morgon", "--reason", "x", code=2)
    opened("round", "plan", "2027", "T1", "--due", "klubb=2027-06-01", code=2)
    opened("round", "plan", "2031", "T1", code=2)  # rounds.toml does not plan it, and no dates are given
    opened("submission", "return", "2027-T1", "ost", "--due", "2027-06-01", "--question", "kultur", code=2)
    opened("status", now="snart", code=2)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("status", "2031-T9"), "2031-T9"),
        (("submission", "show", "2027-T1", "osst"), "ost"),
        (("round", "extend", "2027-T1", "nix", "--due", "2027-06-01", "--reason", "x"), "nix"),
        (("round", "extend", "2027-T1", "ost", "--due", "2020-01-01", "--reason", "x"), "2027-05-03 10:00"),
        (("round", "extend", "2027-T1", "ost", "--due", "2027-06-01", "--reason", "  "), ""),
        (("round", "open", "2027-T1"), "open"),
        (("round", "plan", "2027", "T1"), "2027-T1"),
        (("round", "plan", "2027", "T7"), "T1, T2, VB"),
        (("round", "cancel", "2027-T1"), "open"),
        (("submission", "approve", "2027-T1", "ost"), "not started"),
        (("mail", "show", "zzz"), "zzz"),
        (("account", "reset", "ingen@stad.example", "--once"), "ingen@stad.example"),
        (("bundle", "2027-T1", "-o", "nowhere"), "open"),
    ],
    ids=" ".join,
)
def test_what_a_rule_refuses_is_one_clear_message(opened: Terminal, words: tuple[str, ...], told: str) -> None:
    result = opened(*words, code=1)
    assert result.stdout == ""
    assert result.stderr.strip()
    assert told in result.stderr
    assert "{" not in result.stderr


def test_every_sentence_has_its_english() -> None:
    modules = ("workflow.bootstrap", "workflow.demo", "workflow.up", "workflow.adapters.db.backup")
    for module in modules:
        import_module(module)
    sentences = {each.sentence for each in _below(TertialError)} - {SettingsError.sentence}
    faults = {text for name, text in vars(configfaults).items() if name.isupper() and isinstance(text, str)}
    english = translations("en")
    assert [text for text in sorted(sentences | faults) if english.gettext(text) == text] == []


def _below(error: type[TertialError]) -> Iterator[type[TertialError]]:
    for each in error.__subclasses__():
        if each.__module__.startswith("workflow."):
            yield each
        yield from _below(each)


@pytest.mark.parametrize(("place", "word"), [("sv_SE", "Menade du"), ("en_GB", "Did you mean"), (None, "Did you mean")])
def test_errors_speak_the_terminals_language(
    opened: Terminal, monkeypatch: pytest.MonkeyPatch, place: str | None, word: str
) -> None:
    monkeypatch.setattr(locale, "getlocale", lambda: (place, "UTF-8"))
    assert word in opened("submission", "show", "2027-T1", "osst", code=1).stderr


def test_without_a_database_the_way_to_one_is_named(bare: Terminal) -> None:
    assert "tertial db upgrade" in bare("status", code=1).stderr
    assert not bare.data.exists()
    bare("db", "upgrade")
    assert bare("status", code=1).stderr.strip()  # no round yet


def test_broken_settings_are_named(planned: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "many")
    assert "PORT" in planned("round", "list", code=1).stderr


def test_production_has_only_the_real_clock(planned: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "TERTIAL_ENV": "production",
        "SECRET_KEY": "x8Kd02jfLmQ9ziV4tRwA7cYbNe5uHs31GpTo",
        "DATABASE_URL": f"sqlite:///{planned.data}/tertial.sqlite?x",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SMTP_HOST": "smtp.stad.example",
        "BASE_URL": "https://tertial.stad.example",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    assert "--now" in planned("round", "list", code=2).stderr
    assert "--now" in planned("form", "check", "config/forms/naringsliv.toml", code=2).stderr


def test_now_and_data_may_stand_after_the_command(planned: Terminal) -> None:
    line = ["round", "list", "--json", "--data", str(planned.data), "--now", "2027-04-01"]
    result = CliRunner().invoke(app, line, catch_exceptions=False)
    assert [row["round"] for row in json.loads(result.stdout)] == ["2027-T1"]


def test_a_file_that_cannot_be_written_is_a_message(opened: Terminal) -> None:
    result = opened("form", "word", "2027-T1", "ost", "-o", str(opened.data / "no" / "where.docx"), code=1)
    assert "where.docx" in result.stderr
