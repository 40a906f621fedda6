"""`tertial check | doctor`: the settings and what they name; the standing truths."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from workflow.adapters.calendars import check_calendar, load_calendar
from workflow.adapters.forms import check_form
from workflow.adapters.roundplans import check_round_plans
from workflow.cli import later
from workflow.cli.errors import in_words, said
from workflow.cli.output import AsJson, Column, as_json, field, result, table
from workflow.cli.reach import broker_answers, mail_server_answers
from workflow.cli.shell import Shell, command
from workflow.domain.calendar import swedish_calendar
from workflow.domain.errors import ConfigError, RefusedError
from workflow.ports import Job
from workflow.resources import Resources
from workflow.services.doctor import Finding, Truth, examine

app = typer.Typer()

ShowSettings = Annotated[bool, typer.Option("--settings", help="Also every setting, secrets hidden.")]


@dataclass(frozen=True, slots=True)
class _Verdict:
    """One thing that was looked at."""

    what: str
    ok: bool
    detail: str


COLUMNS = (
    Column("", lambda record: "ok" if record["ok"] else "FAILS"),
    field("what", "what"),
    field("detail", "detail"),
)


# --- check -------------------------------------------------------------------


@command(app, "check")
def check(shell: Shell, *, show_settings: ShowSettings = False, json: AsJson = False) -> None:
    """Whether the settings are right, and what they name can be reached."""
    settings = shell.settings()
    if show_settings and not json:
        rows = [{"name": name, "value": value} for name, value in settings.redacted().items()]
        table(rows, (field("setting", "name"), field("value", "value")))
        result("")
    verdicts = [_Verdict("settings", ok=True, detail=settings.environment), *_looked_at(settings)]
    if json:
        shown = {"settings": settings.redacted()} if show_settings else {}
        as_json({**shown, "checks": [asdict(verdict) for verdict in verdicts]})
    else:
        table([asdict(verdict) for verdict in verdicts], COLUMNS)
    if not all(verdict.ok for verdict in verdicts):
        raise typer.Exit(1)


def _looked_at(settings: "later.settings.Settings") -> Iterator[_Verdict]:
    resources = Resources(settings.config_dir, settings.templates_dir)
    yield from _files(resources)
    yield _tried("data folder", lambda: _writable(settings.data_dir))
    yield _tried("database", lambda: _database(settings.database_url))
    yield _tried("broker", lambda: _broker(settings.redis_url))
    yield _tried("mail server", lambda: mail_server_answers(settings.smtp_host, settings.smtp_port))
    yield _tried("inbox", lambda: _inbox(settings))


def _files(resources: Resources) -> Iterator[_Verdict]:
    units, plans, folder = (resources.config(name) for name in ("units.csv", "rounds.toml", "forms"))
    forms = sorted(folder.glob("*.toml"))
    yield _read(units, later.roster.check_roster(units))
    known = [] if later.roster.check_roster(units) else [unit.id for unit in later.roster.load_roster(units).units]
    for form in forms:
        yield _read(form, check_form(form, units=known or None))
    days = resources.config("calendar.toml")
    broken = check_calendar(days, swedish_calendar())
    yield _read(days, broken)
    calendar = swedish_calendar() if broken else load_calendar(days, swedish_calendar())
    yield _read(plans, check_round_plans(plans, calendar, forms=[form.stem for form in forms]))


def _read(file: Path, faults: tuple[ConfigError, ...]) -> _Verdict:
    return _Verdict(file.name, not faults, "\n".join(in_words(fault) for fault in faults) or str(file))


def _tried(what: str, look: Callable[[], str]) -> _Verdict:
    try:
        return _Verdict(what, ok=True, detail=look())
    except Exception as error:
        message = said(error)
        if message is None:
            raise
        return _Verdict(what, ok=False, detail=message)


def _writable(folder: Path) -> str:
    """The folder, or the one it will be made in, can be written to."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    probe = there / ".tertial-probe"
    probe.touch()
    probe.unlink()
    return str(folder)


