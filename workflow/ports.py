"""What we ask of the world: the doors the use cases go through, and the names of the background jobs."""

from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import BinaryIO, Protocol

from workflow.domain.arrivals import Arrival
from workflow.domain.attachments import AttachedFile, Attachment
from workflow.domain.audit import Anchor, Chained, Event, Head, Kept
from workflow.domain.bundles import Bundle
from workflow.domain.channel import ChannelState
from workflow.domain.clockguard import ClockGuard
from workflow.domain.codes import Code
from workflow.domain.details import Check, Correction, CorrectionState
from workflow.domain.extensions import Extension, ExtensionState
from workflow.domain.forms import Answer, Form, QuestionSet
from workflow.domain.incoming import EnclosedFile, IncomingKind, IncomingMail
from workflow.domain.letters import Letter
from workflow.domain.messages import Attempt, Enclosure, Frozen, Message, MessageKind, MessageState
from workflow.domain.overview import Group, Wanted
from workflow.domain.people import Account, Contact, Unit, UnitKind
from workflow.domain.phrases import Phrase
from workflow.domain.rounds import Round, RoundState
from workflow.domain.submissions import Edition, Link, Recipient, Standing, Submission


class Job(StrEnum):
    """Background jobs by name; a name in a queue outlives any module. They carry no payload: rows say what is due."""

    OPEN_DUE = "rounds.open_due"
    CLOSE_DUE = "rounds.close_due"
    PLAN_REMINDERS = "reminders.plan_due"
    DELIVER = "outbox.deliver"
    GATHER = "bundles.gather_due"
    INBOX = "inbox.fetch"


# --- time and work -----------------------------------------------------------


class Clock(Protocol):
    """The only source of the present. Always aware, always UTC."""

    def now(self) -> datetime: ...


class Queue(Protocol):
    """Asks for a job to be run soon by some worker. Best effort: never raises, never blocks for long."""

    def ask(self, job: Job) -> None: ...


# --- the database ------------------------------------------------------------


class Rounds(Protocol):
    def get(self, round_id: str, *, lock: bool = False) -> Round:
        """Raises UnknownRoundError. `lock` keeps other writers off the row until the transaction ends."""
        ...

    def all(self) -> tuple[Round, ...]:
        """Newest opening first."""
        ...

    def states(self, ids: Collection[str]) -> dict[str, RoundState]:
        """Only how they stand, without their forms; one that does not exist is left out."""
        ...

    def add(self, round_: Round) -> bool:
        """False when there is one with that id already; nothing is changed then."""
        ...

    def save(self, round_: Round) -> None:
        """Raises StaleWriteError unless the stored version is the one in hand; the stored version then grows by 1."""
        ...


class Submissions(Protocol):
    def get(self, submission_id: str, *, lock: bool = False) -> Submission:
        """Raises NotFoundError."""
        ...

    def several(self, ids: Collection[str], *, lock: bool = False) -> dict[str, Submission]:
        """By id, locked in the order of their ids; one that does not exist is left out."""
        ...

    def standings(self, ids: Collection[str], *, lock: bool = False) -> dict[str, Standing]:
        """`several`, of which no more is read than a mail's truth depends on."""
        ...

    def of_round(self, round_id: str) -> tuple[Submission, ...]: ...

    def of_unit(self, unit: str) -> tuple[Submission, ...]:
        """In every round it has taken part in, by id."""
        ...

    def add(self, submissions: Iterable[Submission]) -> None: ...

    def save(self, submission: Submission) -> Submission:
        """As Rounds.save; gives back the submission with its new version."""
        ...


class Drafts(Protocol):
    """What the unit itself may read: answers in the making, append-only per question."""

    def of(self, submission_id: str) -> dict[str, Answer]:
        """The newest saved answer per question, with its version."""
        ...

    def save(self, submission_id: str, answer: Answer, *, by: str, at: datetime) -> Answer:
        """Append the next version. `answer.version` is the version it was written upon (0: none).

        Raises AnswerClashError (values: question, mine: Answer, theirs: Answer, who: str) when somebody else saved
        in between. Saving text equal to the stored one changes nothing and gives the stored answer back.
        """
        ...


