"""One file that holds the whole database: taken while others write, checked, and put back."""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from shutil import which
from subprocess import run

from sqlalchemy import URL, make_url

from workflow.adapters.db import migrate
from workflow.adapters.db.engine import make_engine, readers_of, sqlite_module, wal_is_safe
from workflow.adapters.db.tables import metadata
from workflow.domain.errors import AlreadyExistsError, RefusedError, TertialError
from workflow.domain.phrases import say

_PRIVATE = 0o600
_SHOWN_LINES = 3
_PG_MAGIC = b"PGDMP"  # how pg_dump's custom format begins


class BackupError(TertialError):
    sentence = "Säkerhetskopieringen gick inte: {why}"


class NotABackupError(RefusedError):
    sentence = "{file} är ingen hel säkerhetskopia: {why}"


class NotEmptyError(RefusedError):
    sentence = "Databasen är inte tom. Lägg till --yes för att ersätta innehållet."


class InUseError(RefusedError):
    sentence = "Databasen används av en annan process. Stoppa alla processer först."


class ToolMissingError(RefusedError):
    sentence = "Programmet {tool} finns inte på den här datorn. Installera PostgreSQL:s klientprogram."


def take(url: str, target: Path) -> None:
    """Write the database into `target`, whole or not at all, readable by its owner only.

    Raises AlreadyExistsError, BackupError, ToolMissingError.
    """
    if target.exists():
        raise AlreadyExistsError(what=str(target))
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        draft = Path(folder) / target.name
        if _is_sqlite(url):
            _vacuum_into(url, draft)
        else:
            _tool("pg_dump", "--format=custom", f"--file={draft}", url=url, folder=folder)
        draft.chmod(_PRIVATE)
        draft.rename(target)


def check(url: str, source: Path) -> None:
    """Raises NotABackupError unless the file can be put into this database."""
    if _is_sqlite(url):
        _check_copy(source)
    elif not _begins(source, _PG_MAGIC):
        raise NotABackupError(file=str(source), why=say("den är inte skriven av pg_dump"))


def put_back(url: str, source: Path, *, overwrite: bool) -> None:
    """Put what `take` wrote in the database's place and bring its schema up to date.

    Raises NotABackupError, NotEmptyError (unless `overwrite`), InUseError, ToolMissingError: then nothing is changed.
    """
    check(url, source)
    if not overwrite and not is_empty(url):
        raise NotEmptyError
    if _is_sqlite(url):
        _copy_into(source, url)
    else:
        _restore_postgres(url, source)
    migrate.upgrade(url)


def is_empty(url: str) -> bool:
    """Whether no table of ours has a row that somebody would miss."""
    if not migrate.current(url):
        return True
    engine = make_engine(url)
    try:
        with readers_of(engine).begin() as connection:
            kept = [metadata.tables[name] for name in ("rounds", "units", "accounts", "events")]
            return not any(connection.execute(table.select().limit(1)).first() for table in kept)
    finally:
        engine.dispose()


def facts(url: str) -> tuple[str, bool]:
    """What the database is, in words, and whether it is safe to use as it is set up."""
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            if not _is_sqlite(url):
                return f"PostgreSQL {connection.exec_driver_sql('SHOW server_version').scalar_one()}", True
            version = sqlite_module().sqlite_version_info
            journal = str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())
            written = ".".join(str(part) for part in version)
            return f"SQLite {written}, journal {journal}", journal != "wal" or wal_is_safe(version)
    finally:
        engine.dispose()


# --- SQLite ------------------------------------------------------------------


def _is_sqlite(url: str) -> bool:
    return make_url(url).get_backend_name() == "sqlite"


def _file(url: str) -> Path:
    return Path(make_url(url).database or "")


def _vacuum_into(url: str, draft: Path) -> None:
    """VACUUM INTO reads one snapshot, whoever writes meanwhile (sqlite.org/lang_vacuum.html)."""
    if not _file(url).is_file():
        raise BackupError(why=say("{file} finns inte", file=_file(url)))
    engine = make_engine(url)
    try:
        raw = engine.raw_connection()
        with closing(raw.cursor()) as cursor:
            cursor.execute("VACUUM INTO ?", (str(draft),))
        raw.close()
    finally:
        engine.dispose()
    _check_copy(draft)


def _check_copy(path: Path) -> None:
    """Raises NotABackupError unless the file is a sound and whole database of ours."""
    if path.with_name(f"{path.name}-wal").exists():
        raise NotABackupError(file=str(path), why=say("den är kopierad medan databasen användes (-wal ligger bredvid)"))
    module = sqlite_module()
    try:
        with closing(module.connect(f"file:{_quoted(path)}?mode=ro&immutable=1", uri=True)) as connection:
            verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
            ours = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'").fetchone()[0]
    except (module.DatabaseError, sqlite3.DatabaseError) as error:
        raise NotABackupError(file=str(path), why=str(error)) from error
    if verdict != "ok" or not ours:
        raise NotABackupError(file=str(path), why=verdict if ours else say("den innehåller inte Tertials tabeller"))


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _copy_into(source: Path, url: str) -> None:
    """SQLite's own backup into the live file: one transaction, so that a crash leaves the old content."""
    module = sqlite_module()
    target = _file(url)
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(module.connect(str(target), timeout=0.5, isolation_level=None)) as live:
        try:
            journal = live.execute("PRAGMA journal_mode=DELETE").fetchone()[0]  # refused while others hold the file
            live.execute("BEGIN EXCLUSIVE")
            live.execute("ROLLBACK")
        except module.OperationalError as error:
            raise InUseError from error
        if journal != "delete":
            raise InUseError
        with closing(module.connect(f"file:{_quoted(source)}?mode=ro&immutable=1", uri=True)) as copy:
            copy.backup(live)
    target.chmod(_PRIVATE)


# --- PostgreSQL --------------------------------------------------------------


def _begins(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


def _restore_postgres(url: str, source: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="tertial-") as folder:
        options = ("--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error")
        _tool("pg_restore", *options, str(source), url=url, folder=folder)


def _tool(name: str, *arguments: str, url: str, folder: str) -> None:
    """Run a client program of PostgreSQL. The password goes by a file: a command line can be read by everybody."""
    program = which(name)
    if program is None:
        raise ToolMissingError(tool=name)
    parsed = make_url(url)
    passfile = Path(folder) / "pgpass"
    passfile.touch(mode=_PRIVATE)
    passfile.write_text(f"*:*:*:*:{_escaped(parsed.password)}\n", encoding="utf-8")
    command = [program, f"--dbname={_conninfo(parsed, passfile)}", *arguments]
    done = run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words, no shell
    if done.returncode:
        raise BackupError(why=" ".join(done.stderr.strip().splitlines()[-_SHOWN_LINES:]))


def _escaped(password: object) -> str:
    return str(password or "").replace("\\", "\\\\").replace(":", "\\:")


def _conninfo(url: URL, passfile: Path) -> str:
    """libpq's own spelling: keyword='value' (PostgreSQL manual, 34.1.1)."""
    parts = {
        "host": url.host or url.query.get("host"),
        "port": url.port,
        "user": url.username,
        "dbname": url.database,
        "passfile": passfile,
    }
    words = {key: str(value).replace("\\", "\\\\").replace("'", "\\'") for key, value in parts.items() if value}
    return " ".join(f"{key}='{value}'" for key, value in words.items())
