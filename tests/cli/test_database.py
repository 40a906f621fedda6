"""Backup and restore: whole, checked, never over something by accident, and no mail afterwards by itself."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import a_unit
from tests.cli.conftest import DURING, Terminal
from workflow.adapters.db import backup
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import sqlite_module
from workflow.domain.attachments import Limits
from workflow.services import attachments

POSTGRES = "postgresql://tertial:hemlig:ord@127.0.0.1:1/tertial"


def test_upgrade_twice_changes_nothing(bare: Terminal) -> None:
    bare("db", "upgrade", "--dry-run")
    assert not (bare.data / "tertial.sqlite").exists()
    assert "was empty" in bare("db", "upgrade").stdout
    assert "was empty" not in bare("db", "upgrade").stdout


def test_a_backup_brings_everything_back_and_holds_the_mails(opened: Terminal, tmp_path: Path) -> None:
    opened.hand_in("ost")
    file = tmp_path / "tertial.backup"
    opened("db", "backup", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    opened("round", "close", "2027-T1")

    opened("db", "restore", str(file), code=1)  # not empty, and nobody to ask
    assert opened.json("round", "list")[0]["state"] == "closed"
    told = opened("db", "restore", str(file), "--yes").stderr

    assert opened.json("round", "list")[0]["state"] == "open"
    assert opened.json("submission", "show", "2027-T1", "ost")["state"] == "submitted"
    mails = opened.json("mail", "list")
    assert {(mail["state"], mail["reason"]) for mail in mails if mail["kind"] == "receipt"} == {("held", "restored")}
    assert "planned" not in {mail["state"] for mail in mails}
    assert "mail release" in told
    assert "holds" in opened("audit", "verify").stdout
    opened("mail", "release", "--dry-run")
    assert "held" in {mail["state"] for mail in opened.json("mail", "list")}
    opened("mail", "release")
    assert "held" not in {mail["state"] for mail in opened.json("mail", "list")}


def test_what_was_there_before_a_restore_is_kept(opened: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "tertial.backup"
    opened("db", "backup", str(file))
    opened.hand_in("ost")
    opened("db", "restore", str(file), "--yes")
    assert opened.json("status")["counts"]["not_started"] == 3
    opened("db", "restore", str(opened.data / "before-restore-1.backup"), "--yes")
    assert opened.json("status")["counts"]["submitted"] == 1


def test_attachments_are_in_a_backup_and_told_of_once_they_have_come_in(
    opened: Terminal, bare: Terminal, tmp_path: Path
) -> None:
    house = opened.house()
    for unit, name in (("ost", "Karta.txt"), ("amn", "Hemlig.txt")):
        attachments.add_file(
            house.db,
            f"2027-T1.{unit}",
            name,
            b"Norrut.",
            limits=Limits(),
            documents=house.documents,
            secrets=house.secrets,
            by="r",
            now=house.now(),
        )
    opened.hand_in("ost")
    file = tmp_path / "tertial.backup"
    opened("db", "backup", str(file))
    bare("db", "restore", str(file), now=DURING)
    assert attachments.edition_file(bare.house().db, "2027-T1.ost", 1, 1)[1] == b"Norrut."
    told = bare.json("submission", "show", "2027-T1", "ost")["editions"][0]["attachments"]
    assert [(each["name"], each["kind"], each["bytes"], len(each["sha256"])) for each in told] == [
        ("Karta.txt", "txt", 7, 64)
    ]
    assert "Attachment: Karta.txt, 7 bytes" in bare("submission", "show", "2027-T1", "ost").stdout
    assert "Hemlig" not in bare("submission", "show", "2027-T1", "amn").stdout


def test_restore_into_nothing_needs_no_yes(opened: Terminal, bare: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "tertial.backup"
    opened("db", "backup", str(file))
    bare("db", "restore", str(file), now=DURING)
    assert bare.json("status")["round"] == "2027-T1"


def test_a_backup_never_overwrites(opened: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "tertial.backup"
    file.write_text("something dear")
    opened("db", "backup", str(file), code=1)
    assert file.read_text() == "something dear"


def test_a_backup_taken_while_somebody_writes_is_whole(opened: Terminal, tmp_path: Path) -> None:
    with opened.house().db.begin() as work:
        work.people.replace((), ())
        opened("db", "backup", str(tmp_path / "during.backup"))
    with closing(sqlite3.connect(tmp_path / "during.backup")) as copy:
        assert copy.execute("SELECT count(*) FROM units").fetchone() == (3,)


@pytest.mark.parametrize("content", [b"", b"no database at all", b"SQLite format 3\x00" + b"\x01" * 5000])
def test_what_is_no_backup_is_refused_and_harms_nothing(opened: Terminal, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "wrong.backup"
    file.write_bytes(content)
    assert "wrong.backup" in opened("db", "restore", str(file), "--yes", code=1).stderr
    assert opened.json("status")["round"] == "2027-T1"


def test_another_programs_database_is_refused(opened: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE cats (name TEXT)")
    opened("db", "restore", str(file), "--yes", code=1)
    assert opened.json("status")["round"] == "2027-T1"


@pytest.mark.parametrize("doing", ["BEGIN IMMEDIATE", "SELECT count(*) FROM units"], ids=["writes", "is idle"])
def test_restore_stops_while_a_process_holds_the_database(opened: Terminal, tmp_path: Path, doing: str) -> None:
    file = tmp_path / "tertial.backup"
    opened("db", "backup", str(file))
    with closing(sqlite_module().connect(str(opened.data / "tertial.sqlite"))) as other:
        other.execute(doing).fetchall()
        assert opened("db", "restore", str(file), "--yes", code=1).stderr
    assert opened.json("status")["round"] == "2027-T1"


# --- PostgreSQL's own programs -----------------------------------------------


def _postgres(monkeypatch: pytest.MonkeyPatch, programs: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", POSTGRES)
    monkeypatch.setenv("PATH", str(programs))


def test_without_pg_dump_it_is_named(opened: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _postgres(monkeypatch, tmp_path)
    assert "pg_dump" in opened("db", "backup", str(tmp_path / "pg.backup"), code=1).stderr


def test_pg_dump_gets_the_password_by_a_private_file(
    opened: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _postgres(monkeypatch, tmp_path)
    program = tmp_path / "pg_dump"
    program.write_text(
        f"""#!/bin/sh