class Attachments(Protocol):
    """What the unit itself may read: the files beside its draft. Lock the submission before you write."""

    def of(self, submission_id: str) -> tuple[Attachment, ...]:
        """In the order in which they were added."""
        ...

    def add(self, attachment: Attachment, content: bytes) -> None:
        """`content` is what `attachment.file.sha256` names; within a unit it is kept once."""
        ...

    def content(self, attachment: Attachment) -> bytes:
        """Raises NotFoundError."""
        ...

    def remove(self, attachment: Attachment) -> None:
        """Its content goes with it, unless it has been handed in or another of the unit's files is the same."""
        ...


class Editions(Protocol):
    """What has been handed in: whole, numbered, never changed."""

    def add(self, edition: Edition) -> None:
        """The content of each of its files is there already: they were attachments."""
        ...

    def content(self, submission_id: str, number: int, file: AttachedFile) -> bytes:
        """What came in with that edition. Raises NotFoundError where this file did not."""
        ...

    def of(self, submission_id: str) -> tuple[Edition, ...]:
        """Oldest first."""
        ...

    def latest(self, round_id: str) -> dict[str, Edition]:
        """The newest edition per submission id of a round."""
        ...


class Extensions(Protocol):
    """Requests for more time and what was decided. Lock the submission before you write one."""

    def get(self, extension_id: str) -> Extension:
        """Raises NotFoundError."""
        ...

    def add(self, extension: Extension) -> None:
        """Raises AlreadyAskedError where the submission has an open request already."""
        ...

    def change(self, before: Extension, after: Extension) -> None:
        """Raises RequestAnsweredError unless it stands as in `before`."""
        ...

    def of(self, submission_id: str) -> tuple[Extension, ...]:
        """Oldest first, by when each was asked for or else decided."""
        ...

    def of_round(self, round_id: str, *, states: Collection[ExtensionState] = ()) -> tuple[Extension, ...]:
        """Likewise; those in `states`, or all."""
        ...


class People(Protocol):
    def hold(self) -> None:
        """Keep other writers off the register until the transaction ends. Ask before you read what you replace.

        Its place in the order of locks: after mails, before the log.
        """
        ...

    def units(self) -> tuple[Unit, ...]: ...

    def contacts(self) -> tuple[Contact, ...]: ...

    def replace(self, units: Sequence[Unit], contacts: Sequence[Contact]) -> None:
        """The whole register anew. Rounds keep their own frozen copies."""
        ...

    def at(self, addresses: Collection[str]) -> tuple[tuple[Unit, Contact], ...]:
        """The contacts under these addresses (folded), each with its unit, in the register's order."""
        ...

    def mark_undeliverable(self, address: str, at: datetime) -> int:
        """Mail to it comes back since then, wherever it stands; gives at how many places that was news."""
        ...


class Details(Protocol):
    """The yearly question whether the register is right: who was asked, what they said, what they want changed."""

    def ask(self, checks: Iterable[Check]) -> frozenset[str]:
        """Insert; where the address was asked that year already, nothing is changed. Gives the ids of the new ones."""
        ...

    def checks(self, ids: Collection[str], *, lock: bool = False) -> dict[str, Check]:
        """By id; one that does not exist is left out."""
        ...

    def of_year(self, year: int) -> tuple[Check, ...]:
        """In the order of their addresses."""
        ...

    def answer(self, check: Check) -> None:
        """Write what was said and when; read it with `lock` first."""
        ...

    def request(self, corrections: Iterable[Correction]) -> None: ...

    def correction(self, correction_id: str) -> Correction:
        """Raises NotFoundError."""
        ...

    def corrections(self, *, check: str = "", states: Collection[CorrectionState] = ()) -> tuple[Correction, ...]:
        """Oldest first: of one check or all, in `states` or any."""
        ...

    def change(self, before: Correction, after: Correction) -> None:
        """Raises CorrectionClosedError unless it stands as in `before`."""
        ...


class Recipients(Protocol):
    def add(self, recipients: Iterable[Recipient], links: Iterable[Link]) -> None:
        """Their submissions have a contact from now on, where a recipient is one that mail goes to."""
        ...

    def of(self, *submissions: str) -> tuple[Recipient, ...]: ...

    def of_round(self, round_id: str) -> tuple[Recipient, ...]: ...

    def at(self, address: str) -> tuple[Recipient, ...]:
        """Who has this address, in any round, however it is written there; by id."""
        ...

    def link(self, link_id: str) -> Link | None: ...

    def links_of(self, submission_id: str) -> tuple[Link, ...]: ...

    def end(self, recipient_id: str, at: datetime) -> None:
        """From now on they are not the right one any more. Raises NotFoundError."""
        ...

    def revoke_links(self, recipient_id: str, at: datetime) -> None:
        """Their links open no more, and every session that came by one is over."""
        ...

    def links_of_round(self, round_id: str) -> tuple[Link, ...]: ...


