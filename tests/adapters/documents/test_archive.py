"""The archive: complete, checkable, the same every time."""

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from io import BytesIO
from json import loads
from zipfile import ZipFile

import pytest

from workflow.adapters.documents.documents import OfficeDocuments

AT = datetime(2027, 6, 11, 14, 0, 1, tzinfo=UTC)
FILES = {"rapport/2027-T1.docx": b"docx", "2027-T1.json": "åäö".encode(), "tom.txt": b""}
OFFICE = OfficeDocuments()


def test_the_manifest_names_every_file() -> None:
    with ZipFile(BytesIO(OFFICE.pack(FILES, at=AT))) as archive:
        manifest = loads(archive.read("manifest.json"))
        assert archive.namelist() == ["manifest.json", *sorted(FILES)]
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in FILES} == FILES
        assert {entry.date_time for entry in archive.infolist()} == {(2027, 6, 11, 14, 0, 0)}  # ZIP counts in pairs
    assert manifest["schema"] == "urn:tertial:manifest:1"
    assert manifest["made_at"] == "2027-06-11T14:00:01Z"
    assert manifest["files"] == [
        {"name": name, "bytes": len(FILES[name]), "sha256": sha256(FILES[name]).hexdigest()} for name in sorted(FILES)
    ]


def test_the_same_files_give_the_same_bytes() -> None:
    backwards = dict(reversed(FILES.items()))
    summer = AT.astimezone(timezone(timedelta(hours=2)))
    assert OFFICE.pack(FILES, at=AT) == OFFICE.pack(backwards, at=summer)
    assert OFFICE.pack(FILES, at=AT) != OFFICE.pack(FILES | {"tom.txt": b"x"}, at=AT)


@pytest.mark.parametrize(
    "name",
    ["", "/a", "../a", "a/../b", "a//b", "a\\b", "ö.txt", "con", "a/NUL.txt", "a.", "x" * 101, "manifest.json"],
)
def test_names_that_some_system_cannot_hold_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"name|twice"):
        OFFICE.pack({name: b""}, at=AT)


def test_names_that_differ_in_capitals_only_are_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        OFFICE.pack({"a.txt": b"", "A.txt": b""}, at=AT)
