"""Who gets what, when and why: what has gone, and what would go if from now on nobody did anything.

What is to come is not computed a second time: the preview plays the scheduler's plan (planning.py) and the worker's
decision (messages.py: fate) forward, from one instant at which something is due to the next, and feeds each outcome
back as known. It supposes that scheduler and workers run and that the mail server takes what it is given.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from heapq import heapify, heappop, heappush

from workflow.domain.addressing import addressee, all_copies, first_reachable
from workflow.domain.calendar import Calendar
from workflow.domain.messages import (
    WINDOWED,
    Message,
    MessageKind,
    MessageState,
    Moment,
    end_of_day,
    fate,
    moment,
    why_untrue,
)
from workflow.domain.planning import Case, Due, Ladder, Timetable, by_person, due_for
from workflow.domain.reminders import SUPERSEDED, Audience
from workflow.domain.rounds import Round, RoundState
from workflow.domain.submissions import Recipient, Submission

EXPECTED = "expected"
SUPPRESSED = "suppressed"
OPENING = "open"
NO_CONTACT = "no_contact"
ROUND_CLOSED = "round_closed"
ONE_A_DAY = "one_a_day"
_STOPPED = frozenset({MessageState.CANCELLED, MessageState.SKIPPED, MessageState.HELD})
_MAY_HAVE_GONE = frozenset({MessageState.SENDING, MessageState.HANDING, MessageState.SENT, MessageState.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedMail:
    """One mail, as it has gone or as it would go.

    `state` is the ledger's, or `expected`/`suppressed` for what is not in it yet. `slot` is the mail's reason (`open`,
    or T-5: five working days before the last day), with `unit_state` how the unit stands. `suppressed` says why it
    does not go, "" when it does. `message` is the ledger's id, "" for what is not in it yet. `row` is the ledger's row,
    or the one that there would be; None where there is nobody to write to.

    A mail about several units is one row for each: `along` are the other units of the one that carries it, and
    `carried_by` is its unit in the others' rows.
    """

    unit: str
    unit_name: str
    unit_state: str
    kind: MessageKind
    slot: str
    at: datetime
    state: str
    to_name: str
    to_email: str
    copies: tuple[str, ...]
    suppressed: str
    message: str = ""
    along: tuple[str, ...] = ()
    carried_by: str = ""
    row: Message | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """What it is called among the mails of its round, as long as it is not in the ledger: norrby.T-5."""
        return f"{self.unit}.{self.slot}"


def preview(round_: Round, cases: Iterable[Case], *, calendar: Calendar, now: datetime) -> tuple[PreviewedMail, ...]:
    """Every mail of these units in time order. Of a planned round: as if it opened at its time, or now if that is past.

    The submissions of a planned round are those that opening will make.
    """
    is_planned = round_.state is RoundState.PLANNED
    starts = max(now, round_.opens_at) if is_planned else now
    every = tuple(cases)
    play = _Play(round_, Timetable(round_, calendar), calendar, starts, every)
    mails = [mail for case in every for mail in _standing(play, case)]
    if is_planned:
        send_at = calendar.next_window(starts)
        mails += [_invitation(case, first_reachable(case.recipients, send_at, calendar)) for case in every]
    if round_.state in {RoundState.PLANNED, RoundState.OPEN}:
        ladders = (ladder for case in every for ladder in play.timetable.ladders(case, starts))
        for person, theirs in by_person(ladders, calendar).items():
            mails += play.person(person, theirs)
    return tuple(sorted(mails, key=lambda mail: mail.at))


# --- what does not move: gone, ended, stopped for the whole unit -------------


def _standing(play: "_Play", case: Case) -> Iterator[PreviewedMail]:
    is_open = play.round.state in {RoundState.PLANNED, RoundState.OPEN}
    played = {ladder.to.id for ladder in play.timetable.ladders(case, play.starts)} if is_open else set()
    for message in case.ledger:
        if not (message.recipient in played and message.is_reminder and message.state is MessageState.PLANNED):
            yield play.standing(case.submission, message)
    why = "" if is_open else ROUND_CLOSED
    why = why if case.submission.is_owed else str(case.submission.state)
    for audience in play.round.policy.audiences:
        yield from _never(play, case, audience, why)


def _never(play: "_Play", case: Case, audience: Audience, blanket: str) -> Iterator[PreviewedMail]:
    """The reminders that there would have been."""
    known, nobody = case.known(), Recipient(id="", submission=case.submission.id, role="", name="", email="")
    every = play.timetable.of(case.submission, audience)
    for slot in every:
        to = addressee(case.recipients, max(slot.send_at, play.starts), audience)
        why = blanket if to or audience is not Audience.CONTACT else NO_CONTACT
        if why and slot.key not in known:
            ladder = Ladder(case=case, to=to or nobody, slots=every, known=known)
            row = Due(ladder=ladder, slot=slot).row("", link="", now=play.starts)
            yield _mail(case.submission, row, at=slot.send_at, state=SUPPRESSED, suppressed=why)


def _invitation(case: Case, at: datetime) -> PreviewedMail:
    to = addressee(case.recipients, at)
    row = Message(
        id="",
        round=case.submission.round,
        submission=case.submission.id,
        recipient=to.id if to else "",
        kind=MessageKind.INVITATION,
        slot=OPENING,
        deadline_revision=case.submission.deadline_revision,
        to_name=to.name if to else "",
        to_email=to.email if to else "",
        language=to.language if to else "sv",
        due_at=at,
        give_up_at=at,
        created_at=at,
    )
    state, why = (EXPECTED, "") if to else (SUPPRESSED, NO_CONTACT)
    return _mail(case.submission, row, at=at, state=state, suppressed=why)


def _mail(
    submission: Submission,
    message: Message,
    *,
    at: datetime,
    state: str,
    suppressed: str,
    along: tuple[str, ...] = (),
    carried_by: str = "",
) -> PreviewedMail:
    return PreviewedMail(
        unit=submission.unit,
        unit_name=submission.unit_name,
        unit_state=str(submission.state),
        kind=message.kind,
        slot=message.slot,
        at=at,
        state=state,
        to_name=message.to_name,
        to_email=message.to_email,
        copies=message.copies,
        suppressed=suppressed,
        message=message.id,
        row=message if message.to_email else None,
        along=along,
        carried_by=carried_by,
    )


# --- what is to come, played -------------------------------------------------


@dataclass(slots=True)
class _Play:
    """The round from `starts` on."""

    round: Round
    timetable: Timetable
    calendar: Calendar
    starts: datetime
    cases: Sequence[Case]
    days: Mapping[str, set[str]] = field(init=False)
    carriers: Mapping[str, Submission] = field(init=False)
    companies: Mapping[str, list[str]] = field(init=False)
    moments: dict[datetime, Moment] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """What has gone: on which days to whom, and which mail told of which units."""
        self.days, self.companies = defaultdict(set), defaultdict(list)
        self.carriers = {}
        for case in self.cases:
            for row in case.ledger:
                if row.is_reminder and row.state in _MAY_HAVE_GONE and not row.lead:
                    self.days[row.address].add(row.local_day)
                if row.is_reminder:
                    self.carriers[row.id] = case.submission
                if row.lead:
                    self.companies[row.lead].append(case.submission.unit_name)

    def moment(self, now: datetime) -> Moment:
        """The calendar is asked once for each instant: most persons share theirs."""
        if now not in self.moments:
            self.moments[now] = moment(self.calendar, now)
        return self.moments[now]

    def standing(self, submission: Submission, message: Message) -> PreviewedMail:
        """A mail that is in the ledger and no reminder still to go."""
        along = tuple(sorted(self.companies.get(message.id, ())))
        carrier = self.carriers[message.lead].unit if message.lead in self.carriers else ""
        at, state = message.sent_at or message.due_at, str(message.state)
        why = message.reason if message.state in _STOPPED else ""
        if message.state is MessageState.PLANNED:
            due_at = max(message.due_at, self.starts)
            at = self.moment(due_at).next_window if message.kind in WINDOWED else due_at
            why = why_untrue(message, submission, round_state=str(self.round.state), now=at)
            state = SUPPRESSED if why else state
        return _mail(submission, message, at=at, state=state, suppressed=why, along=along, carried_by=carrier)

    def person(self, address: str, ladders: Sequence[Ladder]) -> list[PreviewedMail]:
        """Everything that one person would still get, and what would be left out."""
        return _Person(self, list(ladders), self.days.get(address, set())).played()


@dataclass(slots=True)
class _Person:
    """One person's reminders while they are played. `days` had one already; `waiting` are planned and not yet sent."""

    play: _Play
    ladders: list[Ladder]
    days: set[str]
    waiting: list[Message] = field(init=False)
    submissions: Mapping[str, Submission] = field(init=False)
    found: list[PreviewedMail] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.days = set(self.days)
        self.submissions = {each.submission.id: each.submission for each in self.ladders}
        own = {each.to.id for each in self.ladders}
        rows = {each.id: each for ladder in self.ladders for each in ladder.case.ledger if each.recipient in own}
        self.waiting = [each for each in rows.values() if each.is_reminder and each.state is MessageState.PLANNED]

    def played(self) -> list[PreviewedMail]:
        starts, ends = self.play.starts, self.play.round.closes_at
        heap = [slot.send_at for ladder in self.ladders for slot in ladder.slots if slot.send_at > starts]
        heap += [starts, *(max(each.due_at, starts) for each in self.waiting)]
        heapify(heap)
        before = None
        while heap:
            now = heappop(heap)
            if now != before and now < ends:
                self._plan(now)
                for later in self._deliver(now):
                    heappush(heap, later)
            before = now
        self._end(self.waiting, ROUND_CLOSED, ends)
        return self.found

    def _plan(self, now: datetime) -> None:
        for due in due_for(self.ladders, now):
            row = due.row("", link="", now=now)
            if due.skipped:
                self._end([row], due.skipped, due.slot.send_at)
                continue
            older = [each for each in self.waiting if _same_ladder(each, row) and not each.lies_ahead(now)]
            self.waiting = [each for each in self.waiting if each not in older]
            self._end(older, SUPERSEDED, now)
            self.waiting.append(row)
        self.ladders = [ladder.known_until(now) for ladder in self.ladders]

    def _deliver(self, now: datetime) -> list[datetime]:
        """What a worker does at `now`. Gives the instants at which it has to look again."""
        later, going, at = [], [], self.play.moment(now)
        waiting, self.waiting = self.waiting, []
        for message in waiting:
            if message.due_at > now:
                self.waiting.append(message)
                continue
            decided = fate(message, self._why_untrue(message, now), at)
            if decided.state is MessageState.PLANNED:
                self.waiting.append(decided)
                later.append(decided.due_at)
            elif decided.state is MessageState.SENDING:
                going.append(message)
            else:
                self._end([message], decided.reason, now)
        self._send(sorted(going, key=lambda each: (each.due_at, each.submission)), at)
        return later

    def _send(self, going: Sequence[Message], at: Moment) -> None:
        """All in one mail, which tells of each unit once; nothing more on a day that has had one."""
        mail: dict[str, Message] = {}
        joining = self._joining(at) if going and at.local_day not in self.days else []
        company = sorted((*going[1:], *joining), key=lambda each: each.submission)
        for each in (*going[:1], *company) if at.local_day not in self.days else ():
            mail.setdefault(each.submission, each)
        self._end([each for each in going if mail.get(each.submission) is not each], ONE_A_DAY, at.now)
        self.waiting = [each for each in self.waiting if mail.get(each.submission) is not each]
        copies = all_copies(tuple(mail.values())) if mail else ()
        for number, (id_, row) in enumerate(mail.items()):
            message = row if number else replace(row, copies=copies)
            others = tuple(self.submissions[each].unit_name for each in mail if each != id_)
            carrier = "" if number == 0 else self.submissions[next(iter(mail))].unit
            state = str(message.state) if message.id else EXPECTED
            along = () if carrier else others
            self.found.append(
                _mail(
                    self.submissions[id_],
                    message,
                    at=at.now,
                    state=state,
                    suppressed="",
                    along=along,
                    carried_by=carrier,
                )
            )
        self.days |= {at.local_day} if mail else set()

    def _joining(self, at: Moment) -> list[Message]:
        """What stands in the ledger for later the same day goes along, where it is true already."""
        until = end_of_day(self.play.calendar, at.now)
        ahead = [each for each in self.waiting if at.now < each.due_at <= until and not each.attempts]
        return sorted(
            (each for each in ahead if not self._why_untrue(each, at.now)),
            key=lambda each: (each.due_at, each.submission),
        )

    def _why_untrue(self, message: Message, now: datetime) -> str:
        return why_untrue(message, self.submissions[message.submission], round_state=str(RoundState.OPEN), now=now)

    def _end(self, messages: Iterable[Message], why: str, at: datetime) -> None:
        for message in messages:
            at = min(message.due_at, at)
            submission = self.submissions[message.submission]
            self.found.append(_mail(submission, message, at=at, state=SUPPRESSED, suppressed=why))


def _same_ladder(one: Message, other: Message) -> bool:
    return (one.submission, one.recipient) == (other.submission, other.recipient)
