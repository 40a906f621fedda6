"""A database in memory that keeps every promise of the ports: transactions, versions, unique keys, the second belt."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import date, datetime
from threading import Lock

from tests.fakes.attachments import FakeAttachments
from tests.fakes.codes import FakeCodes
from tests.fakes.details import FakeDetails
from tests.fakes.extensions import FakeExtensions
from tests.fakes.incoming import FakeIncoming
from tests.fakes.standings import FakeStandings
from tests.fakes.tables import FakeRefusedError, Tables, in_utc, insert, refer, utc
from workflow.domain.attachments import AttachedFile
from workflow.domain.audit import GENESIS, Chained, Event, Head, chain
from workflow.domain.channel import ChannelState
from workflow.domain.clockguard import ClockGuard
from workflow.domain.errors import AnswerClashError, NotFoundError, StaleWriteError, UnknownRoundError
from workflow.domain.forms import Answer
from workflow.domain.messages import LONGEST_LEASE, OF_A_LINK, PENDING, Attempt, Message, MessageKind, MessageState
from workflow.domain.people import ANSWERING, Account, Contact, Unit, fold_address
from workflow.domain.rounds import Round, RoundState
from workflow.domain.submissions import Edition, Link, Recipient, Standing, Submission
from workflow.ports import Meanwhile, Session, nothing_else

_BELTED = {MessageState.SENDING, MessageState.HANDING, MessageState.SENT, MessageState.UNKNOWN}
_LEASED = {MessageState.SENDING, MessageState.HANDING}
_PATIENCE = 10.0  # seconds; a transaction inside a transaction would wait for itself for ever


# --- rounds, submissions, answers --------------------------------------------


class FakeRounds:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def get(self, round_id: str, *, lock: bool = False) -> Round:
        if round_id not in self._tables.rounds:
            raise UnknownRoundError(round=round_id)
        return self._tables.rounds[round_id]

    def all(self) -> tuple[Round, ...]:
        return tuple(sorted(self._tables.rounds.values(), key=lambda each: (each.opens_at, each.id), reverse=True))

    def states(self, ids: Collection[str]) -> dict[str, RoundState]:
        return {each: self._tables.rounds[each].state for each in ids if each in self._tables.rounds}

    def add(self, round_: Round) -> bool:
        if round_.id in self._tables.rounds:
            return False
        self._tables.rounds[round_.id] = in_utc(round_)
        return True

    def save(self, round_: Round) -> None:
        stored = self._tables.rounds.get(round_.id)
        if stored is None or stored.version != round_.version:
            raise StaleWriteError
        self._tables.rounds[round_.id] = in_utc(replace(round_, version=round_.version + 1))


class FakeSubmissions:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def get(self, submission_id: str, *, lock: bool = False) -> Submission:
        if submission_id not in self._tables.submissions:
            raise NotFoundError(what=submission_id)
        return self._tables.submissions[submission_id]

    def several(self, ids: Collection[str], *, lock: bool = False) -> dict[str, Submission]:
        return {each: self._tables.submissions[each] for each in sorted(ids) if each in self._tables.submissions}

    def standings(self, ids: Collection[str], *, lock: bool = False) -> dict[str, Standing]:
        return {id_: each.standing for id_, each in self.several(ids, lock=lock).items()}

    def of_round(self, round_id: str) -> tuple[Submission, ...]:
        found = (each for each in self._tables.submissions.values() if each.round == round_id)
        return tuple(sorted(found, key=lambda each: each.id))

    def of_unit(self, unit: str) -> tuple[Submission, ...]:
        found = (each for each in self._tables.submissions.values() if each.unit == unit)
        return tuple(sorted(found, key=lambda each: each.id))

    def add(self, submissions: Iterable[Submission]) -> None:
        for each in submissions:
            refer(self._tables.rounds, each.round)
            insert(self._tables.submissions, each.id, in_utc(each))

    def save(self, submission: Submission) -> Submission:
        stored = self._tables.submissions.get(submission.id)
        if stored is None or stored.version != submission.version:
            raise StaleWriteError
        saved = in_utc(replace(submission, version=submission.version + 1, has_contact=stored.has_contact))
        self._tables.submissions[saved.id] = saved
        return saved


class FakeDrafts:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def of(self, submission_id: str) -> dict[str, Answer]:
        return {key[1]: stored for key, (stored, _) in self._tables.answers.items() if key[0] == submission_id}

    def save(self, submission_id: str, answer: Answer, *, by: str, at: datetime) -> Answer:
        key = submission_id, answer.question
        theirs, who = self._tables.answers.get(key, (Answer(question=answer.question), ""))
        if answer == theirs:
            return theirs
        if answer.version != theirs.version:
            raise AnswerClashError(question=answer.question, mine=answer, theirs=theirs, who=who)
        refer(self._tables.submissions, submission_id)
        utc(at)  # naive: refused
        saved = replace(answer, version=answer.version + 1)
        self._tables.answers[key] = saved, by
        return saved


class FakeEditions:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, edition: Edition) -> None:
        refer(self._tables.submissions, edition.submission)
        for file in edition.files:
            refer(self._tables.contents, (edition.submission, file.sha256))
        insert(self._tables.editions, (edition.submission, edition.number), in_utc(edition))

    def of(self, submission_id: str) -> tuple[Edition, ...]:
        return tuple(each for key, each in sorted(self._tables.editions.items()) if key[0] == submission_id)

    def content(self, submission_id: str, number: int, file: AttachedFile) -> bytes:
        edition = self._tables.editions.get((submission_id, number))
        if edition is None or file not in edition.files:
            raise NotFoundError(what=file.name)
        return self._tables.contents[submission_id, file.sha256]

    def latest(self, round_id: str) -> dict[str, Edition]:
        return {
            key[0]: each
            for key, each in sorted(self._tables.editions.items())
            if self._tables.submissions[key[0]].round == round_id
        }


# --- people ------------------------------------------------------------------


class FakePeople:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def hold(self) -> None:
        """Transactions of the fake come one at a time."""

    def units(self) -> tuple[Unit, ...]:
        return tuple(self._tables.units.values())

    def contacts(self) -> tuple[Contact, ...]:
        return tuple(self._tables.contacts.values())

    def replace(self, units: Sequence[Unit], contacts: Sequence[Contact]) -> None:
        self._tables.units.clear()
        self._tables.contacts.clear()
        for unit in units:
            insert(self._tables.units, unit.id, unit)
        for place, contact in enumerate(contacts):
            refer(self._tables.units, contact.unit)
            self._tables.contacts[place] = contact

    def mark_undeliverable(self, address: str, at: datetime) -> int:
        news = [
            place
            for place, each in self._tables.contacts.items()
            if fold_address(each.email) == fold_address(address) and each.undeliverable_since is None
        ]
        for place in news:
            self._tables.contacts[place] = in_utc(replace(self._tables.contacts[place], undeliverable_since=at))
        return len(news)

    def at(self, addresses: Collection[str]) -> tuple[tuple[Unit, Contact], ...]:
        found = (each for each in self._tables.contacts.values() if fold_address(each.email) in addresses)
        return tuple((self._tables.units[each.unit], each) for each in found)


class FakeRecipients:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, recipients: Iterable[Recipient], links: Iterable[Link]) -> None:
        for recipient in recipients:
            refer(self._tables.submissions, recipient.submission)
            insert(self._tables.recipients, recipient.id, replace(recipient, is_unreachable=False))
            if recipient.role in ANSWERING:
                reached = self._tables.submissions[recipient.submission]
                self._tables.submissions[reached.id] = replace(reached, has_contact=True)
        for link in links:
            refer(self._tables.recipients, link.recipient)
            insert(self._tables.links, link.id, in_utc(link))

    def of(self, *submissions: str) -> tuple[Recipient, ...]:
        return self._where(lambda each: each.submission in submissions)

    def of_round(self, round_id: str) -> tuple[Recipient, ...]:
        return self._where(lambda each: self._tables.submissions[each.submission].round == round_id)

    def at(self, address: str) -> tuple[Recipient, ...]:
        return self._where(lambda each: fold_address(each.email) == fold_address(address))

    def link(self, link_id: str) -> Link | None:
        return self._tables.links.get(link_id)

    def links_of(self, submission_id: str) -> tuple[Link, ...]:
        return tuple(each for _, each in sorted(self._tables.links.items()) if each.submission == submission_id)

    def links_of_round(self, round_id: str) -> tuple[Link, ...]:
        links = (each for _, each in sorted(self._tables.links.items()))
        return tuple(each for each in links if self._tables.submissions[each.submission].round == round_id)

    def end(self, recipient_id: str, at: datetime) -> None:
        if recipient_id not in self._tables.recipients:
            raise NotFoundError(what=recipient_id)
        self._tables.recipients[recipient_id] = in_utc(replace(self._tables.recipients[recipient_id], ends_at=at))

    def revoke_links(self, recipient_id: str, at: datetime) -> None:
        theirs = [link for link in self._tables.links.values() if link.recipient == recipient_id]
        for link in theirs:
            self._tables.links[link.id] = in_utc(replace(link, revoked_at=link.revoked_at or at))
        ended = [key for key, each in self._tables.sessions.items() if each.link in {link.id for link in theirs}]
        for key in ended:
            self._tables.sessions.pop(key)

    def _where(self, chosen: Callable[[Recipient], bool]) -> tuple[Recipient, ...]:
        return self._tables.people(chosen)


# --- the ledger and the log --------------------------------------------------


class FakeOutbox:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def plan(self, messages: Iterable[Message]) -> int:
        known = {each.key for each in self._tables.messages.values()}
        new = 0
        for message in messages:
            if message.key not in known:
                self._check(message)
                insert(self._tables.messages, message.id, in_utc(message))
                known.add(message.key)
                new += 1
        return new

    def get(self, message_id: str) -> Message:
        if message_id not in self._tables.messages:
            raise NotFoundError(what=message_id)
        return self._tables.messages[message_id]

    def due(self, now: datetime, *, limit: int) -> tuple[Message, ...]:
        planned = [each for each in self._ordered() if each.state is MessageState.PLANNED and each.due_at <= now]
        free = sorted((each.due_at, each.submission, each.id) for each in planned if each.is_reminder and not each.lead)
        held = (each.address for each in self._ordered() if each.is_reminder and each.state in _LEASED)
        leads = dict.fromkeys(held, "")  # none, while one is in hand
        for _, _, id_ in free:
            leads.setdefault(self._tables.messages[id_].address, id_)
        due = [each for each in planned if self._goes_by_itself(each, leads)]
        return tuple(sorted(due, key=lambda each: each.kind not in OF_A_LINK))[:limit]

    def _goes_by_itself(self, message: Message, leads: dict[str, str]) -> bool:
        if message.lead:
            return self._tables.messages[message.lead].state not in PENDING
        return not message.is_reminder or leads[message.address] == message.id

    def company(self, leads: Collection[Message], now: datetime) -> dict[str, tuple[Message, ...]]:
        by_address = {each.address: each.id for each in leads}
        found = [
            each
            for each in self._tables.messages.values()
            if each.is_reminder
            and (each.state, each.lead, each.frozen) == (MessageState.PLANNED, "", None)
            and each.due_at <= now
            and by_address.get(each.address, each.id) != each.id
        ]
        none: dict[str, tuple[Message, ...]] = {each.id: () for each in leads}
        return none | _grouped((by_address[each.address], each) for each in found)

    def told_on(self, day: date, addresses: Collection[str] = ()) -> frozenset[str]:
        worn = filter(None, map(_belt, self._tables.messages.values()))
        told = {address for address, local_day in worn if local_day == day.isoformat()}
        return frozenset(told & set(addresses) if addresses else told)

    def written_to(self, *, address: str, name: str) -> frozenset[str]:
        mails = ((fold_address(each.to_email), each.to_name) for each in self._tables.messages.values())
        return frozenset(email for email, to_name in mails if email == address or (name and to_name == name))

    def told_by(self, leads: Collection[str]) -> dict[str, tuple[Message, ...]]:
        return _grouped((each.lead, each) for each in self._tables.messages.values() if each.lead in leads)

    def expired(self, now: datetime, *, limit: int) -> tuple[Message, ...]:
        leased = [(each.lease_until, each.id) for each in self._ordered() if each.state in _LEASED]
        late = sorted((until, id_) for until, id_ in leased if until and not now <= until <= now + LONGEST_LEASE)
        return tuple(self._tables.messages[id_] for _, id_ in late[:limit])

    def change(self, before: Message, after: Message) -> bool:
        stored = self._tables.messages.get(before.id)
        if stored is None or (stored.state, stored.fence) != (before.state, before.fence):
            return False
        self._check_belt(after)
        frozen = None if after.is_thawed_from(before) else stored.frozen or after.frozen
        self._tables.messages[before.id] = in_utc(replace(after, frozen=frozen, company=()))
        return True

    def change_all(self, pairs: Sequence[tuple[Message, Message]]) -> tuple[bool, ...]:
        undo = dict(self._tables.messages)
        try:
            return tuple(self.change(before, self._changed(before, after)) for before, after in pairs)
        except StaleWriteError:
            self._tables.messages.update(undo)
            raise

    def _changed(self, before: Message, after: Message) -> Message:
        """Only what this change is about: what somebody else has written meanwhile stays."""
        stored = self._tables.messages.get(before.id, before)
        names = [each.name for each in fields(Message)]
        changes = {name: getattr(after, name) for name in names if getattr(before, name) != getattr(after, name)}
        return replace(stored, **changes)

    def note(self, *attempts: Attempt) -> None:
        for attempt in attempts:
            refer(self._tables.messages, attempt.message)
            self._tables.attempts[len(self._tables.attempts)] = in_utc(attempt)

    def attempts(self, message_id: str) -> tuple[Attempt, ...]:
        return tuple(each for each in self._tables.attempts.values() if each.message == message_id)

    def of_submission(self, submission_id: str) -> tuple[Message, ...]:
        return tuple(each for each in self._ordered() if each.submission == submission_id)

    def about_no_unit(self, since: datetime) -> tuple[Message, ...]:
        return tuple(each for each in self._ordered() if not each.submission and each.due_at >= since)

    def list(
        self,
        *,
        round_id: str = "",
        states: Collection[MessageState] = (),
        kinds: Collection[MessageKind] = (),
    ) -> tuple[Message, ...]:
        return tuple(
            replace(each, frozen=None)
            for each in self._ordered()
            if (not round_id or each.round == round_id)
            and (not states or each.state in states)
            and (not kinds or each.kind in kinds)
        )

    def _ordered(self) -> Iterable[Message]:
        return sorted(self._tables.messages.values(), key=lambda each: (each.due_at, each.id))

    def _check(self, message: Message) -> None:
        about = message.submission, message.recipient
        if any(about) or message.round:
            refer(self._tables.rounds, message.round)
        if any(about):
            refer(self._tables.submissions, message.submission)
            refer(self._tables.recipients, message.recipient)
        self._check_belt(message)

    def _check_belt(self, message: Message) -> None:
        belt = _belt(message)
        worn = (_belt(each) for each in self._tables.messages.values() if each.id != message.id)
        if belt is not None and belt in worn:
            raise StaleWriteError


def _grouped(found: Iterable[tuple[str, Message]]) -> dict[str, tuple[Message, ...]]:
    groups: dict[str, tuple[Message, ...]] = {}
    for lead, each in sorted(found, key=lambda pair: (pair[1].submission, pair[1].id)):
        groups[lead] = (*groups.get(lead, ()), each)
    return groups


def _belt(message: Message) -> tuple[str, str] | None:
    worn = message.is_reminder and message.state in _BELTED and message.local_day and not message.lead
    return (message.address, message.local_day) if worn else None


class FakeChannels:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def get(self, name: str, *, lock: bool = False) -> ChannelState:
        return self._tables.channels.get(name, ChannelState(name=name))

    def save(self, state: ChannelState) -> None:
        self._tables.channels[state.name] = in_utc(state)


class FakeLog:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._waiting: list[Event] = []

    def append(self, event: Event) -> None:
        self._waiting.append(in_utc(event))

    def write(self) -> None:
        events = self._tables.events
        for event in self._waiting:
            previous = events[len(events)].hash if events else GENESIS
            events[len(events) + 1] = chain(event, number=len(events) + 1, previous=previous)

    def head(self) -> Head:
        last = self._tables.events.get(len(self._tables.events))
        return Head(last.number, last.hash) if last else Head()

    def has_since(self, number: int, kinds: Collection[str]) -> bool:
        return any(each.event.kind in kinds for each in self.all()[number:])

    def all(self) -> tuple[Chained, ...]:
        return tuple(self._tables.events.values())

    def of_submission(self, submission_id: str) -> tuple[Chained, ...]:
        return tuple(each for each in self.all() if each.event.submission == submission_id)


# --- access, beats and guards -------------------------------------------------


class FakeAccess:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def account(self, email: str) -> Account | None:
        wanted = email.strip().casefold()
        return next((each for each in self.accounts() if each.email.strip().casefold() == wanted), None)

    def account_by_id(self, account_id: str) -> Account | None:
        return self._tables.accounts.get(account_id)

    def accounts(self) -> tuple[Account, ...]:
        return tuple(sorted(self._tables.accounts.values(), key=lambda each: each.email.strip().casefold()))

    def add_account(self, account: Account) -> bool:
        if self.account(account.email):
            return False
        insert(self._tables.accounts, account.id, account)
        return True

    def set_password(self, account_id: str, password_hash: str, *, once: bool, expected: str | None = None) -> bool:
        if account_id not in self._tables.accounts:
            raise NotFoundError(what=account_id)
        stored = self._tables.accounts[account_id]
        if expected is not None and stored.password_hash != expected:
            return False
        self._tables.accounts[account_id] = replace(stored, password_hash=password_hash, once=once)
        return True

    def set_digest(self, account_id: str, *, wanted: bool) -> None:
        if account_id not in self._tables.accounts:
            raise NotFoundError(what=account_id)
        self._tables.accounts[account_id] = replace(self._tables.accounts[account_id], digest=wanted)

    def session(self, id_sha256: str) -> Session | None:
        return self._tables.sessions.get(id_sha256)

    def add_session(self, session: Session) -> None:
        if session.account:
            refer(self._tables.accounts, session.account)
        if session.link:
            refer(self._tables.links, session.link)
        insert(self._tables.sessions, session.id_sha256, in_utc(session))

    def touch_session(self, id_sha256: str, at: datetime) -> None:
        if id_sha256 in self._tables.sessions:
            self._tables.sessions[id_sha256] = in_utc(replace(self._tables.sessions[id_sha256], seen_at=at))

    def end_session(self, id_sha256: str) -> None:
        self._tables.sessions.pop(id_sha256, None)

    def end_sessions_of(self, account_id: str) -> None:
        for id_sha256, session in list(self._tables.sessions.items()):
            if session.account == account_id:
                del self._tables.sessions[id_sha256]


class FakeBeats:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def note(self, job: str, at: datetime) -> None:
        self._tables.beats[job] = utc(at)

    def all(self) -> dict[str, datetime]:
        return dict(sorted(self._tables.beats.items()))


class FakeGuards:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def clock(self, *, lock: bool = False) -> ClockGuard:
        return self._tables.guards.get("clock", ClockGuard())

    def keep_clock(self, guard: ClockGuard) -> None:
        self._tables.guards["clock"] = in_utc(guard)

    def outside_time(self) -> datetime | None:
        return None


# --- transactions ------------------------------------------------------------


class FakeWork:
    def __init__(self, tables: Tables) -> None:
        self.rounds = FakeRounds(tables)
        self.submissions = FakeSubmissions(tables)
        self.drafts = FakeDrafts(tables)
        self.attachments = FakeAttachments(tables)
        self.editions = FakeEditions(tables)
        self.extensions = FakeExtensions(tables)
        self.people = FakePeople(tables)
        self.details = FakeDetails(tables)
        self.recipients = FakeRecipients(tables)
        self.codes = FakeCodes(tables)
        self.outbox = FakeOutbox(tables)
        self.incoming = FakeIncoming(tables)
        self.standings = FakeStandings(tables)
        self.channels = FakeChannels(tables)
        self.log = FakeLog(tables)
        self.access = FakeAccess(tables)
        self.beats = FakeBeats(tables)
        self.guards = FakeGuards(tables)


class FakeDatabase:
    """One writer at a time works on a copy, which becomes the truth on a clean exit and is dropped on an error."""

    def __init__(self) -> None:
        self._tables = Tables()
        self._writing = Lock()

    @contextmanager
    def begin(self, meanwhile: Meanwhile = nothing_else) -> Iterator[FakeWork]:
        if not self._writing.acquire(timeout=_PATIENCE):
            raise FakeRefusedError("a transaction has been open for too long: is there one inside another?")
        try:
            tables = self._tables.copy()
            work = FakeWork(tables)
            yield work
            work.log.write()
            self._tables = tables
        finally:
            self._writing.release()

    @contextmanager
    def read(self) -> Iterator[FakeWork]:
        work = FakeWork(self._tables.view())
        yield work
        work.log.write()
