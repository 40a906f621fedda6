"""The one place where ports meet adapters."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from workflow.adapters.anchors import FileAnchors
from workflow.adapters.calendars import load_calendar
from workflow.adapters.clock import FileClock, FixedClock, SystemClock, steady_seconds
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.db.engine import make_engine
from workflow.adapters.db.migrate import is_current
from workflow.adapters.db.trouble import is_of_the_database, wait_out
from workflow.adapters.documents.documents import OfficeDocuments
from workflow.adapters.files import FolderFiles
from workflow.adapters.forms import load_form
from workflow.adapters.mail.imap import ImapInbox
from workflow.adapters.mail.mailbox import StoredMail, read_mailbox
from workflow.adapters.mail.mime import MimeEnvelopes
from workflow.adapters.mail.render import JinjaRenderer
from workflow.adapters.mail.smtp import SmtpPostman
from workflow.adapters.queue import CeleryQueue
from workflow.adapters.roundplans import load_round_plans
from workflow.adapters.secrets import KeySecrets
from workflow.domain.calendar import Calendar, swedish_calendar
from workflow.domain.channel import Rate
from workflow.domain.errors import ConfigError
from workflow.domain.forms import Form
from workflow.domain.incoming import IncomingMail
from workflow.domain.people import Office
from workflow.domain.plans import RoundPlans
from workflow.ports import Anchors, Clock, Database, Documents, Files, Inbox, NotNowError, Queue, Secrets
from workflow.resources import Resources
from workflow.services import incoming, unreadable
from workflow.services.mailroom import Mailroom
from workflow.settings import Settings, ensure_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Everything an entrance needs, wired once per process."""

    settings: Settings
    resources: Resources
    db: Database
    clock: Clock
    queue: Queue
    secrets: Secrets
    documents: Documents
    files: Files
    anchors: Anchors
    calendar: Calendar
    office: Office
    mailroom: Mailroom
    inbox: Inbox | None
    """None where no mailbox is named."""

    def now(self) -> datetime:
        return self.clock.now()

    def schema_is_current(self) -> bool:
        """Whether the database has the tables this version knows."""
        return is_current(self.settings.database_url)

    def plans(self) -> RoundPlans:
        """Read config/rounds.toml as it is now. Raises ConfigError."""
        return load_round_plans(self.resources.config("rounds.toml"), self.calendar)

    def form(self, name: str) -> Form:
        """Read a form of config/forms/ as it is now. Raises ConfigError, ResourceMissingError."""
        return load_form(self.resources.config("forms", f"{name}.toml"))

    def is_passing(self, error: Exception) -> bool:
        """Whether it is the database's trouble: away, full or held up by others. The same may go well in a while."""
        return is_of_the_database(error)

    def take_in(self, mail: IncomingMail) -> None:
        """Take in a mail that came. Raises NotNowError when the database is the trouble, not the mail."""
        with self._not_now():
            incoming.take_in(self.mailroom, mail, now=self.now())

    def give_up(self, mail: IncomingMail, folder: str) -> None:
        """Tell the coordinators of a mail that could not be taken in. Raises as `take_in` does."""
        with self._not_now():
            unreadable.note_unreadable(self.mailroom, mail, folder, now=self.now())

    @contextmanager
    def _not_now(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if is_of_the_database(error):
                raise NotNowError from error
            raise

    def mailbox(self) -> tuple[StoredMail, ...]:
        """What the local mail listener has kept, newest first; empty where a real server is used."""
        return read_mailbox(self.settings.mail_folder)


def build(settings: Settings, *, now: datetime | None = None) -> App:
    """Wire the house. `now` freezes the clock for a rehearsal; production has refused it before we come here."""
    settings = ensure_secret(settings)
    resources = Resources(settings.config_dir, settings.templates_dir)
    clock = make_clock(settings, now)
    db = SqlDatabase(make_engine(settings.database_url))
    secrets = KeySecrets(settings.secret_key.get_secret_value())
    documents = OfficeDocuments()
    calendar = load_calendar(resources.config("calendar.toml"), swedish_calendar())
    office = make_office(settings)
    return App(
        settings=settings,
        resources=resources,
        db=db,
        clock=clock,
        queue=CeleryQueue(settings.redis_url),
        secrets=secrets,
        documents=documents,
        files=FolderFiles(settings.data_dir / "bundles"),
        anchors=FileAnchors(settings.data_dir / "anchors.jsonl"),
        calendar=calendar,
        office=office,
        mailroom=Mailroom(
            db=db,
            clock=clock,
            postman=SmtpPostman(
                settings.smtp_host or "127.0.0.1",  # `tertial up` fills in where its own listener is
                settings.smtp_port or 1025,
                security=settings.smtp_security,
                user=settings.smtp_user,
                password=settings.smtp_password.get_secret_value(),
                oauth_token_file=settings.smtp_oauth_token_file,
                timeout=settings.smtp_timeout,
            ),
            renderer=JinjaRenderer(resources.template_roots()),
            envelopes=MimeEnvelopes(office.mail_domain, reply_to=office.contact_email),
            documents=documents,
            secrets=secrets,
            calendar=calendar,
            office=office,
            connections=settings.smtp_connections,
            rate=Rate(settings.smtp_rate_per_minute),
            plans=partial(_plans_if_readable, resources, calendar),
            waits_out=wait_out,
            steady=steady_seconds,
        ),
        inbox=make_inbox(settings),
    )


def _plans_if_readable(resources: Resources, calendar: Calendar) -> RoundPlans | None:
    """A calendar that somebody is just mistyping keeps no mail from anybody."""
    try:
        return load_round_plans(resources.config("rounds.toml"), calendar)
    except ConfigError:
        return None


def make_inbox(settings: Settings) -> ImapInbox | None:
    """The mailbox over IMAP, if the settings name one; nothing is connected yet."""
    if not settings.imap_host:
        return None
    return ImapInbox(
        settings.imap_host,
        settings.imap_port,
        security=settings.imap_security,
        user=settings.imap_user,
        password=settings.imap_password.get_secret_value(),
        oauth_token_file=settings.imap_oauth_token_file,
        folder=settings.imap_folder,
        done=settings.imap_done_folder,
        max_mb=settings.max_upload_mb,
    )


def make_clock(settings: Settings, now: datetime | None = None) -> Clock:
    """The real clock; a rehearsal's file that all processes share; or one instant."""
    if now is not None:
        return FixedClock(now)
    return FileClock(settings.clock_file) if settings.clock_file else SystemClock()


def make_office(settings: Settings) -> Office:
    return Office(
        name=settings.office_name,
        sender_name=settings.mail_from_name,
        sender_email=settings.mail_from,
        contact_name=settings.office_contact_name,
        contact_phone=settings.office_contact_phone,
        contact_email=settings.mail_from,
        base_url=settings.base_url,
        mail_domain=settings.mail_domain,
        inbox=settings.inbox_address,
    )
