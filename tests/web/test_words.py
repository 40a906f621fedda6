"""Every word that people read exists in both languages."""

import ast
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.support import Translations

import workflow
from workflow.adapters.documents.attached_refusals import ATTACHED_REFUSALS
from workflow.adapters.documents.form_leftovers import NOTES, PLACES
from workflow.adapters.documents.form_reader import CLEANED
from workflow.adapters.documents.picture_refusals import PICTURE_REFUSALS
from workflow.adapters.documents.refusals import REFUSALS
from workflow.adapters.documents.source import ASIDES
from workflow.domain.errors import FileRefusedError, IncompleteError, MoveRefusedError, TertialError
from workflow.domain.submissions import Move, State
from workflow.web.word_pictures import NO_ROOM
from workflow.web.words import SAID, error_text, preferred, translations

WEB = Path(workflow.__file__).parent / "web"
FIELD = re.compile(r"%\([a-z_]+\)s|\{[a-z_]+\}")


def in_templates() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    for template in sorted(WEB.glob("templates/**/*.html")):
        with template.open("rb") as lines:
            options = {"extensions": "jinja2.ext.i18n", "silent": "false"}
            for _, message, _, _ in extract("jinja2", lines, options=options):
                yield template.name, message


def in_python() -> Iterator[tuple[str, str]]:
    """What is said by gettext("…") in the pages' modules."""
    for module in sorted(WEB.glob("*.py")):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in {"gettext", "_"} and isinstance(node.args[0].value, str):
                    yield module.name, node.args[0].value


SHOWN_ON_PAGES = ("domain", "services", "web", "resources", "adapters.clock", "adapters.mail")
"""Whose errors a page may come to show; the commands speak Swedish."""


def in_errors() -> Iterator[tuple[str, str]]:
    rooms = tuple(f"workflow.{room}" for room in SHOWN_ON_PAGES)
    for found in pkgutil.walk_packages(workflow.__path__, "workflow."):
        if found.name.startswith(rooms) and not found.name.endswith("__main__"):
            import_module(found.name)
    waiting: list[type[TertialError]] = [TertialError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith(rooms):
            yield f"{kind.__module__}.{kind.__name__}", kind.sentence


def english(message: str | tuple[str, ...]) -> list[str]:
    """What stands in the catalogue; nothing where it does not know the message (equal words are words too)."""
    catalogue = translations("en")
    assert isinstance(catalogue, Translations)
    known = catalogue._catalog  # gettext offers no other look
    keys: list[tuple[str, int] | str] = [(message[0], 0), (message[0], 1)] if isinstance(message, tuple) else [message]
    return [known[key] for key in keys if key in known]


@pytest.mark.parametrize("source", [in_templates, in_python, in_errors])
def test_everything_is_translated_with_all_its_fields(source: object) -> None:
    assert callable(source)
    missing = []
    for where, message in source():
        said = english(message)
        fields = FIELD.findall(" ".join(message) if isinstance(message, tuple) else message)
        if not said or set(FIELD.findall(" ".join(said))) != set(fields):
            missing.append((where, message, said))
    assert missing == []


@pytest.mark.parametrize(
    "sentence",
    [*REFUSALS, *ATTACHED_REFUSALS, *PICTURE_REFUSALS, *SAID, *PLACES, *NOTES, *ASIDES, CLEANED, NO_ROOM],
)
def test_what_stands_in_an_error_is_translated(sentence: str) -> None:
    assert english(sentence)


def test_a_machines_word_is_said_in_words() -> None:
    error = MoveRefusedError(move=Move.SUBMIT, state=State.APPROVED)
    assert error_text(error, "sv") == "Det går inte att lämna in ett underlag som är godkänt."
    assert error_text(error, "en") == "It is not possible to hand in a report that is approved."


def test_one_missing_answer_is_said_in_the_singular() -> None:
    assert error_text(IncompleteError(count=1, missing=("mark",)), "sv") == "1 fråga saknar svar."
    assert error_text(IncompleteError(count=2, missing=("a", "b")), "sv") == "2 frågor saknar svar."


def test_why_a_file_is_refused_is_translated_inside_its_sentence() -> None:
    said = error_text(FileRefusedError(file="svar.pdf", why=REFUSALS[2]), "en")
    assert said == "The file svar.pdf cannot be read: it is a PDF. Send the form as a Word document (.docx)."


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "sv"),
        ("en-GB,en;q=0.9", "en"),
        ("fi,en;q=0.4,sv;q=0.8", "sv"),
        ("de", "sv"),
        ("en;q=nonsense", "sv"),
        ("*", "sv"),
    ],
)
def test_the_browsers_wish_decides_the_language(header: str, language: str) -> None:
    assert preferred(header) == language
