"""A house of fakes around a database that is in memory, on SQLite and on PostgreSQL in turn."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from tests.builders import OPENS_AT, a_contact, a_round, a_unit, an_answer
from tests.fakes.documents import FakeDocuments
from tests.fakes.mail import FakePostman
from workflow.adapters.mail.mime import MimeEnvelopes
from workflow.adapters.mail.render import JinjaRenderer
from workflow.adapters.secrets import KeySecrets
from workflow.domain.calendar import Calendar, swedish_calendar
from workflow.domain.messages import Message, MessageKind, MessageState
from workflow.domain.people import Office, Role, UnitKind
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import Submission
from workflow.ports import Database, Work
from workflow.resources import Resources
from workflow.services import rounds, submissions
from workflow.services.outbox import Mailroom, Tally, deliver

OFFICE = Office(
    name="Uppföljning näringsliv, stadsledningskontoret",
    sender_name="Uppföljning näringsliv",
    sender_email="naringsliv@stadsledningskontoret.example",
    contact_name="Karin Exempel",
    contact_phone="08-508 00 000",
    contact_email="naringsliv@stadsledningskontoret.example",
    base_url="http://tertial.example",
    mail_domain="tertial.example",
)
ROUND = "2027-T1"
NORRBY, HAMNEN = f"{ROUND}.norrby", f"{ROUND}.hamnen"


@dataclass
class MovingClock:
    """A clock the test moves by hand."""

    at: datetime

    def now(self) -> datetime:
        return self.at


@dataclass
class House:
    """What a use case may ask for, and short ways to the things tests say often."""

    db: Database
    clock: MovingClock
    postman: FakePostman = field(default_factory=FakePostman)
    secrets: KeySecrets = field(default_factory=lambda: KeySecrets("en-nyckel-som-bara-finns-i-testerna-0123456789"))
    calendar: Calendar = field(default_factory=swedish_calendar)
    documents: FakeDocuments = field(default_factory=FakeDocuments)

    @property
    def mailroom(self) -> Mailroom:
        return Mailroom(
            db=self.db,
            clock=self.clock,
            postman=self.postman,
            renderer=JinjaRenderer(Resources().template_roots()),
            envelopes=MimeEnvelopes(OFFICE.mail_domain, reply_to=OFFICE.contact_email),
            documents=self.documents,
            secrets=self.secrets,
            calendar=self.calendar,
            office=OFFICE,
        )

    def deliver(self) -> Tally:
        return deliver(self.mailroom)

    def open(self) -> None:
        rounds.open_round(self.db, ROUND, secrets=self.secrets, calendar=self.calendar, now=self.clock.at)

    def answer(self, submission_id: str, *, by: str = "r") -> None:
        """Fill in everything the unit is asked."""
        keys = submissions.sheet(self.db, submission_id).questions.keys
        submissions.save_answers(self.db, submission_id, [an_answer(key) for key in keys], by=by, now=self.clock.at)

    def submit(self, submission_id: str, *, seal: str = "") -> Submission:
        """`seal` is that of what was read through."""
        return submissions.submit(
            self.db, submission_id, by="r", secrets=self.secrets, calendar=self.calendar, now=self.clock.at, seal=seal
        )

    def submission(self, submission_id: str = NORRBY) -> Submission:
        with self.read() as work:
            return work.submissions.get(submission_id)

    def mails(self, submission_id: str = NORRBY) -> list[tuple[MessageKind, str, MessageState]]:
        return [(each.kind, each.slot, each.state) for each in self.messages(submission_id)]

    def messages(self, submission_id: str = NORRBY) -> tuple[Message, ...]:
        with self.read() as work:
            return work.outbox.of_submission(submission_id)

    def events(self) -> list[str]:
        with self.read() as work:
            return [each.event.kind for each in work.log.all()]

    @contextmanager
    def read(self) -> Iterator[Work]:
        with self.db.read() as work:
            yield work


@pytest.fixture
def house(database: Database) -> House:
    """A planned round and three units: Norrby with contact and deputy, Hamnen AB with a contact, Tysta with nobody."""
    made = House(database, MovingClock(OPENS_AT))
    units = [
        a_unit(),
        a_unit(id="hamnen", name="Hamnen AB", short="", kind=UnitKind.BOLAG),
        a_unit(id="tysta", name="Tysta nämnden", short="", kind=UnitKind.FACKNAMND),
    ]
    contacts = [
        a_contact(),
        a_contact(role=Role.DEPUTY, name="Bo Påhittad", email="bo.pahittad@norrby.example"),
        a_contact(unit="hamnen", name="Cleo Påhittad", email="cleo@hamnen.example", language="en"),
    ]
    with database.begin() as work:
        work.people.replace(units, contacts)
    planned = replace(a_round(), state=RoundState.PLANNED, opened_at=None)
    rounds.plan_round(database, planned, by="k-1", now=OPENS_AT)
    return made


@pytest.fixture
def opened(house: House) -> House:
    house.open()
    return house
