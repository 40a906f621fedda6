"""The system under the model: the real use cases, doors that can kill their process, and a mail server that tells all.

A death is a BaseException, as a SIGKILL catches nobody: after it the process reaches neither database nor server.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.fakes.documents import FakeDocuments
from tests.fakes.mail import NOBODY
from tests.services.conftest import OFFICE, MovingClock
from workflow.domain.calendar import swedish_calendar
from workflow.domain.letters import Letter, Several, UnitLetter
from workflow.domain.messages import Enclosure, Frozen
from workflow.ports import (
    CalendarEntry,
    Channel,
    Database,
    Handover,
    Meanwhile,
    Outcome,
    Phase,
    Preparation,
    Rendered,
    Work,
    nothing_else,
)
from workflow.services.mailroom import Mailroom

CALENDAR = swedish_calendar()


class DiedError(BaseException):
    """The process is gone."""


@dataclass
class Life:
    """One process. `dies_at` counts the transactions to come; `after` their commit, or just before it."""

    dies_at: int = 0
    after: bool = False
    is_dead: bool = False

    def die(self) -> None:
        self.is_dead = True
        raise DiedError

    def must_live(self) -> None:
        if self.is_dead:
            raise DiedError


@dataclass
class MortalDatabase:
    """A database as one process sees it. `meanwhile` is what others do just before its next writing transaction."""

    db: Database
    life: Life
    meanwhile: list[Callable[[], None]] = field(default_factory=list)

    @contextmanager
    def begin(self, meanwhile: Meanwhile = nothing_else) -> Iterator[Work]:
        self.life.must_live()
        if self.meanwhile:
            self.meanwhile.pop()()
        self.life.dies_at -= 1
        with self.db.begin(meanwhile) as work:
            yield work
            if self.life.dies_at == 0 and not self.life.after:
                self.life.die()
        if self.life.dies_at == 0:
            self.life.die()

    @contextmanager
    def read(self) -> Iterator[Work]:
        self.life.must_live()
        with self.db.read() as work:
            yield work


# --- mail ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Arrival:
    """What the server took, and when: the ground truth."""

    message: str
    kind: str
    to: str
    at: datetime
    by_the_house: datetime
    """What the clock of those who sent it showed."""
    written_at: datetime
    tells: frozenset[str]
    """The units that stand in it."""
    logged: int
    """How long the log was when its dot came."""


ANSWERS = {
    "accepted": Handover(Outcome.ACCEPTED, Phase.DONE, 250, "2.0.0 Ok"),
    "refused": Handover(Outcome.REFUSED, Phase.RCPT, 550, "5.1.1 no such user"),
    "greylisted": Handover(Outcome.RETRY, Phase.RCPT, 450, "4.2.0 greylisted"),
    "blocked": Handover(Outcome.BLOCKED, Phase.RCPT, 550, "5.7.30 no"),
    "nobody": Handover(Outcome.RETRY, Phase.CONNECT, None, "connection refused"),
    "refused_dot": Handover(Outcome.REFUSED, Phase.DOT, 552, "5.3.4 too big"),
    "greylisted_dot": Handover(Outcome.RETRY, Phase.DOT, 451, "4.3.0 later"),
    "lost": Handover(Outcome.UNKNOWN, Phase.DOT, None, "connection lost"),
    "lost_but_taken": Handover(Outcome.UNKNOWN, Phase.DOT, None, "connection lost"),
}
TAKEN = {"accepted", "lost_but_taken", "dies_before_reply"}
DEATHS = ("dies_in_body", "dies_before_dot", "dies_before_reply")


@dataclass
class Server:
    """The mail server of all processes, with a clock of its own: `house_is_off` is how far theirs goes wrong."""

    clock: MovingClock
    logged: Callable[[], int]
    house_is_off: timedelta = timedelta()
    arrived: list[Arrival] = field(default_factory=list)

    def take(self, data: bytes, to: str) -> None:
        message, kind, written, tells = data.decode().split("\n")
        units = frozenset(filter(None, tells.split("|")))
        wall, written_at = self.clock.at, datetime.fromisoformat(written)
        at = wall - self.house_is_off
        self.arrived.append(Arrival(message, kind, to, at, wall, written_at, units, self.logged()))

    def copies(self) -> Counter[str]:
        return Counter(each.message for each in self.arrived)


@dataclass
class Postman:
    """One process's way to the server: `script` says what becomes of its next mails, all others are accepted.

    `meanwhile` is what others do when the next body is with the server and its marker is not yet written.
    """

    server: Server
    life: Life
    script: list[str] = field(default_factory=list)
    before_marker: list[Callable[[], None]] = field(default_factory=list)
    before_reply: list[Callable[[], None]] = field(default_factory=list)

    @contextmanager
    def connect(self) -> Iterator[Channel]:
        yield Line(self)


class Line:
    """One connection."""

    def __init__(self, postman: Postman) -> None:
        self._postman = postman
        self._fate, self._data, self._to = "", b"", ""
        self._is_dotted = False

    def prepare(self, sender: str, recipients: Sequence[str], data: bytes, *, waits: bool = True) -> Preparation:
        yield
        self._postman.life.must_live()
        self._fate = self._postman.script.pop(0) if self._postman.script else "accepted"
        self._data, self._to = data, recipients[0]
        if self._fate == "dies_in_body":
            self._postman.life.die()
        answer = ANSWERS.get(self._fate)
        if answer and answer.phase in {Phase.RCPT, Phase.CONNECT}:
            return answer
        if self._postman.before_marker:
            self._postman.before_marker.pop()()
        return None

    def send_dot(self) -> None:
        if self._fate == "dies_before_dot":
            self._postman.life.die()
        if self._fate in TAKEN:
            self._postman.server.take(self._data, self._to)
        self._is_dotted = True

    def waits_on(self) -> int | None:
        """It is all in memory; but at first nobody answers a dot, so that the next letters are written meanwhile."""
        return NOBODY if self._is_dotted else None

    def has_answered(self) -> bool:
        return self._is_dotted

    def read_reply(self) -> Handover:
        self._is_dotted = False
        if self._fate == "dies_before_reply":
            self._postman.life.die()
        if self._postman.before_reply:
            self._postman.before_reply.pop()()
        return ANSWERS[self._fate]

    def drop(self) -> None:
        self._fate, self._is_dotted = "", False


class PlainRenderer:
    def render(self, letter: Letter) -> Rendered:
        """Of all words only which units the letter tells of."""
        several = [each.unit for each in letter.items] if isinstance(letter, Several) else []
        units = several or ([letter.unit] if isinstance(letter, UnitLetter) else [])
        return Rendered(subject=letter.kind, text="|".join(units), html="")


class PlainEnvelopes:
    """Four lines: the message's id, its kind, when it was written, whom it tells of."""

    def assemble(self, frozen: Frozen, *, secret: str, reply_to: str = "") -> bytes:
        id_ = frozen.message_id.strip("<>").partition("@")[0]
        return f"{id_}\n{frozen.kind}\n{frozen.date.isoformat()}\n{frozen.text}".encode()

    def calendar_entry(self, entry: CalendarEntry) -> Enclosure:
        return Enclosure(name="a.ics", media_type="text/calendar", content=entry.uid.encode())


