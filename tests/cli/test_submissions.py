"""Import, read, return, approve: what a coordinator may see is what was handed in, never a word of a draft."""

from pathlib import Path

import pytest

from tests.cli.conftest import DURING, Terminal
from workflow.domain.forms import Answer
from workflow.services import submissions

SECRET = "hemligtutkastord"


def draft(terminal: Terminal, unit: str = "ost") -> None:
    house = terminal.house()
    keys = submissions.sheet(house.db, f"2027-T1.{unit}").questions.keys
    answers = [Answer(question=key, text=f"{SECRET} {key}") for key in keys]
    submissions.save_answers(house.db, f"2027-T1.{unit}", answers, by="r", now=house.now())


def test_a_word_form_says_itself_whose_it_is(opened: Terminal) -> None:
    file = opened.answered_form("ost", "Vi har gjort mycket för")
    told = opened("submission", "import", str(file))
    assert "draft" in told.stdout
    assert "mycket" not in told.output
    rows = {row["unit"]: row for row in opened.json("status")["units"]}
    assert (rows["ost"]["state"], rows["ost"]["answered"]) == ("draft", rows["ost"]["questions"])


def test_the_2022_form_as_text(opened: Terminal) -> None:
    house = opened.house()
    questions = submissions.sheet(house.db, "2027-T1.ost").questions.questions
    file = opened.data / "form.txt"
    file.write_text(
        "\n\n".join(f"{each.text}\n\nSvar nummer {each.number} här." for each in questions), encoding="utf-8"
    )
    opened("submission", "import", str(file), "2027-T1", "ost", "--submit")
    edition = opened.json("submission", "show", "2027-T1", "ost")["editions"][0]
    assert [each["answer"] for each in edition["answers"]] == [f"Svar nummer {each.number} här." for each in questions]


def test_dry_run_reads_and_keeps_nothing(opened: Terminal) -> None:
    file = opened.answered_form("ost", "Svar på")
    opened("submission", "import", str(file), "--submit", "--dry-run")
    assert opened.json("submission", "show", "2027-T1", "ost")["state"] == "not_started"


def test_what_is_in_the_draft_is_left_alone_unless_told(opened: Terminal) -> None:
    draft(opened)
    file = opened.answered_form("ost", "Ersatt")
    told = opened("submission", "import", str(file), "--submit", code=1)
    assert "left alone" in told.output
    assert SECRET not in told.output
    assert opened.json("submission", "show", "2027-T1", "ost")["state"] == "draft"
    opened("submission", "import", str(file), "--replace", "--submit")
    answers = opened.json("submission", "show", "2027-T1", "ost")["editions"][0]["answers"]
    assert all(each["answer"].startswith("Ersatt") for each in answers)


def test_another_units_form_is_refused(opened: Terminal) -> None:
    file = opened.answered_form("ost", "Svar på")
    assert "ost" in opened("submission", "import", str(file), "2027-T1", "amn", code=1).stderr
    assert opened.json("submission", "show", "2027-T1", "amn")["state"] == "not_started"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("not-word.docx", b"%PDF-1.7 something else", ()),
        ("not-word.docx", b"PK\x03\x04 broken", ("2027-T1", "ost")),
        ("latin.txt", "Beskriv nämndens".encode("latin-1"), ("2027-T1", "ost")),
        ("other.txt", b"Nothing of the form.", ("2027-T1", "ost")),
        ("nobody.txt", b"Nothing of the form.", ()),
        ("huge.docx", b"x" * (21 * 1024 * 1024), ()),
    ],
    ids=["pdf", "broken-zip", "latin-1", "other-text", "whose", "huge"],
)
def test_bad_files_are_named_and_change_nothing(
    opened: Terminal, name: str, data: bytes, words: tuple[str, ...]
) -> None:
    file = opened.data / name
    file.write_bytes(data)
    assert opened("submission", "import", str(file), *words, code=1).stderr.strip()
    assert opened.json("status")["counts"]["not_started"] == 3


def test_what_is_missing_is_listed_when_handing_in(opened: Terminal) -> None:
    first = submissions.sheet(opened.house().db, "2027-T1.ost").questions.questions[0]
    file = opened.data / "half.txt"
    file.write_text(f"{first.text}\n\nEtt svar.", encoding="utf-8")
    told = opened("submission", "import", str(file), "2027-T1", "ost", "--submit", code=1)
    assert "Not answered yet" in told.stderr
    assert opened.json("submission", "show", "2027-T1", "ost")["answered"] == 1  # nothing typed is lost


