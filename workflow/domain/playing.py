"""What is to come, played: from one instant at which something is due to the next, each outcome fed back as known.

Nothing is worked out a second time: this is the scheduler's plan (planning.py) and the worker's decision (messages.py:
fate), for all rounds of the time together. It supposes that scheduler and workers run, that rounds open and close at
their times, and that the mail server takes what it is given.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from heapq import heapify, heappop, heappush

from workflow.domain.addressing import addressee, all_copies, as_copies, copied, right_until
from workflow.domain.calendar import Calendar
from workflow.domain.messages import (
    CONTACT_CHANGED,
    Message,
    MessageState,
    Moment,
    end_of_day,
    fate,
    moment,
    why_untrue,
)
from workflow.domain.people import fold_address
from workflow.domain.planning import Case, Ladder, Timetable, by_person, turn_of
from workflow.domain.preview import EXPECTED, ONE_A_DAY, SUPPRESSED, PreviewedMail, previewed
from workflow.domain.reminders import SUPERSEDED, slot_audience
from workflow.domain.rounds import Round, RoundState
from workflow.domain.submissions import Recipient, Submission

_MAY_HAVE_GONE = frozenset({MessageState.SENDING, MessageState.HANDING, MessageState.SENT, MessageState.UNKNOWN})
_RUNNING = frozenset({RoundState.PLANNED, RoundState.OPEN})


def naming(submission: Submission, *, beside: Submission) -> str:
    """How a unit is named in a mail whose round may be another."""
    same = submission.round == beside.round
    return submission.unit_name if same else f"{submission.unit_name} ({submission.round})"


@dataclass(slots=True)
class Scene:
    """A round and its units. It `begins` now, or when it opens if it has not yet."""

    round: Round
    cases: Sequence[Case]
    calendar: Calendar
    now: datetime
    timetable: Timetable = field(init=False)

    def __post_init__(self) -> None:
        is_planned = self.round.state is RoundState.PLANNED
        opened = replace(self.round, opened_at=self.begins) if is_planned else self.round
        self.timetable = Timetable(opened, self.calendar)

    @property
    def is_running(self) -> bool:
        """Whether anything goes by itself, now or later."""
        return self.round.state in _RUNNING

    @property
    def begins(self) -> datetime:
        return max(self.now, self.round.opens_at) if self.round.state is RoundState.PLANNED else self.now

    def state_at(self, now: datetime) -> str:
        return str(RoundState.OPEN if now < self.round.closes_at else RoundState.CLOSED)


@dataclass(slots=True)
class _Unit:
    """A unit while it is played: `known` slots, `waiting` reminders, and the instants at which its people change."""

    scene: Scene
    case: Case
    known: set[str] = field(init=False)
    waiting: list[Message] = field(init=False)
    changes: tuple[datetime, ...] = field(init=False)
    taken: set[tuple[str, str, int]] = field(init=False)

    def __post_init__(self) -> None:
        self.known = set(self.case.known())
        self.waiting = list(self.case.waiting())
        moments = (at for each in self.case.recipients for at in (each.starts_at, each.ends_at) if at)
        self.changes = tuple(sorted({at for at in moments if at > self.scene.begins}))
        self.taken = {(each.recipient, each.slot, each.deadline_revision) for each in self.case.ledger}

    @property
    def submission(self) -> Submission:
        return self.case.submission

    def ladders(self, now: datetime) -> tuple[Ladder, ...]:
        return self.scene.timetable.ladders(self.case, max(now, self.scene.begins), known=self.known)

    def why_untrue(self, message: Message, now: datetime) -> str:
        return why_untrue(message, self.submission, round_state=self.scene.state_at(now), now=now)


@dataclass(slots=True)
class _Person:
    """Somebody's units, and the days on which they have had their reminder. `until`: the ladders stand so long."""

    units: list[_Unit] = field(default_factory=list)
    days: set[str] = field(default_factory=set)
    ladders: Sequence[Ladder] = ()
    until: datetime | None = None

    def is_dated(self) -> bool:
        return any(unit.changes for unit in self.units)