_NO_LOGIN = "in this world nobody logs in: it has no passwords"
_NO_CODES = "in this world every link opens by itself: no code is mailed"


class CountingSecrets:
    """Ids that are the same in every run, so that a failing run can be played again."""

    def __init__(self) -> None:
        self._count = 0

    def new_id(self) -> str:
        self._count += 1
        return f"id-{self._count:05}"

    def link_secret(self, link_id: str) -> str:
        return f"secret of {link_id}"

    def code(self, code_id: str) -> str:
        """Nobody's link asks for a code here. Raises AssertionError."""
        raise AssertionError(_NO_CODES)

    def seal(self, mark: str, message_id: str) -> str:
        return f"{mark}{message_id}".encode().hex()[-10:]

    def digest(self, secret: str) -> str:
        return secret.encode().hex()[:64].ljust(64, "0")

    def hash_password(self, password: str) -> str:
        """Nobody has an account here. Raises AssertionError."""
        raise AssertionError(_NO_LOGIN)

    def check_password(self, password_hash: str, password: str) -> bool:
        """Nobody has an account here. Raises AssertionError."""
        raise AssertionError(_NO_LOGIN)


@dataclass
class World:
    """Everything the processes share."""

    db: Database
    clock: MovingClock
    secrets: CountingSecrets = field(default_factory=CountingSecrets)

    def __post_init__(self) -> None:
        self.server = Server(self.clock, self._logged)

    def _logged(self) -> int:
        with self.db.read() as work:
            return len(work.log.all())

    def mailroom(self, postman: Postman, *, connections: int = 1, held: Callable[[], bool] = lambda: False) -> Mailroom:
        """One worker's; `postman.life` is its own."""
        return Mailroom(
            db=MortalDatabase(self.db, postman.life),
            clock=self.clock,
            postman=postman,
            renderer=PlainRenderer(),
            envelopes=PlainEnvelopes(),
            documents=FakeDocuments(),
            secrets=self.secrets,
            calendar=CALENDAR,
            office=OFFICE,
            connections=connections,
            held=held,
        )