class Codes(Protocol):
    """Codes that open verified links."""

    def add(self, code: Code) -> None: ...

    def asked(self, *, link: str, address: str = "") -> tuple[Code, ...]:
        """Those of the link, and those mailed to the address if one is given; oldest first."""
        ...

    def take_try(self, link: str, browser_sha256: str, at: datetime) -> tuple[Code, ...]:
        """Count one more try of every live code of this link and browser, and give those.

        Only what this gives may be compared: however many guess at once, each code is compared MOST_TRIES times.
        """
        ...

    def spend(self, code_id: str, at: datetime) -> bool:
        """True for the first who does."""
        ...

    def forget_before(self, at: datetime) -> None:
        """Delete what was asked for before."""
        ...


class Outbox(Protocol):
    """The ledger of intended sends."""

    def plan(self, messages: Iterable[Message]) -> int:
        """Insert; a key that exists already is left as it is. Gives how many were new."""
        ...

    def get(self, message_id: str) -> Message:
        """Raises NotFoundError."""
        ...

    def due(self, now: datetime, *, limit: int) -> tuple[Message, ...]:
        """Planned and due, locked for this transaction and skipping what others hold.

        First the mails that somebody waits for (OF_A_LINK), then the others, both oldest first.

        Of the reminders that are due to one address only the first; `company` gives the others. None while one is in
        sending or handing, whoever has it. A row that was told of by a mail which has ended is given too.
        """
        ...

    def company(self, leads: Collection[Message], now: datetime) -> dict[str, tuple[Message, ...]]:
        """The reminders that are due beside each of these to the same address, if any, by lead; locked likewise.

        A lead is left out while somebody else holds one of them.
        """
        ...

    def told_on(self, day: date, addresses: Collection[str] = ()) -> frozenset[str]:
        """The addresses (of these; none: of all) that have or may have had their one reminder of that local day."""
        ...

    def written_to(self, *, address: str, name: str) -> frozenset[str]:
        """The addresses (folded) of all mails to this address (folded), or to somebody of exactly this name ("": none).

        Whatever became of them. Looks at the whole ledger: for what a person asks for, now and then.
        """
        ...

    def told_by(self, leads: Collection[str]) -> dict[str, tuple[Message, ...]]:
        """By the id of a mail: the rows that it told of, beside its own."""
        ...

    def expired(self, now: datetime, *, limit: int) -> tuple[Message, ...]:
        """In sending or handing with a lease before `now`, or one longer than any (LONGEST_LEASE); locked likewise."""
        ...

    def change(self, before: Message, after: Message) -> bool:
        """Write `after` where state and fence are still those of `before`; False when they are not.

        A frozen letter that stands already is left as it is, unless `after` is thawed.
        Raises StaleWriteError where the second belt refuses: one reminder per address and local day.
        """
        ...

    def change_all(self, pairs: Sequence[tuple[Message, Message]]) -> tuple[bool, ...]:
        """`change` for different messages in few statements: per pair whether it was written.

        Raises StaleWriteError where the second belt refuses one of them; then none is written.
        """
        ...

    def note(self, *attempts: Attempt) -> None: ...

    def attempts(self, message_id: str) -> tuple[Attempt, ...]: ...

    def of_submission(self, submission_id: str) -> tuple[Message, ...]: ...

    def about_no_unit(self, since: datetime) -> tuple[Message, ...]:
        """Those that were due at or after `since`, oldest first."""
        ...

    def list(
        self,
        *,
        round_id: str = "",
        states: Collection[MessageState] = (),
        kinds: Collection[MessageKind] = (),
    ) -> tuple[Message, ...]:
        """Oldest due first; `frozen` may be left out of what comes back here."""
        ...


