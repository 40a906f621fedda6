"""The main job, by its command: what it leaves is right to the last mail and word."""

import json
import subprocess
import sys
from collections import Counter
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from re import sub
from typing import Any
from zipfile import ZipFile

import pytest
from docx import Document
from docx.document import Document as DocumentType
from docx.table import Table

from tests.adapters.documents.office import convert, need
from tests.demo.conftest import Played
from workflow.domain.calendar import swedish_calendar
from workflow.domain.messages import REMINDERS, MessageState
from workflow.domain.textform import read_text_form
from workflow.services.listings import mail_rows, round_rows, status_document

pytestmark = [pytest.mark.demo, pytest.mark.xdist_group("demo")]  # one demo for all of them
CALENDAR = swedish_calendar()
ROUND = "2027-T1"
WORD_UNIT = "Hägersten-Älvsjö stadsdelsnämnd"
FORM = Path(__file__).parents[2] / "config" / "demo" / "form-2022-t1.txt"


def kind(mail: object) -> str:
    return str(mail["X-Tertial-Kind"])  # type: ignore[index]


def words(text: str) -> list[str]:
    return sub(r"\s+", " ", text).split()


def test_it_ends_with_a_table_and_the_path_of_the_bundle(played: Played) -> None:
    assert "Hägersten-Älvsjö stadsdelsnämnd" in played.said
    assert "41 av 44 inlämnade, 41 godkända, 3 försenade, 1 undantagen" in played.said
    assert played.report.exists()


def test_each_unit_is_invited_once_and_no_mail_comes_twice(played: Played) -> None:
    invited = Counter(str(mail["To"]) for mail in played.mails if kind(mail) == "invitation")
    assert (len(invited), set(invited.values())) == (45, {1})
    ids = [str(mail["Message-ID"]) for mail in played.mails]
    assert len(ids) == len(set(ids)) == len(played.received)


def test_the_invitation_carries_the_form_and_the_date(played: Played) -> None:
    mail = next(mail for mail in played.mails if kind(mail) == "invitation")
    names = sorted(str(part.get_filename()) for part in mail.iter_attachments())
    assert names[0].endswith(".docx")
    assert names[1] == "sista-dag.ics"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_no_reminder_leaves_on_a_free_day_a_klamdag_or_outside_working_hours(played: Played) -> None:
    left = [datetime.fromisoformat(line["received"]) for line, mail in _reminders(played)]
    assert len(left) > 100
    for moment in left:
        local = CALENDAR.local(moment)
        assert CALENDAR.in_window(moment), local
        assert local.date() not in {date(2027, 5, 1), date(2027, 5, 6), date(2027, 5, 7), date(2027, 6, 6)}


def test_no_reminder_comes_after_the_answer(played: Played) -> None:
    received = {
        unit["contact"]["email"]: datetime.fromisoformat(unit["received_at"])
        for unit in played.status["units"]
        if unit["received_at"] and unit["unit"] != "trafn"  # Trafiknämnden's was returned: it is reminded again
    }
    checked = 0
    for line, _ in _reminders(played):
        answered = received.get(line["to"][0])
        if answered:
            checked += 1
            assert datetime.fromisoformat(line["received"]) < answered
    assert checked > 50


def test_nobody_gets_two_reminders_on_a_day(played: Played) -> None:
    days = Counter((line["to"][0], line["received"][:10]) for line, _ in _reminders(played))
    assert set(days.values()) == {1}


def test_the_ledger_agrees_with_the_listener_mail_by_mail(played: Played) -> None:
    with played.house.db.read() as work:
        ledger = work.outbox.list()
    sent = [each for each in ledger if each.state is MessageState.SENT]
    assert Counter((each.kind, each.to_email) for each in sent) == Counter(
        (kind(mail), line["to"][0]) for line, mail in zip(played.received, played.mails, strict=True)
    )
    assert not [each for each in ledger if each.state in {MessageState.UNKNOWN, MessageState.FAILED}]


def test_the_listings_agree_with_what_was_left(played: Played) -> None:
    now = played.house.now()
    assert played.status == status_document(played.house.db, ROUND, calendar=CALENDAR, now=now)
    for command, rows in (
        (["round", "list"], round_rows(played.house.db)),
        (["mail", "list", ROUND], mail_rows(played.house.db, ROUND)),
    ):
        shown = _tertial(played, *command, "--json")
        assert json.loads(shown) == json.loads(json.dumps(rows))
    late = json.loads(_tertial(played, "status", ROUND, "--late", "--json"))
    assert sorted(row["unit"] for row in late["units"]) == sorted(
        row["unit"] for row in played.status["units"] if row["is_overdue"]
    )