def _database(url: str) -> str:
    if not later.migrate.is_current(url):
        found = later.migrate.current(url) or "–"
        raise NotMigratedError(found=found, head=later.migrate.head())
    words, safe = later.backup.facts(url)
    if not safe:
        raise UnsafeJournalError(facts=words)
    return words


def _broker(url: str) -> str:
    """It answers, and takes what it is given: one that is full or read-only answers too."""
    place = broker_answers(url)
    if url:
        try:
            later.queue.try_keeping(url)
        except later.queue.BrokerRefusesError as error:
            raise BrokerTakesNothingError(place=place, why=str(error)) from error
    return place


def _inbox(settings: "later.settings.Settings") -> str:
    """Logs in and counts; what could not be taken in waits for a person."""
    inbox = later.bootstrap.make_inbox(settings)
    if inbox is None:
        return "none is named (IMAP_HOST): no mail is fetched"
    if not settings.inbox_address:
        raise NoInboxAddressError
    held = inbox.look()
    if stuck := held.get(inbox.problems, 0):
        raise StuckMailError(folder=inbox.problems, count=stuck)
    return f"{inbox.host}:{inbox.port}, {held[inbox.folder]} in {inbox.folder}"


class BrokerTakesNothingError(RefusedError):
    sentence = (
        "Redis på {place} svarar men tar inte emot något ({why}). "
        "Inget går förlorat, men varje jobb görs upp till en minut sent så länge det varar."
    )


class NoInboxAddressError(RefusedError):
    sentence = "INBOX_ADDRESS är tom: utan den går det inte att se vilket utskick en studs eller ett svar gäller."


class StuckMailError(RefusedError):
    sentence = (
        "{count} mejl gick inte att ta emot och ligger i {folder}. Läs dem där, och flytta tillbaka dem eller bort."
    )


class NotMigratedError(RefusedError):
    sentence = "Databasens schema är {found}, men den här versionen vill ha {head}. Kör `tertial db upgrade`."


class UnsafeJournalError(RefusedError):
    sentence = "{facts}: den här versionen av SQLite kan förstöra en databas i WAL-läge."


# --- doctor ------------------------------------------------------------------

TRUTHS = {
    Truth.WHOLE_ROUNDS: "every round that has opened is whole",
    Truth.INVITED: "every unit with a contact has its invitation",
    Truth.LEASES: "no mail is stuck under way",
    Truth.SENT_WAS_ACCEPTED: "every sent mail was accepted by a server",
    Truth.CHAIN: "the log's chain holds",
    Truth.OPENED_IN_TIME: "no round is late to open",
    Truth.MAIL_LEAVES: "no mail has been due for more than ten minutes",
    Truth.CLOCK: "the clock is believed",
    Truth.CHANNEL: "the mail server takes mail",
}


@command(app, "doctor")
def doctor(shell: Shell, *, json: AsJson = False) -> None:
    """Whether the standing truths hold over the data."""
    house = shell.house
    tick = timedelta(seconds=house.settings.tick_seconds)
    verdicts = [_verdict(finding) for finding in examine(house.db, tick=tick, now=shell.now())]
    verdicts.append(_Verdict("when each job last ran", ok=True, detail=_beats(shell)))
    words, safe = later.backup.facts(house.settings.database_url)
    verdicts.append(_Verdict("the database is safe to use", safe, words))
    if json:
        as_json([asdict(verdict) for verdict in verdicts])
    else:
        table([asdict(verdict) for verdict in verdicts], COLUMNS)
    if not all(verdict.ok for verdict in verdicts):
        raise typer.Exit(1)


def _beats(shell: Shell) -> str:
    """A statement, not a verdict: the doctor may be asked while nothing runs. Watchers ask /readyz."""
    with shell.house.db.read() as work:
        beats = work.beats.all()
    ages = {
        job: f"{round((shell.now() - beats[job]).total_seconds())} s ago" if job in beats else "never" for job in Job
    }
    return ", ".join(f"{job} {age}" for job, age in ages.items())


def _verdict(finding: Finding) -> _Verdict:
    return _Verdict(TRUTHS[finding.truth], finding.holds, ", ".join(finding.broken))