class Incoming(Protocol):
    """Mails that came in, each once, with the files that came with them."""

    def add(self, arrival: Arrival, files: Mapping[int, EnclosedFile]) -> bool:
        """False when its digest or its identity is there already; nothing is changed then. `files` by sheet number."""
        ...

    def knows(self, digest: str) -> bool: ...

    def get(self, arrival_id: str, *, lock: bool = False) -> Arrival:
        """Raises NotFoundError."""
        ...

    def list(
        self,
        *,
        kinds: Collection[IncomingKind] = (),
        round_id: str = "",
        submission: str = "",
        open_only: bool = False,
        without_unit: bool = False,
        before: datetime | None = None,
        limit: int = 0,
    ) -> tuple[Arrival, ...]:
        """Newest first; those that came `before`; at most `limit`, 0 for all."""
        ...

    def dispose(self, ids: Collection[str]) -> None:
        """Delete these for good, with their files. Whether they may be is for the caller to know."""
        ...

    def ids(self, start: str, *, limit: int) -> tuple[str, ...]:
        """Those that begin so, at most `limit`."""
        ...

    def file(self, arrival_id: str, number: int) -> EnclosedFile:
        """Raises NotFoundError. A form is the unit's draft: only for doors that have proved to be the unit."""
        ...

    def handle(self, before: Arrival, after: Arrival) -> None:
        """Write who saw to it and when. Raises ArrivalHandledError unless it is still open."""
        ...


class Standings(Protocol):
    """How a round stands, read from indexes: what a page costs does not grow with the round."""

    def groups(self, round_id: str) -> tuple[Group, ...]: ...

    def submissions(
        self, round_id: str, wanted: Wanted, *, now: datetime, limit: int, offset: int = 0
    ) -> tuple[Submission, ...]: ...

    def count(self, round_id: str, wanted: Wanted, *, now: datetime) -> int: ...

    def recipients(self, submissions: Collection[str]) -> tuple[Recipient, ...]:
        """Of these submissions, in order of id."""
        ...

    def shared(self, people: Collection[str]) -> tuple[str, ...]:
        """The ids of what owes in open rounds and has to do with these people (small addresses): where they have two.

        Goes through all recipients. SQLite makes only A–Z small.
        """
        ...

    def messages(self, submissions: Collection[str]) -> tuple[Message, ...]:
        """Of these submissions, oldest due first; `frozen` is left out."""
        ...

    def next_mails(self, round_id: str, *, limit: int) -> tuple[datetime, int] | None:
        """When the planned mails that are due first are due, and how many they are, counted up to `limit`."""
        ...

    def undelivered(self, round_id: str, state: MessageState, *, limit: int) -> tuple[int, tuple[Message, ...]]:
        """How many mails ended so (failed, unknown) and still matter, and the first of them, oldest due first.

        One that asks for an answer does not matter once the answer has come in.
        """
        ...

    def reminded(self, round_id: str) -> Mapping[tuple[UnitKind, str], int]:
        """How many reminders of the common last day were sent, by kind of unit and slot."""
        ...

    def mail_ids(self, start: str, *, limit: int) -> tuple[str, ...]:
        """The ids of mails that begin so, in order."""
        ...


class Channels(Protocol):
    """The ways out to mail servers, by name. One that nobody has written about is open."""

    def get(self, name: str, *, lock: bool = False) -> ChannelState:
        """`lock` keeps other workers off it until the transaction ends. Lock it before any submission or message."""
        ...

    def save(self, state: ChannelState) -> None: ...


