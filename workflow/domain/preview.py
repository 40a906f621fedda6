"""Who gets what, when and why: what has gone, and what would go if from now on nobody did anything.

What is to come is not computed a second time: the preview plays the scheduler's plan (planning.py) and the worker's
decision (messages.py: fate) forward, from one instant at which something is due to the next, and feeds each outcome
back as known. It supposes that scheduler and workers run and that the mail server takes what it is given.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heapify, heappop, heappush

from workflow.domain.addressing import addressee, first_reachable
from workflow.domain.calendar import Calendar
from workflow.domain.messages import WINDOWED, Message, MessageKind, MessageState, fate, moment, why_untrue
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
    play = _Play(round_, Timetable(round_, calendar), calendar, starts)
    every = tuple(cases)
    mails = [mail for case in every for mail in _standing(play, case)]
    if is_planned:
        send_at = calendar.next_window(starts)
        mails += [_invitation(case, first_reachable(case.recipients, send_at, calendar)) for case in every]
    if round_.state in {RoundState.PLANNED, RoundState.OPEN}:
        ladders = (ladder for case in every for ladder in play.timetable.ladders(case, starts))
        for theirs in by_person(ladders).values():
            mails += play.person(theirs)
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


def _mail(submission: Submission, message: Message, *, at: datetime, state: str, suppressed: str) -> PreviewedMail:
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
    )


# --- what is to come, played -------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Play:
    """The round from `starts` on."""

    round: Round
    timetable: Timetable
    calendar: Calendar
    starts: datetime

    def standing(self, submission: Submission, message: Message) -> PreviewedMail:
        """A mail that is in the ledger and no reminder still to go."""
        if message.state is not MessageState.PLANNED:
            why = message.reason if message.state in _STOPPED else ""
            at = message.sent_at or message.due_at
            return _mail(submission, message, at=at, state=str(message.state), suppressed=why)
        due_at = max(message.due_at, self.starts)
        at = self.calendar.next_window(due_at) if message.kind in WINDOWED else due_at
        why = why_untrue(message, submission, round_state=str(self.round.state), now=at)
        return _mail(submission, message, at=at, state=SUPPRESSED if why else str(message.state), suppressed=why)

    def person(self, ladders: Sequence[Ladder]) -> list[PreviewedMail]:
        """Everything that one person would still get, and what would be left out."""
        return _Person(self, list(ladders)).played()


@dataclass(slots=True)
class _Person:
    """One person's reminders while they are played. `waiting` are planned and not yet sent."""

    play: _Play
    ladders: list[Ladder]
    waiting: list[Message] = field(init=False)
    days: set[str] = field(init=False)
    found: list[PreviewedMail] = field(default_factory=list)

    def __post_init__(self) -> None:
        rows = [each for ladder in self.ladders for each in ladder.case.ledger if each.is_reminder]
        own = [each for each in rows if any(each.recipient == ladder.to.id for ladder in self.ladders)]
        self.waiting = [each for each in own if each.state is MessageState.PLANNED]
        self.days = {each.local_day for each in own if each.state in _MAY_HAVE_GONE}

    def played(self) -> list[PreviewedMail]:
        instants = [slot.send_at for ladder in self.ladders for slot in ladder.slots if slot.send_at > self.play.starts]
        instants += [max(each.due_at, self.play.starts) for each in self.waiting]
        heap = [self.play.starts, *instants]
        heapify(heap)
        before = None
        while heap:
            now = heappop(heap)
            if now != before and now < self.play.round.closes_at:
                self._plan(now)
                for later in self._deliver(now):
                    heappush(heap, later)
            before = now
        self._end(self.waiting, ROUND_CLOSED, self.play.round.closes_at)
        return self.found

    def _plan(self, now: datetime) -> None:
        for due in due_for(self.ladders, now):
            row = due.row("", link="", now=now)
            if due.skipped:
                self._say(row, SUPPRESSED, due.skipped, due.slot.send_at)
                continue
            older = [each for each in self.waiting if _same_ladder(each, row) and not each.lies_ahead(now)]
            self.waiting = [each for each in self.waiting if each not in older]
            self._end(older, SUPERSEDED, now)
            self.waiting.append(row)
        self.ladders = [ladder.known_until(now) for ladder in self.ladders]

    def _deliver(self, now: datetime) -> Iterator[datetime]:
        """What a worker does at `now`. Gives the instants at which it has to look again."""
        at = moment(self.play.calendar, now)
        waiting, self.waiting = self.waiting, []
        for message in waiting:
            if message.due_at > now:
                self.waiting.append(message)
                continue
            decided = fate(message, self._why_untrue(message, now), at)
            if decided.state is MessageState.PLANNED:
                self.waiting.append(decided)
                yield decided.due_at
            elif decided.state is not MessageState.SENDING:
                self._end([message], decided.reason, now)
            elif at.local_day in self.days:
                self._end([message], ONE_A_DAY, now)
            else:
                self.days.add(at.local_day)
                self._say(message, str(message.state) if message.id else EXPECTED, "", now)

    def _why_untrue(self, message: Message, now: datetime) -> str:
        return why_untrue(message, self._submission(message), round_state=str(RoundState.OPEN), now=now)

    def _submission(self, message: Message) -> Submission:
        return next(each.submission for each in self.ladders if each.submission.id == message.submission)

    def _end(self, messages: Iterable[Message], why: str, at: datetime) -> None:
        for message in messages:
            self._say(message, SUPPRESSED, why, min(message.due_at, at))

    def _say(self, message: Message, state: str, why: str, at: datetime) -> None:
        self.found.append(_mail(self._submission(message), message, at=at, state=state, suppressed=why))


def _same_ladder(one: Message, other: Message) -> bool:
    return (one.submission, one.recipient) == (other.submission, other.recipient)