def test_the_story_is_all_there(played: Played) -> None:
    units = {unit["unit"]: unit for unit in played.status["units"]}
    assert units["sdn-fars"]["extended"]
    assert units["trafn"]["edition"] == 2
    assert units["valn"]["state"] == "excused"
    assert sorted(unit for unit, row in units.items() if row["is_overdue"]) == ["kyrkn", "massan", "ofn"]
    assert sum(row["days_late"] > 0 and not row["is_overdue"] for row in units.values()) == 5
    assert {kind(mail) for mail in played.mails} >= {"returned", "extension", "receipt", "approved", "overdue"}


def test_all_words_of_the_real_answers_stand_under_their_questions(played: Played) -> None:
    """735 words: the eight answers, and the questions and area headings they stand under; paragraphs are kept."""
    wanted = _filled_in_2022(played)
    areas = dict.fromkeys(area for area, _, _ in wanted)
    printed = [*areas, *(question for _, question, _ in wanted), *(text for *_, texts in wanted for text in texts)]
    assert sum(len(words(text)) for text in printed) == 735
    found = _answers_in(Document(str(played.report)), WORD_UNIT)
    for area, question, paragraphs in wanted:
        assert found[question] == (area.partition(" ")[2], paragraphs)


def test_the_archive_holds_what_its_manifest_says(played: Played) -> None:
    with ZipFile(next((played.folder / "bundle").glob("*.zip"))) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        files = {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}
    assert {each["name"]: each["sha256"] for each in manifest["files"]} == {
        name: sha256(data).hexdigest() for name, data in files.items()
    }


def test_the_log_of_events_holds(played: Played) -> None:
    assert "holds" in _tertial(played, "audit", "verify")


def _reminders(played: Played) -> list[tuple[dict[str, Any], object]]:
    both = zip(played.received, played.mails, strict=True)
    return [(line, mail) for line, mail in both if kind(mail) in REMINDERS]


def _tertial(played: Played, *arguments: str) -> str:
    command = [sys.executable, "-m", "workflow", "--data", str(played.folder / "data")]
    command += ["--now", played.house.now().isoformat(), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def _filled_in_2022(played: Played) -> list[tuple[str, str, list[str]]]:
    """Area as printed ("1. …"), question, paragraphs of the answer; read from the form's own text."""
    with played.house.db.read() as work:
        form = work.rounds.get(ROUND).form
    read = read_text_form(FORM.read_text(encoding="utf-8"), form, kind="stadsdelsnamnd", unit="sdn-haa")
    texts = {answer.question: list(answer.paragraphs) for answer in read.answers}
    return [
        (f"{area.number}. {area.title}", question.text, texts[question.key])
        for area in form.asked("stadsdelsnamnd", "sdn-haa").areas
        for question in area.questions
    ]


def _answers_in(document: DocumentType, unit: str) -> dict[str, tuple[str, list[str]]]:
    """Question → (area, the unit's paragraphs), as a reader finds them going down the pages."""
    found: dict[str, tuple[str, list[str]]] = {}
    area = question = before = ""
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            cells = next((row.cells for row in block.rows if row.cells[0].text.startswith(unit)), None)
            if cells and question:
                found[question] = (area, [paragraph.text for paragraph in cells[1].paragraphs])
            question = ""
            continue
        style = block.style.name if block.style else ""
        if style == "Heading 1":
            area = block.text
        elif before == "Heading 2":
            question = block.text
        before = style or ""
    return found


def test_libreoffice_prints_the_report_without_losing_a_word(played: Played, tmp_path: Path) -> None:
    for program in ("soffice", "pdftotext"):
        need(program)
    pdf = tmp_path / "report.pdf"
    pdf.write_bytes(convert(played.report.read_bytes(), "pdf", tmp_path))
    printed = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True)
    seen = Counter(words(printed.stdout.replace("-\n", "")))
    wanted = Counter(word for _, _, paragraphs in _filled_in_2022(played) for word in words(" ".join(paragraphs)))
    assert not wanted - seen