def test_no_command_shows_a_word_of_a_draft(opened: Terminal) -> None:
    draft(opened)
    out = opened.data / "out"
    told = [
        opened("submission", "show", "2027-T1", "ost"),
        opened("submission", "show", "2027-T1", "ost", "--json"),
        opened("status"),
        opened("status", "--json"),
        opened("status", "--csv"),
        opened("mail", "list", "--json"),
        opened("round", "preview", "2027-T1"),
        opened("doctor", code=1),  # the invitations lie there: nobody sends them in this test
        opened("bundle", "2027-T1", "--draft", "-o", str(out)),
        opened("form", "word", "2027-T1", "ost", "-o", str(opened.data / "empty.docx")),
    ]
    assert not [each.output for each in told if SECRET in each.output]
    house = opened.house()
    questions = submissions.sheet(house.db, "2027-T1.ost").questions
    empty = (opened.data / "empty.docx").read_bytes()
    assert house.documents.read_word(empty, name="empty.docx", questions=questions).answers == ()
    assert SECRET.encode() not in next(out.glob("*.json")).read_bytes()


def test_review_from_return_to_approval(opened: Terminal) -> None:
    opened.hand_in("ost")
    key = submissions.sheet(opened.house().db, "2027-T1.ost").questions.keys[0]
    opened("submission", "return", "2027-T1", "ost", "--due", "2027-05-10", "--question", f"{key}=Hur många?")
    shown = opened.json("submission", "show", "2027-T1", "ost")
    assert (shown["state"], shown["comments"]) == ("returned", {key: "Hur många?"})
    opened("submission", "approve", "2027-T1", "ost", code=1)
    opened("submission", "import", str(opened.answered_form("ost", "Svar på")), "--submit", now=DURING)
    opened("submission", "approve", "2027-T1", "ost", "--dry-run")
    opened("submission", "approve", "2027-T1", "OST")
    assert opened.json("submission", "show", "2027-T1", "ost")["state"] == "approved"
    opened("submission", "reopen", "2027-T1", "ost", "--due", "2027-05-20", "--reason", "Fel siffra")
    assert opened.json("submission", "show", "2027-T1", "ost")["state"] == "returned"


def test_a_question_that_is_not_asked_is_wrong_use(opened: Terminal) -> None:
    opened.hand_in("ost")
    told = opened("submission", "return", "2027-T1", "ost", "--due", "2027-05-10", "--question", "x=y", code=2)
    assert "there are" in told.stderr


def test_excusing_needs_a_reason_and_is_told(opened: Terminal) -> None:
    opened("submission", "excuse", "2027-T1", "hamn", "--reason", " ", code=1)
    opened("submission", "excuse", "2027-T1", "hamn", "--reason", "Vilande")
    assert opened.json("status")["counts"]["excused"] == 1


def test_show_prints_what_was_handed_in_and_cannot_steer_the_terminal(opened: Terminal) -> None:
    opened.hand_in("ost")
    told = opened("submission", "show", "2027-T1", "ost").stdout
    assert "Edition 1" in told
    assert "Svar på" in told
    assert "\x1b" not in told


def test_form_word_never_overwrites_a_filled_in_form(opened: Terminal) -> None:
    file = opened.answered_form("ost", "Svar på")
    before = file.read_bytes()
    opened("form", "word", "2027-T1", "ost", "-o", str(file), code=1)
    assert file.read_bytes() == before
    opened("form", "word", "2027-T1", "ost", "-o", str(file), "--yes")
    assert file.read_bytes() != before


def test_a_bundle_of_a_closed_round(opened: Terminal, tmp_path: Path) -> None:
    opened.hand_in("ost")
    opened("round", "close", "2027-T1")
    out = tmp_path / "out"
    told = opened("bundle", "2027-T1", "-o", str(out))
    assert sorted(each.suffix for each in out.iterdir()) == [".docx", ".json", ".zip"]
    assert "2 missing" in told.stderr
    assert opened.json("round", "list")[0]["editions"] == 1