@dataclass(slots=True, kw_only=True)
class Play:
    """All rounds of the time from `now` on; only what concerns the `shown` one is told."""

    shown: Scene
    scenes: Sequence[Scene]
    calendar: Calendar
    now: datetime
    told: frozenset[str]
    units: dict[str, _Unit] = field(default_factory=dict)
    people: dict[str, _Person] = field(default_factory=lambda: defaultdict(_Person))
    moments: dict[datetime, Moment] = field(default_factory=dict)
    found: list[PreviewedMail] = field(default_factory=list)
    heap: list[tuple[datetime, str]] = field(default_factory=list)

    def moment(self, now: datetime) -> Moment:
        """The calendar is asked once for each instant: most persons share theirs."""
        if now not in self.moments:
            self.moments[now] = moment(self.calendar, now)
        return self.moments[now]

    def known_of(self, case: Case) -> set[str]:
        """The slots that are accounted for, at the end of the play."""
        unit = self.units.get(case.submission.id)
        return unit.known if unit else set(case.known())

    def played(self) -> list[PreviewedMail]:
        """Everything that would still go, and what would be left out."""
        self._enter()
        heapify(self.heap)
        while self.heap:
            now, here = self.heap[0][0], set()
            while self.heap and self.heap[0][0] == now:
                here.add(heappop(self.heap)[1])
            self._act(now, sorted(here))
        return self.found

    def _enter(self) -> None:
        """Who is there, what has gone to them, and when each of them has to be looked at."""
        for scene in self.scenes:
            for case in scene.cases:
                self._enter_unit(_Unit(scene, case))
        for address in self.told:
            self.people[address].days.add(self.moment(self.now).local_day)
        for address, person in self.people.items():
            self._reckon(person, address, self.now)
            self._call(address, self.now, self._instants(person, address))

    def _enter_unit(self, unit: _Unit) -> None:
        for row in unit.case.ledger:
            if row.is_reminder and row.state in _MAY_HAVE_GONE and not row.lead:
                self.people[row.address].days.add(row.local_day)
        if not unit.scene.is_running:
            return
        self.units[unit.submission.id] = unit
        theirs = [fold_address(each.email) for each in unit.case.recipients] if unit.submission.is_owed else []
        for address in dict.fromkeys([*theirs, *(each.address for each in unit.waiting)]):
            self.people[address].units.append(unit)

    def _instants(self, person: _Person, address: str) -> Iterator[datetime]:
        for unit in person.units:
            yield unit.scene.begins
            yield from unit.changes
            yield from (each.due_at for each in unit.waiting if each.address == address)
        yield from (slot.send_at for ladder in person.ladders for slot in ladder.slots)

    def _call(self, address: str, now: datetime, instants: Iterable[datetime]) -> None:
        for at in {max(now, at) for at in instants}:
            self.heap.append((at, address))

    def _reckon(self, person: _Person, address: str, now: datetime) -> None:
        """Whose turn it is: worked out once, and anew when the people of a unit change."""
        if person.until is not None and now < person.until:
            return
        mine = [each for unit in person.units for each in unit.ladders(now)]
        person.ladders = by_person(mine, self.calendar).get(address, ())
        later = (at for unit in person.units for at in (unit.scene.begins, *unit.changes) if at > now)
        person.until = min(later, default=datetime.max.replace(tzinfo=now.tzinfo))

    # --- an instant ----------------------------------------------------------

    def _act(self, now: datetime, addresses: Sequence[str]) -> None:
        """The planner's turn, then the worker's: first what has changed its reader, so that each gets one mail."""
        for address in addresses:
            self._plan(address, now)
        here = dict.fromkeys(addresses)
        for address in addresses:
            here |= dict.fromkeys(self._pass_on(address, now))
        for address in here:
            self._deliver(address, now)

    def _plan(self, address: str, now: datetime) -> None:
        person = self.people[address]
        self._reckon(person, address, now)
        ladders = [each for each in person.ladders if self._is_open(each, now)]
        waiting = {unit.submission.id: unit.waiting for unit in person.units if unit.waiting}
        turn = turn_of(ladders, waiting, now=now, calendar=self.calendar)
        for each in turn.overtaken:
            self._take(each)
            self._end(each, SUPERSEDED, now)
        for due in turn.dues:
            unit, row = self.units[due.ladder.submission.id], due.row("", link="", now=now)
            unit.known.add(due.slot.key)
            unit.taken.add(_key(row))
            if due.skipped:
                self._end(row, due.skipped, due.slot.send_at)
                continue
            unit.waiting.append(row)
            if row.due_at > now:
                heappush(self.heap, (row.due_at, row.address))

    def _is_open(self, ladder: Ladder, now: datetime) -> bool:
        scene = self.units[ladder.submission.id].scene
        return scene.begins <= now < scene.round.closes_at

    def _own(self, address: str) -> list[Message]:
        return [each for unit in self.people[address].units for each in unit.waiting if each.address == address]

    def _take(self, message: Message) -> None:
        waiting = self.units[message.submission].waiting
        waiting[:] = [each for each in waiting if each is not message]

    def _pass_on(self, address: str, now: datetime) -> list[str]:
        """What waits for somebody who has been succeeded is written anew. Gives the successors."""
        ends, successors = end_of_day(self.calendar, now), []
        mine = [each for each in self._own(address) if each.is_passed_on(now) and each.due_at <= ends]
        if not any(each.due_at <= now for each in self._own(address)):
            return []
        for message in mine:
            unit = self.units[message.submission]
            if unit.why_untrue(message, now) != CONTACT_CHANGED:
                continue
            self._take(message)
            anew = written_anew(message, unit.case, now)
            if anew is None or anew.recipient != message.recipient:
                self._end(message, CONTACT_CHANGED, now)
            if anew is None or (anew.recipient != message.recipient and _key(anew) in unit.taken):
                continue
            unit.taken.add(_key(anew))
            unit.waiting.append(anew)
            if unit not in self.people[anew.address].units:
                self.people[anew.address].units.append(unit)
            if anew.due_at > now:
                heappush(self.heap, (anew.due_at, anew.address))
            successors.append(anew.address)
        return successors

    def _deliver(self, address: str, now: datetime) -> None:
        """What a worker does at `now`."""
        going, at = [], self.moment(now)
        for message in [each for each in self._own(address) if each.due_at <= now]:
            decided = fate(message, self.units[message.submission].why_untrue(message, now), at)
            if decided.state is MessageState.SENDING:
                going.append(message)
                continue
            self._take(message)
            if decided.state is MessageState.PLANNED:
                self.units[message.submission].waiting.append(decided)
                heappush(self.heap, (decided.due_at, address))
            else:
                self._end(message, decided.reason, now)
        if going:
            self._send(address, sorted(going, key=_order), at)

    def _send(self, address: str, going: Sequence[Message], at: Moment) -> None:
        """All in one mail, which tells of each unit once; nothing more on a day that has had one."""
        person, mail = self.people[address], dict[str, Message]()
        if at.local_day not in person.days:
            person.days.add(at.local_day)
            company = sorted((*going[1:], *self._joining(address, at)), key=lambda each: each.submission)
            for each in (going[0], *company):
                mail.setdefault(each.submission, each)
        for each in going:
            self._take(each)
            if mail.get(each.submission) is not each:
                self._end(each, ONE_A_DAY, at.now)
        for each in mail.values():
            self._take(each)
        self._tell(tuple(mail.values()), at.now)

    def _tell(self, mail: Sequence[Message], at: datetime) -> None:
        submissions = [self.units[each.submission].submission for each in mail]
        for number, (row, submission) in enumerate(zip(mail, submissions, strict=True)):
            lead, others = submissions[0], [each for each in submissions if each is not submission]
            self._note(
                submission,
                row if number else replace(row, copies=all_copies(mail)),
                at=at,
                state=str(row.state) if row.id else EXPECTED,
                along=() if number else tuple(naming(each, beside=submission) for each in others),
                carried_by=(lead.unit if lead.round == submission.round else lead.id) if number else "",
            )

    def _joining(self, address: str, at: Moment) -> list[Message]:
        """What stands in the ledger for later the same day goes along, where it is true already."""
        until = end_of_day(self.calendar, at.now)
        ahead = (each for each in self._own(address) if at.now < each.due_at <= until)
        true = [each for each in ahead if not self.units[each.submission].why_untrue(each, at.now)]
        return sorted(true, key=_order)

    def _end(self, message: Message, why: str, at: datetime) -> None:
        submission = self.units[message.submission].submission
        self._note(submission, message, at=min(message.due_at, at), state=SUPPRESSED, suppressed=why)

    def _note(
        self,
        submission: Submission,
        message: Message,
        *,
        at: datetime,
        state: str,
        suppressed: str = "",
        along: tuple[str, ...] = (),
        carried_by: str = "",
    ) -> None:
        if submission.round == self.shown.round.id:
            mail = previewed(
                submission, message, at=at, state=state, suppressed=suppressed, along=along, carried_by=carried_by
            )
            self.found.append(mail)


def written_anew(message: Message, case: Case, now: datetime) -> Message | None:
    """A waiting mail as it is for those who are right now; None when there is nobody."""
    to = addressee(case.recipients, now, slot_audience(message.slot))
    if to is None:
        return None
    others = copied(case.recipients, message.detail.get("copies", "").split(","), to, now)
    renewed = replace(message, copies=as_copies(others), right_until=right_until(to, *others))
    return renewed if to.id == message.recipient else _to_successor(renewed, to, now)


def _to_successor(message: Message, to: Recipient, now: datetime) -> Message:
    return replace(
        message,
        id="",
        recipient=to.id,
        to_name=to.name,
        to_email=to.email,
        language=to.language,
        due_at=max(message.due_at, now),
    )


def _key(message: Message) -> tuple[str, str, int]:
    return message.recipient, message.slot, message.deadline_revision


def _order(message: Message) -> tuple[datetime, str]:
    return message.due_at, message.submission
