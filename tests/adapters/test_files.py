"""Kept files: whole or not at all, and never outside their folder."""

from pathlib import Path

import pytest

from workflow.adapters.files import FolderFiles, write_whole


def test_a_file_is_kept_found_and_listed(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path / "bundles")
    path = files.write("2027-T1/edition-2.zip", b"two")
    files.write("2027-T1/edition-1.zip", b"one")

    assert Path(path).read_bytes() == b"two"
    assert files.read("2027-T1/edition-1.zip") == b"one"
    assert files.list("2027-T1") == ("2027-T1/edition-1.zip", "2027-T1/edition-2.zip")


def test_a_large_file_is_copied_in_and_opened_without_being_held(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path / "bundles")
    with files.scratch() as scratch:
        scratch.write(b"z" * 300_000)
        scratch.seek(0)
        files.write("2027-T1/edition-1.zip", scratch)
    opened = files.open("2027-T1/edition-1.zip")
    assert opened is not None
    with opened:
        assert opened.read() == b"z" * 300_000
    assert files.open("2027-T1/edition-2.zip") is None
    assert [path.name for path in (tmp_path / "bundles").iterdir()] == ["2027-T1"]


def test_a_name_needs_no_folder(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path / "new")
    files.write("status.json", b"{}")
    assert files.read("status.json") == b"{}"


def test_writing_again_puts_the_new_one_in_place(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path)
    files.write("a/b.json", b"old and long")
    files.write("a/b.json", b"new")
    assert files.read("a/b.json") == b"new"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.json"]


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "inside").write_bytes(b"in the way")
    with pytest.raises(OSError, match="kept"):
        write_whole(tmp_path / "kept", b"a folder stands here")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_drafts_of_a_crashed_writer_are_not_listed(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path)
    files.write("a/b.json", b"{}")
    (tmp_path / "a" / ".draft-x").write_bytes(b"half")
    (tmp_path / "a" / "folder").mkdir()
    assert files.list("a") == ("a/b.json",)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/../x",
        "/etc/passwd",
        "a//b",
        "a/b/c",
        "a\\b",
        ".hidden",
        "a/.b",
        "a\0",
        "a/",
        "å.zip",
        "-rf",
    ],
)
def test_bad_names_are_refused_in_writing_and_unknown_in_reading(tmp_path: Path, name: str) -> None:
    files = FolderFiles(tmp_path / "root")
    with pytest.raises(ValueError, match="no name"):
        files.write(name, b"x")
    assert files.read(name) is None
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize("folder", ["none", "..", ".", "", "/", "../root"])
def test_a_folder_that_is_not_there_is_empty(tmp_path: Path, folder: str) -> None:
    files = FolderFiles(tmp_path / "root")
    files.write("a/b", b"x")
    assert files.list(folder) == ()
    assert files.read("a") is None
