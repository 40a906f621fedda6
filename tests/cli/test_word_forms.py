"""The Word form on the command line: written, filled in, told how it is read, taken in; never a word of it printed."""

from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from tests.adapters.documents.files import jpg, png
from tests.adapters.documents.office import control, edited, filled, paragraph
from tests.adapters.documents.test_form import PICTURE
from tests.adapters.documents.test_odt import odt, row
from tests.adapters.documents.test_pictures import with_pictures
from tests.cli.conftest import Terminal
from workflow.services import submissions
from workflow.services.sheets import form_sheet

SECRET = "hemligtutkastord"


def keys(terminal: Terminal) -> tuple[str, ...]:
    return submissions.sheet(terminal.house().db, "2027-T1.ost").questions.keys


def state(terminal: Terminal) -> tuple[str, int]:
    shown = terminal.json("submission", "show", "2027-T1", "ost")
    return shown["state"], shown["answered"]


def written(terminal: Terminal) -> Path:
    file = terminal.data / "ost.docx"
    terminal("form", "word", "2027-T1", "ost", "-o", str(file))
    return file


def test_a_form_is_written_filled_in_looked_at_and_taken_in(opened: Terminal) -> None:
    file = written(opened)
    first, second, *_ = keys(opened)
    file.write_bytes(filled(file.read_bytes(), {first: f"{SECRET} ett två", f"{second}.ej_aktuellt": SECRET}))
    told = opened("submission", "import", str(file), "--dry-run")
    assert SECRET not in told.output
    assert "no answer in the file" in told.stdout
    assert state(opened) == ("not_started", 0)
    opened("submission", "import", str(file))
    assert state(opened) == ("draft", 2)
    stored = submissions.sheet(opened.house().db, "2027-T1.ost").answers
    assert stored[first].text == f"{SECRET} ett två"
    assert stored[second].na_reason == SECRET


def test_a_form_saved_as_odt_is_taken_in_too(opened: Terminal) -> None:
    rows = "".join(row("1.1", key, f"<text:p>{SECRET}</text:p><text:p>rad två</text:p>") for key in keys(opened))
    file = opened.data / "ost.odt"
    file.write_bytes(odt(rows))
    told = opened("submission", "import", str(file), "2027-T1", "ost", "--yes")
    assert SECRET not in told.output
    assert state(opened)[1] == len(keys(opened))
    stored = submissions.sheet(opened.house().db, "2027-T1.ost").answers
    assert {each.text for each in stored.values()} == {f"{SECRET}\nrad två"}


def test_what_was_not_read_is_told_by_its_place_and_its_number_of_words(opened: Terminal) -> None:
    file = written(opened)
    first = keys(opened)[0]

    def edit(root: etree._Element) -> None:
        root[0].insert(0, paragraph(f"{SECRET} vid sidan av"))
        picture = PICTURE.replace("Karta över hamnen", SECRET)
        next(control(root, first).iter("{*}r")).append(etree.fromstring(picture))

    file.write_bytes(edited(filled(file.read_bytes(), {first: "Se bilden."}), edit))
    told = opened("submission", "import", str(file))
    assert "before the first question: 4 words" in told.stderr
    assert "picture in the answer to question 1.1" in told.stderr
    assert SECRET not in told.output


def test_the_form_is_in_the_contacts_language(opened: Terminal) -> None:
    house = opened.house()
    found = submissions.sheet(house.db, "2027-T1.ost")
    with house.db.read() as work:
        recipient = work.recipients.of("2027-T1.ost")[0]
    swedish, english = (
        form_sheet(
            found.round,
            found.submission,
            replace(recipient, language=language),
            answers={},
            office=house.office,
            calendar=house.calendar,
        )
        for language in ("sv", "en")
    )
    assert (swedish.language, english.language) == ("sv", "en")
    assert swedish.due != english.due
    assert swedish.round_title != english.round_title


@pytest.mark.parametrize("ending", ["docm", "doc", "odt"])
def test_a_file_that_is_not_what_its_name_says_changes_nothing(opened: Terminal, ending: str) -> None:
    file = written(opened)
    other = file.with_suffix(f".{ending}")
    other.write_bytes(file.read_bytes())
    opened("submission", "import", str(other), "2027-T1", "ost", code=1)
    assert state(opened) == ("not_started", 0)


def test_pictures_go_with_the_answers_and_those_that_cannot_are_named(opened: Terminal) -> None:
    file = written(opened)
    first = keys(opened)[0]
    parts = {"rId71": png(), "rId72": jpg(), "rId73": b"GIF89a"}
    file.write_bytes(
        with_pictures(filled(file.read_bytes(), {first: "Se bilden."}), dict.fromkeys(parts, first), parts)
    )
    told = opened("submission", "import", str(file), "--dry-run")
    assert "Attachment: Bild, fråga 1.1.png, 1 kB" in told.stderr
    assert "Attachment: Bild, fråga 1.1.jpg, 1 kB" in told.stderr
    assert "picture in the answer to question 1.1 cannot become an attachment: it is in the format GIF" in told.stderr
    assert submissions.sheet(opened.house().db, "2027-T1.ost").files == ()
    opened("submission", "import", str(file))
    assert "is there already" in opened("submission", "import", str(file)).stderr
    kept = submissions.sheet(opened.house().db, "2027-T1.ost").files
    assert [each.name for each in kept] == ["Bild, fråga 1.1.png", "Bild, fråga 1.1.jpg"]


def test_the_limits_of_attachments_hold_for_pictures(opened: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTACHMENTS_MOST", "1")
    file = written(opened)
    first = keys(opened)[0]
    parts = {"rId71": png(), "rId72": png(2, 1)}
    file.write_bytes(
        with_pictures(filled(file.read_bytes(), {first: "Se bilden."}), dict.fromkeys(parts, first), parts)
    )
    for words in (["--dry-run"], []):
        told = opened("submission", "import", str(file), *words)
        assert "There can be at most 1 attachments" in told.stderr
    assert len(submissions.sheet(opened.house().db, "2027-T1.ost").files) == 1