echo "$@" > {tmp_path}/words
for word in "$@"; do case "$word" in --file=*) echo PGDMP > "${{word#--file=}}";; esac; done
passfile=${{1##*passfile=\\'}}
while IFS= read -r line; do echo "$line"; done < "${{passfile%\\'}}" > {tmp_path}/passwords
"""
    )
    program.chmod(0o700)
    opened("db", "backup", str(tmp_path / "pg.backup"))
    assert (tmp_path / "pg.backup").read_text() == "PGDMP\n"
    assert "hemlig" not in (tmp_path / "words").read_text()
    assert (tmp_path / "passwords").read_text() == "*:*:*:*:hemlig\\:ord\n"


def test_what_pg_dump_complains_of_is_told(opened: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _postgres(monkeypatch, tmp_path)
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'server version mismatch' >&2\nexit 1\n")
    program.chmod(0o700)
    assert "server version mismatch" in opened("db", "backup", str(tmp_path / "pg.backup"), code=1).stderr
    assert not (tmp_path / "pg.backup").exists()


def test_a_database_that_does_not_answer_is_a_message(opened: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", POSTGRES)
    told = opened("round", "list", code=1).stderr
    assert "tertial check" in told
    assert "hemlig" not in told


def test_both_databases_say_what_they_are_and_whether_they_are_empty(sql_url: str, sql_database: SqlDatabase) -> None:
    words, safe = backup.facts(sql_url)
    assert words.startswith(("SQLite 3.", "PostgreSQL "))
    assert safe
    assert backup.is_empty(sql_url)
    with sql_database.begin() as work:
        work.people.replace([a_unit()], [])
    assert not backup.is_empty(sql_url)


def test_a_database_without_schema_is_empty(bare_url: str) -> None:
    assert backup.is_empty(bare_url)
