"""Files beside the draft: the unit's own until they come in, and then as they came."""

from datetime import timedelta

import pytest

from tests.builders import DUE_AT
from tests.services.conftest import NORRBY, House
from workflow.domain.attachments import (
    Attachment,
    AttachmentRefusedError,
    FilesTooLargeError,
    FileTooLargeError,
    Limits,
    TooManyFilesError,
)
from workflow.domain.errors import DraftChangedError, MoveRefusedError, NotFoundError
from workflow.domain.submissions import State
from workflow.services import attachments, submissions

LIMITS = Limits(each_mb=1, total_mb=2, files=3)


def add(house: House, name: str = "a.pdf", data: bytes = b"%PDF-1") -> Attachment:
    return attachments.add_file(
        house.db,
        NORRBY,
        name,
        data,
        limits=LIMITS,
        documents=house.documents,
        secrets=house.secrets,
        by="r-1",
        now=house.clock.at,
    )


def names(house: House) -> list[str]:
    return [each.name for each in submissions.sheet(house.db, NORRBY).files]


def remove(house: House, attachment: Attachment) -> None:
    attachments.remove_file(house.db, NORRBY, attachment.id, by="r-1", now=house.clock.at)


def give_back(house: House) -> None:
    submissions.give_back(
        house.db,
        NORRBY,
        version=None,
        reason="Mer",
        comments={"mark": "Hur många?"},
        due_at=DUE_AT + timedelta(days=9),
        by="k-1",
        secrets=house.secrets,
        now=house.clock.at,
    )


def test_adding_a_file_is_writing(opened: House) -> None:
    add(opened)
    submission = opened.submission()
    assert (submission.state, submission.saved_at) == (State.DRAFT, opened.clock.at)
    assert opened.events().count("submission.started") == 1
    added = submissions.sheet(opened.db, NORRBY).attachments[0]
    assert attachments.draft_file(opened.db, NORRBY, added.id) == (added.file, b"%PDF-1")


def test_the_log_tells_nothing_of_a_drafts_files(opened: House) -> None:
    add(opened, "hemligt namn.pdf")
    with opened.read() as work:
        assert "hemligt" not in repr(work.log.all())
        assert add(opened).file.sha256 not in repr(work.log.all())


def test_twice_the_same_is_once_and_another_under_the_same_name_gets_a_number(opened: House) -> None:
    assert add(opened) == add(opened)
    add(opened, data=b"%PDF-2")
    add(opened, "b.pdf")
    assert sorted(names(opened)) == ["a (2).pdf", "a.pdf", "b.pdf"]


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("a.exe", b"MZ", AttachmentRefusedError),
        ("a.pdf", b"", AttachmentRefusedError),
        ("a.pdf", bytes(1_000_001), FileTooLargeError),
    ],
)
def test_what_is_refused_begins_nothing(opened: House, name: str, data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        add(opened, name, data)
    assert opened.submission().state is State.NOT_STARTED


def test_all_together_have_a_limit(opened: House) -> None:
    add(opened, data=bytes(1_000_000))
    add(opened, "b.pdf", data=bytes(999_999))
    with pytest.raises(FilesTooLargeError):
        add(opened, "c.pdf", data=b"ab")
    add(opened, "c.pdf", data=b"a")
    with pytest.raises(TooManyFilesError):
        add(opened, "d.pdf", data=b"d")


def test_what_is_taken_away_is_gone_and_twice_is_once(opened: House) -> None:
    added = add(opened)
    remove(opened, added)
    remove(opened, added)
    assert names(opened) == []
    with pytest.raises(NotFoundError):
        attachments.draft_file(opened.db, NORRBY, added.id)


def test_a_file_of_another_unit_is_out_of_reach(opened: House) -> None:
    added = add(opened)
    with pytest.raises(NotFoundError):
        attachments.draft_file(opened.db, "2027-T1.hamnen", added.id)
    attachments.remove_file(opened.db, "2027-T1.hamnen", added.id, by="r-2", now=opened.clock.at)
    assert names(opened) == ["a.pdf"]


def test_an_edition_freezes_the_list(opened: House) -> None:
    opened.answer(NORRBY)
    first = add(opened)
    bare = submissions.sheet(opened.db, NORRBY).seal
    second = add(opened, "b.csv", b"x;y")
    opened.submit(NORRBY)
    with opened.read() as work:
        edition = work.editions.of(NORRBY)[0]
        data = next(each.event.data for each in work.log.all() if each.event.kind == "submission.submitted")
    assert edition.files in ((first.file, second.file), (second.file, first.file))
    assert edition.sha256 != bare
    assert (data["files"], data["sha256"]) == (2, edition.sha256)
    place = edition.files.index(second.file) + 1
    assert attachments.edition_file(opened.db, NORRBY, 1, place) == (second.file, b"x;y")


@pytest.mark.parametrize(("number", "place"), [(1, 0), (1, 2), (2, 1), (0, 1)])
def test_only_what_came_in_can_be_read_by_its_place(opened: House, number: int, place: int) -> None:
    opened.answer(NORRBY)
    add(opened)
    opened.submit(NORRBY)
    with pytest.raises(NotFoundError):
        attachments.edition_file(opened.db, NORRBY, number, place)


def test_nothing_is_added_or_taken_away_once_it_is_handed_in(opened: House) -> None:
    opened.answer(NORRBY)
    added = add(opened)
    opened.submit(NORRBY)
    with pytest.raises(MoveRefusedError):
        add(opened, "b.pdf")
    with pytest.raises(MoveRefusedError):
        remove(opened, added)
    assert names(opened) == ["a.pdf"]


def test_a_returned_report_takes_files_and_the_first_edition_keeps_its_own(opened: House) -> None:
    opened.answer(NORRBY)
    added = add(opened)
    opened.submit(NORRBY)
    give_back(opened)
    remove(opened, added)
    new = add(opened, "b.pdf", b"%PDF-2")
    opened.submit(NORRBY)
    with opened.read() as work:
        first, second = work.editions.of(NORRBY)
    assert (first.files, second.files) == ((added.file,), (new.file,))
    assert attachments.edition_file(opened.db, NORRBY, 1, 1)[1] == b"%PDF-1"
    assert first.sha256 != second.sha256


def test_nobody_hands_in_a_file_they_have_not_seen(opened: House) -> None:
    opened.answer(NORRBY)
    seen = submissions.sheet(opened.db, NORRBY).seal
    add(opened)
    with pytest.raises(DraftChangedError):
        opened.submit(NORRBY, seal=seen)
