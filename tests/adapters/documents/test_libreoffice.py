"""Form and report in a real LibreOffice: saved again and read, printed and counted."""

from pathlib import Path

import pytest

from tests.adapters.documents.office import convert, filled, words_of_pdf
from tests.adapters.documents.samples import QUESTIONS, TRICKY, answers, bundle, sheet
from workflow.adapters.documents.documents import OfficeDocuments
from workflow.adapters.documents.fields import reason_field
from workflow.domain.forms import Answer, merge

pytestmark = pytest.mark.office

OFFICE = OfficeDocuments()
LONG_KEY = "en_nyckel_som_ar_langre_an_ett_bokmarke_far_vara_i_word"
WRITTEN = {
    "samverkan_naringsliv": "Ett stycke.\nTvå <&> stycken.\nTre.",
    "vaxla_upp": "Bara ett.",
    LONG_KEY: "Kort.\n" + "Nämnden har fortsatt. " * 900 + "Slut.",
}


def test_a_form_filled_in_word_survives_libreoffice(tmp_path: Path) -> None:
    form = filled(OFFICE.word_form(sheet()), WRITTEN | {reason_field("kultur"): "Finns inte här."})
    found = OFFICE.read_word(convert(form, "docx", tmp_path), name="svar.docx", questions=QUESTIONS)
    reason = {"kultur": Answer(question="kultur", not_applicable=True, na_reason="Finns inte här.")}
    assert merge(found.answers) == answers(**WRITTEN) | reason
    assert (found.round, found.unit, found.form_id) == ("2027-T1", "hagersten", "naringsliv")
    assert (found.unread, found.unknown) == ((), ())


def test_an_untouched_form_stays_without_answers(tmp_path: Path) -> None:
    saved = convert(OFFICE.word_form(sheet()), "docx", tmp_path)
    found = OFFICE.read_word(saved, name="svar.docx", questions=QUESTIONS)
    assert (found.answers, found.unread, found.unknown) == ((), (), ())


def test_the_form_prints_whole(tmp_path: Path) -> None:
    printed = words_of_pdf(convert(OFFICE.word_form(sheet(answers(**WRITTEN))), "pdf", tmp_path), tmp_path).split()
    for question in QUESTIONS.questions:
        assert set(question.text.split()) <= set(printed)
    assert printed.count("fortsatt.") == 900


def test_the_report_prints_whole(tmp_path: Path) -> None:
    printed = words_of_pdf(convert(OFFICE.word_report(bundle()), "pdf", tmp_path), tmp_path)
    latin = [word for word in TRICKY.split() if word.isascii()]  # signs and Hebrew depend on the fonts installed
    for word in (*latin, "Första", "stycket.", "Tredje.", "Enskede-Årsta-Vantörs", "0123456789ab", "undantagen."):
        assert word in printed
