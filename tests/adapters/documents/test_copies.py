"""The units' forms that are copied from one master say, file for file, what writing each anew would say."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openxml_audit.validator import OpenXmlValidator

from tests.adapters.documents.samples import FORM, answers, sheet
from workflow.adapters.documents.documents import OfficeDocuments
from workflow.adapters.documents.form_copies import FormCopies
from workflow.adapters.documents.form_writer import word_form
from workflow.domain.people import UnitKind
from workflow.ports import FormSheet

TRICKY = ["a < b & c > d", "\"'&amp;]]>", "Åsa 🚲 שלום", "två  blanksteg", "x", "00", "unit", "{{ 7*7 }}"]
NAMES = st.text(max_size=130) | st.sampled_from(TRICKY)


def files(document: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(document)) as archive:
        assert archive.testzip() is None
        return {each.filename: archive.read(each) for each in archive.infolist()}


def stamps(document: bytes) -> set[tuple[int, ...]]:
    with ZipFile(BytesIO(document)) as archive:
        return {each.date_time for each in archive.infolist()}


@pytest.fixture(scope="module")
def office() -> OfficeDocuments:
    return OfficeDocuments()


def outcome(write: Callable[[FormSheet], bytes], given: FormSheet) -> dict[str, bytes] | str:
    """The files it makes, or how it refuses: text that no Word file can hold."""
    try:
        return files(write(given))
    except ValueError as error:
        return str(error)


@given(
    own=st.builds(
        replace,
        st.just(sheet()),
        unit=NAMES,
        unit_name=NAMES,
        contact_name=NAMES,
        contact_phone=NAMES,
        contact_email=NAMES,
    )
)
@settings(max_examples=25, deadline=None)
def test_a_copy_is_what_would_have_been_written(office: OfficeDocuments, own: FormSheet) -> None:
    assert outcome(office.word_form, own) == outcome(word_form, own)


@pytest.mark.parametrize(
    "other",
    [
        replace(sheet(), due="torsdag 20 maj 2027 kl. 16.00"),
        replace(sheet(), questions=FORM.asked(UnitKind.BOLAG, "hamn")),
        replace(sheet(), form=replace(FORM, version="2022-2")),
        replace(sheet(), form=replace(FORM, areas=FORM.areas[::-1])),
        replace(sheet(), office="Andra samordnare"),
        replace(sheet(), round="2027-T2", round_title="Tertialrapport 2 2027"),
        replace(sheet(), made_at=datetime(2027, 8, 23, 6, tzinfo=UTC)),
        replace(sheet(), contact_phone=""),
        sheet(answers(kultur="a\nb & c")),
    ],
)
def test_what_is_not_the_units_own_makes_another_master(office: OfficeDocuments, other: FormSheet) -> None:
    office.word_form(sheet())
    assert files(office.word_form(other)) == files(word_form(other))
    assert stamps(office.word_form(other)) == stamps(word_form(other))


def test_a_copy_has_the_same_bytes_from_whichever_master_it_comes() -> None:
    first, second = OfficeDocuments(), OfficeDocuments()
    first.word_form(replace(sheet(), unit="bromma", unit_name="Bromma stadsdelsnämnd"))
    assert first.word_form(sheet()) == second.word_form(sheet())


def test_a_copy_follows_the_standard(tmp_path: Path, office: OfficeDocuments) -> None:
    path = tmp_path / "form.docx"
    path.write_bytes(office.word_form(replace(sheet(), unit_name=TRICKY[0])))
    assert OpenXmlValidator().validate(path).errors == []


def test_a_hundred_units_need_one_master() -> None:
    forms = FormCopies()
    for number in range(100):
        forms.word_form(replace(sheet(), unit=f"u{number}", unit_name=f"Norrby {number}"))
    assert forms.masters == 1


def test_old_masters_are_forgotten_and_made_again() -> None:
    forms = FormCopies(limit=2)
    first = forms.word_form(sheet())
    for number in range(3):
        forms.word_form(replace(sheet(), due=f"dag {number}"))
    assert forms.masters == 2
    assert forms.word_form(sheet()) == first
