"""A real LibreOffice opens the form, fills every kind of field and saves as .docx and .odt: read back as typed."""

import json
import subprocess
from pathlib import Path

import pytest
from docx_plus.core.ns import qn
from lxml import etree

from tests.adapters.documents.office import (
    change_end,
    control,
    edited,
    filled,
    need,
    python_of_libreoffice,
    with_a_plain_reason,
)
from tests.adapters.documents.samples import QUESTIONS, answers, sheet
from tests.adapters.documents.test_form import LONG, TEXTS
from workflow.adapters.documents.documents import OfficeDocuments
from workflow.adapters.documents.fields import bookmark, reason_field
from workflow.adapters.documents.form_leftovers import CHANGES, LOST_BREAK
from workflow.domain.forms import Answer, merge
from workflow.domain.phrases import say
from workflow.ports import ReadForm

pytestmark = pytest.mark.office

OFFICE = OfficeDocuments()
LONG_KEY = "en_nyckel_som_ar_langre_an_ett_bokmarke_far_vara_i_word"
FORMATS = ("docx", "odt")

TYPED = {
    "samverkan_naringsliv": "Ett stycke.\nTvå <&> stycken.\n– punkt\nTre.",
    "vaxla_upp": TEXTS["emoji"] + "\n" + TEXTS["rtl"],
    LONG_KEY: "Kort.\n" + LONG,
}
REASON = {
    "kultur": Answer(question="kultur", not_applicable=True, na_reason="Finns inte hos oss (än).\nMen hos andra.")
}
LINES = "Inte vi.\nDe andra.\n\n– och ni"
IN_WORD = {
    "samverkan_naringsliv": TEXTS["paragraphs"],
    "vaxla_upp": TEXTS["spaces"],
    "kultur": TEXTS["markup"],
    LONG_KEY: f"{TEXTS['list']}\n{TEXTS['emoji']}\n{TEXTS['rtl']}\n{LONG}",
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("typed")
    forms = {
        "typed": OFFICE.word_form(sheet()),
        "replaced": OFFICE.word_form(sheet()),
        "untouched": OFFICE.word_form(sheet()),
        "word": filled(OFFICE.word_form(sheet()), IN_WORD | {reason_field("kultur"): "Inte vi."}),
        "breaks": filled(OFFICE.word_form(sheet()), {reason_field("kultur"): LINES}),
        "tracked": edited(OFFICE.word_form(sheet(answers(kultur="Ett.\nTvå.\nTre."))), delete_an_end),
        "older": with_a_plain_reason(OFFICE.word_form(sheet()), "kultur", LINES),
    }
    for name, data in forms.items():
        (folder / f"in-{name}.docx").write_bytes(data)
    lines = {bookmark(key): text.split("\n") for key, text in TYPED.items()}
    lines[bookmark(reason_field("kultur"))] = REASON["kultur"].na_reason.split("\n")
    jobs = [
        {
            "source": str(folder / f"in-{name}.docx"),
            "name": name,
            "typed": lines if name == "typed" else {},
            "replaced": lines if name == "replaced" else {},
        }
        for name in forms
    ]
    script = str(Path(__file__).with_name("typing_in_libreoffice.py"))  # for another Python: not imported here
    command = [python_of_libreoffice(), script, need("soffice"), str(folder / "profile"), str(folder), json.dumps(jobs)]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    return folder


def read(folder: Path, name: str, ending: str) -> ReadForm:
    data = (folder / f"{name}.{ending}").read_bytes()
    found = OFFICE.read_word(data, name=f"svar.{ending}", questions=QUESTIONS)
    assert (found.round, found.unit, found.form_id, found.form_version) == (
        "2027-T1",
        "hagersten",
        "naringsliv",
        "2022-1",
    )
    assert (found.unread, found.unknown, found.absent) == ((), (), ())
    return found


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", ["typed", "replaced"])
def test_what_is_typed_in_libreoffice_is_read_back(saved: Path, name: str, ending: str) -> None:
    found = read(saved, name, ending)
    assert merge(found.answers) == answers(**TYPED) | REASON
    assert found.notes == ()


@pytest.mark.parametrize("ending", FORMATS)
def test_what_was_filled_in_in_word_survives_libreoffice(saved: Path, ending: str) -> None:
    found = read(saved, "word", ending)
    expected = answers(**IN_WORD)
    expected["kultur"] = Answer(question="kultur", text=TEXTS["markup"], not_applicable=True, na_reason="Inte vi.")
    assert merge(found.answers) == expected
    assert found.notes == ()


@pytest.mark.parametrize("ending", FORMATS)
def test_an_untouched_form_stays_without_answers(saved: Path, ending: str) -> None:
    found = read(saved, "untouched", ending)
    assert (found.answers, found.notes) == ((), ())


@pytest.mark.parametrize("ending", FORMATS)
def test_the_lines_of_a_reason_stay(saved: Path, ending: str) -> None:
    found = read(saved, "breaks", ending)
    assert found.answers == (Answer(question="kultur", not_applicable=True, na_reason=LINES),)
    assert found.notes == ()


def delete_an_end(root: etree._Element) -> None:
    change_end(next(control(root, "kultur").iter(qn("w:p"))), "del")


@pytest.mark.parametrize("ending", FORMATS)
def test_a_paragraph_whose_end_is_deleted_goes_on_in_the_next(saved: Path, ending: str) -> None:
    found = read(saved, "tracked", ending)
    assert merge(found.answers) == answers(kultur="Ett.Två.\nTre.")
    assert found.notes == (say(CHANGES, number="3.1"),)


@pytest.mark.parametrize("ending", FORMATS)
def test_a_line_break_that_libreoffice_loses_in_an_older_form_is_told_of(saved: Path, ending: str) -> None:
    """Version 7.4 joins the lines of a plain field, as forms had: the words are there, and where to look is said."""
    found = read(saved, "older", ending)
    (answer,) = found.answers
    assert answer.na_reason.replace("\n", "") == LINES.replace("\n", "")
    assert found.notes == (() if "\n" in answer.na_reason else (say(LOST_BREAK, number="3.1"),))