class Log(Protocol):
    def append(self, event: Event) -> None:
        """Chained and written as the very last thing of the transaction, whenever it is asked for.

        So the head of the chain is locked after every other row, and two transactions never wait for each other.
        """
        ...

    def head(self) -> Head:
        """Where the chain ended when this transaction last looked; what it has itself appended is not in it yet."""
        ...

    def has_since(self, number: int, kinds: Collection[str]) -> bool:
        """Whether an event of these kinds came after the one with that number."""
        ...

    def all(self) -> tuple[Chained, ...]: ...

    def of_submission(self, submission_id: str) -> tuple[Chained, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A login or an opened link, known only by the SHA-256 of its id.

    `csrf` is the token that every form of the session carries. `account` is set for a coordinator; `link`, and through
    it one submission, for a contact person.
    """

    id_sha256: str
    csrf: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    account: str = ""
    link: str = ""


class Access(Protocol):
    def account(self, email: str) -> Account | None: ...

    def account_by_id(self, account_id: str) -> Account | None: ...

    def accounts(self) -> tuple[Account, ...]: ...

    def add_account(self, account: Account) -> bool:
        """False when the address has an account already."""
        ...

    def set_password(self, account_id: str, password_hash: str, *, once: bool, expected: str | None = None) -> bool:
        """False when `expected` is given and is not the stored hash (any more); nothing is changed then.

        True keeps every other writer off the account until the transaction ends. Raises NotFoundError.
        """
        ...

    def set_digest(self, account_id: str, *, wanted: bool) -> None:
        """Whether this coordinator wants the daily mail. Raises NotFoundError."""
        ...

    def session(self, id_sha256: str) -> Session | None: ...

    def add_session(self, session: Session) -> None: ...

    def touch_session(self, id_sha256: str, at: datetime) -> None: ...

    def end_session(self, id_sha256: str) -> None: ...

    def end_sessions_of(self, account_id: str) -> None:
        """Every session of a coordinator's account."""
        ...


class Beats(Protocol):
    """When each job last ran to its end: what the health page and the rehearsal look at."""

    def note(self, job: str, at: datetime) -> None: ...

    def all(self) -> dict[str, datetime]: ...


class Guards(Protocol):
    """What holds all work back, for every process that shares the database."""

    def clock(self, *, lock: bool = False) -> ClockGuard:
        """The clock guard as it stands; `lock` keeps other writers off it until the transaction ends."""
        ...

    def keep_clock(self, guard: ClockGuard) -> None:
        """Write what was read with `lock`."""
        ...

    def outside_time(self) -> datetime | None:
        """What the database's host says the time is; None where there is no other host to ask."""
        ...


class Work(Protocol):
    """One transaction's view of the database."""

    @property
    def rounds(self) -> Rounds: ...
    @property
    def submissions(self) -> Submissions: ...
    @property
    def drafts(self) -> Drafts: ...
    @property
    def attachments(self) -> Attachments: ...
    @property
    def editions(self) -> Editions: ...
    @property
    def extensions(self) -> Extensions: ...
    @property
    def people(self) -> People: ...
    @property
    def details(self) -> Details: ...
    @property
    def recipients(self) -> Recipients: ...
    @property
    def codes(self) -> Codes: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def incoming(self) -> Incoming: ...
    @property
    def standings(self) -> Standings: ...
    @property
    def channels(self) -> Channels: ...
    @property
    def log(self) -> Log: ...
    @property
    def access(self) -> Access: ...
    @property
    def beats(self) -> Beats: ...
    @property
    def guards(self) -> Guards: ...


Meanwhile = Callable[[], bool]
"""A small piece of work that needs no database; False when there is none left to do."""


def nothing_else() -> bool:
    """Whoever waits for a transaction has nothing else to do."""
    return False


class Database(Protocol):
    """`begin` commits on a clean exit and rolls back on an error; `read` never writes and never blocks writers.

    `meanwhile` may be called, any number of times, as long as `begin` waits for another's transaction to end.
    """

    def begin(self, meanwhile: Meanwhile = nothing_else) -> AbstractContextManager[Work]: ...

    def read(self) -> AbstractContextManager[Work]: ...


# --- mail --------------------------------------------------------------------


class Phase(StrEnum):
    """How far a hand-over came (RFC 5321 §3)."""

    CONNECT = "connect"
    GREETING = "greeting"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    MARKER = "marker"
    DOT = "dot"
    DONE = "done"


class Outcome(StrEnum):
    """What a hand-over ended in. Only UNKNOWN may or may not have been accepted."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    RETRY = "retry"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class RefusedCopy:
    """Somebody in copy whom the server would not have; `said` is its answer. `is_nobody`: it has no such address."""

    address: str
    said: str
    is_nobody: bool


@dataclass(frozen=True, slots=True)
class Handover:
    """The result of one hand-over; `text` is the server's own words. `nobody`: the addresses it says do not exist.

    `left_out` are those in copy that the mail went, or may have gone, without.
    """

    outcome: Outcome
    phase: Phase
    code: int | None
    text: str
    nobody: tuple[str, ...] = ()
    left_out: tuple[RefusedCopy, ...] = ()


Preparation = Generator[None, None, Handover | None]
"""Pauses where it would wait for the server, so that several can be carried on in turn. Gives how the mail ended, or
None: all but the final dot is with the server."""


class Channel(Protocol):
    """One connection to a mail server, reused for many mails. Each is prepared, then released or dropped.

    Nothing here raises for what a server or a network does: that is what a Handover tells.
    """

    def prepare(self, sender: str, recipients: Sequence[str], data: bytes, *, waits: bool = True) -> Preparation:
        """MAIL, RCPT, DATA and the body without its final dot: nothing is accepted yet.

        The first recipient is the reader, whose refusal ends it. Of those in copy only one who is refused for now
        does, while the mail `waits` for them; it goes without the others, as `Handover.left_out` tells.
        """
        ...

    def send_dot(self) -> None:
        """Release a prepared mail. Does not wait, so that all dots of a flight leave before the first reply."""
        ...

    def waits_on(self) -> int | None:
        """The descriptor to poll for what this connection waits for; None when it can go on at once.

        That also when its patience is over: ask again now and then.
        """
        ...

    def has_answered(self) -> bool:
        """Whether `read_reply` would not have to wait."""
        ...

    def read_reply(self) -> Handover:
        """Wait for the reply to the dot. Only from here can an outcome be ACCEPTED or UNKNOWN."""
        ...

    def drop(self) -> None:
        """Close without the dot: nothing is accepted of what was prepared. The next mail connects anew."""
        ...


class Postman(Protocol):
    def connect(self) -> AbstractContextManager[Channel]:
        """A channel that connects when it gets its first mail. Never raises: an unreachable server is an answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What one look into the inbox came to: mails taken in, moved aside as unreadable for us, and still waiting."""

    taken: int
    set_aside: int
    waiting: int


class NotNowError(Exception):
    """The house can take nothing in at the moment; no mail is to blame, and each is to be offered again."""


class Inbox(Protocol):
    """The mailbox that answers and reports come to."""

    def fetch(
        self, take_in: Callable[[IncomingMail], object], give_up: Callable[[IncomingMail, str], object] | None = None
    ) -> Fetched:
        """Hand over the oldest mails, one by one, and move each aside when `take_in` has come back.

        A crash between the two offers the mail again: `take_in` knows it again. What it raises leaves the
        mail where it is, and after some looks in a folder of its own: `give_up` is told of it first, and of the folder.
        NotNowError ends the look and blames no mail.
        """
        ...


@dataclass(frozen=True, slots=True)
class Rendered:
    """A letter in words. The link's secret stands as the marker LINK_SECRET."""

    subject: str
    text: str
    html: str


LINK_SECRET = "{link-secret}"  # noqa: S105 - the marker where the secret will stand, not a secret


class Renderer(Protocol):
    def render(self, letter: Letter) -> Rendered: ...


class Envelopes(Protocol):
    """Makes mail bytes of a frozen letter; the same bytes every time."""

    def assemble(self, frozen: Frozen, *, secret: str, reply_to: str = "") -> bytes:
        """`reply_to` is where answers to this one mail go, if not to the office."""
        ...

    def calendar_entry(self, entry: "CalendarEntry") -> Enclosure: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """The deadline as an appointment (RFC 5545): a stable `uid`, and a `sequence` that grows when it moves."""

    uid: str
    sequence: int
    summary: str
    description: str
    url: str
    due_at: datetime
    stamp: datetime
    organizer_name: str
    organizer_email: str


class Secrets(Protocol):
    """Everything derived from or checked against secrets."""

    def new_id(self) -> str:
        """Random, unguessable, safe in a URL and a file name."""
        ...

    def link_secret(self, link_id: str) -> str:
        """The same secret for the same link, made from the installation's key; stored nowhere."""
        ...

    def code(self, code_id: str) -> str:
        """The eight characters of a code (domain/codes.py), made likewise; stored nowhere."""
        ...

    def seal(self, mark: str, message_id: str) -> str:
        """Ten small letters and digits that prove an address with this mark to be ours; made likewise."""
        ...

    def digest(self, secret: str) -> str:
        """SHA-256 in hexadecimal: how secrets of ≥ 112 bits are stored."""
        ...

    def hash_password(self, password: str) -> str:
        """argon2id (RFC 9106)."""
        ...

    def check_password(self, password_hash: str, password: str) -> bool: ...


# --- documents and files -----------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSheet:
    """All that is printed on one unit's Word form. Dates are words already; `answers` prefill the fields.

    `language` ("sv", "en") is that of the form's own words; questions and headings are as the form has them.
    """

    form: Form
    questions: QuestionSet
    round: str
    round_title: str
    unit: str
    unit_name: str
    contact_name: str
    contact_phone: str
    contact_email: str
    due: str
    office: str
    answers: Mapping[str, Answer]
    made_at: datetime
    language: str = "sv"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionSheet:
    """All that is printed of one handed-in edition. Moments are words already; `late` is "" or like "1 arbetsdag".

    `language` as in FormSheet.
    """

    form_title: str
    questions: QuestionSet
    round_title: str
    unit_name: str
    office: str
    edition: Edition
    received: str
    late: str
    diary_number: str
    language: str = "sv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Text that was found outside the fields, word for word, and where."""

    text: str
    where: Phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadForm:
    """What was found in a filled-in form. Empty round/unit: the file does not say.

    `answers` holds only answered questions; `notes` say what stood in them and is no text (pictures), and what became
    text in another shape (tables, tracked changes, characters that cannot be kept); `absent` the round's questions
    that the form does not have, `unknown` those that the form has and the round has not. Of `unread` and `unknown`
    the first some hundred; `more` says how many lines and codes were left out.
    """

    round: str
    unit: str
    form_id: str
    form_version: str
    answers: tuple[Answer, ...]
    unread: tuple[Unread, ...] = ()
    notes: tuple[Phrase, ...] = ()
    absent: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPicture:
    """A picture in a filled-in form: of which `kind` (domain/attachments.py: KINDS), and how the file describes it.

    `question` is the number of the question it answers, "" outside the answers. `refused` says why it cannot be an
    attachment; then there is neither kind nor content.
    """

    kind: str
    content: bytes
    question: str
    about: str
    refused: Phrase | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A file on its way into a ZIP: known by size (bytes) and SHA-256 (hexadecimal), read when its turn comes."""

    size: int
    sha256: str
    read: Callable[[], bytes]


class Documents(Protocol):
    def word_form(self, sheet: FormSheet) -> bytes:
        """The form as .docx with fill-in fields; the same sheet gives the same bytes."""
        ...

    def read_word(self, data: bytes, *, name: str, questions: QuestionSet) -> ReadForm:
        """Read a filled-in form. Raises FileRefusedError for anything that is not a safe .docx or .odt."""
        ...

    def form_pictures(self, data: bytes, *, name: str, questions: QuestionSet) -> tuple[FormPicture, ...]:
        """The pictures of what `read_word` reads, and why one of them cannot be attached. None of a strange file."""
        ...

    def word_copy(self, sheet: EditionSheet) -> bytes:
        """One handed-in edition as .docx, to keep; the same sheet gives the same bytes."""
        ...

    def attachment_kind(self, data: bytes, *, name: str, kinds: Collection[str]) -> str:
        """The kind of a file, said by its name and borne out by what is in it.

        Raises FileRefusedError for another kind than `kinds`, and for what is damaged, locked, or could run or fetch
        something where it is opened.
        """
        ...

    def word_report(self, bundle: Bundle) -> bytes: ...

    def json_report(self, bundle: Bundle) -> bytes: ...

    def pack(self, out: BinaryIO, files: Mapping[str, Packed], *, at: datetime) -> None:
        """Write a ZIP with a manifest (SHA-256 of every file); the same files give the same bytes.

        The files are read one by one: no more than one is in memory. `out` is a file in which one can go back.
        """
        ...


class Anchors(Protocol):
    """Heads of the log kept outside the database, each for ever: appended, never changed."""

    def keep(self, anchor: Anchor) -> None:
        """On the disk when this returns."""
        ...

    def last(self) -> Anchor | None:
        """The one kept last; None when there is none, or it cannot be read."""
        ...

    def read(self) -> Kept: ...


class Files(Protocol):
    """Where finished bundles are kept: written whole or not at all."""

    def write(self, name: str, data: bytes | BinaryIO) -> str:
        """Gives the path. `name` may hold one folder, like 2027-T1/edition-1.zip. A file is copied piece by piece."""
        ...

    def read(self, name: str) -> bytes | None: ...

    def open(self, name: str) -> BinaryIO | None:
        """What `read` gives, for files that are too large to be held; to be closed."""
        ...

    def scratch(self) -> BinaryIO:
        """An empty file without a name, gone when it is closed."""
        ...

    def list(self, folder: str) -> tuple[str, ...]: ...
