"""The archive: complete, checkable, the same every time."""

import tracemalloc
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from io import BytesIO
from json import loads
from os import urandom
from tempfile import TemporaryFile
from zipfile import ZipFile

import pytest

from workflow.adapters.documents.documents import OfficeDocuments
from workflow.ports import Packed

AT = datetime(2027, 6, 11, 14, 0, 1, tzinfo=UTC)
FILES = {"rapport/2027-T1.docx": b"docx", "2027-T1.json": "åäö".encode(), "tom.txt": b""}
OFFICE = OfficeDocuments()


def pack(files: Mapping[str, bytes], at: datetime) -> bytes:
    out = BytesIO()
    OFFICE.pack(out, {name: packed(data) for name, data in files.items()}, at=at)
    return out.getvalue()


def packed(data: bytes) -> Packed:
    return Packed(size=len(data), sha256=sha256(data).hexdigest(), read=lambda: data)


def test_the_manifest_names_every_file() -> None:
    with ZipFile(BytesIO(pack(FILES, at=AT))) as archive:
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
    assert pack(FILES, at=AT) == pack(backwards, at=summer)
    assert pack(FILES, at=AT) != pack(FILES | {"tom.txt": b"x"}, at=AT)


@pytest.mark.parametrize(
    "name",
    ["", "/a", "../a", "a/../b", "a//b", "a\\b", "ö.txt", "con", "a/NUL.txt", "a.", "x" * 101, "manifest.json"],
)
def test_names_that_some_system_cannot_hold_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"name|twice"):
        pack({name: b""}, at=AT)


def test_names_that_differ_in_capitals_only_are_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        pack({"a.txt": b"", "A.txt": b""}, at=AT)


def test_one_file_at_a_time_is_in_memory() -> None:
    size, number = 2_000_000, 20

    def read() -> bytes:
        return urandom(size)

    files = {f"{each}.pdf": Packed(size=size, sha256="", read=read) for each in range(number)}
    with TemporaryFile() as out:
        tracemalloc.start()
        OFFICE.pack(out, files, at=AT)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert out.tell() > size * number
    assert peak < 4 * size
