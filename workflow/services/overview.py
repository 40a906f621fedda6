"""The overview of a round: whole, for listings, or as one page of it, which costs the same however many units."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from workflow.domain.addressing import addressee, unreachable
from workflow.domain.calendar import Calendar
from workflow.domain.messages import UNDELIVERED, Message, MessageState
from workflow.domain.overview import (
    OVERDUE,
    OWES,
    WITHOUT_CONTACT,
    Group,
    NextMail,
    Overview,
    RoundStanding,
    Row,
    Wanted,
    in_swedish_order,
    make_row,
)
from workflow.domain.people import UnitKind
from workflow.domain.reminders import Slot, next_after
from workflow.domain.rounds import Round
from workflow.domain.submissions import Edition, Recipient, State, Submission
from workflow.ports import Database, Work
from workflow.services.ledger import Line
from workflow.services.reminders import known_slots, next_reminder
from workflow.services.shared_hours import MANY_PEOPLE, shared_slots

COMING = frozenset({MessageState.PLANNED, MessageState.SENDING, MessageState.HELD})
MANY_MAILS = 10_000  # of those that leave next, no more are counted
TOLD_UNITS = 20_000  # in larger rounds the timeline does not count the reminders that went: there are too many rows
LATEST = Wanted(state=OVERDUE, order="late")
WAITING = Wanted(state=State.SUBMITTED, order="waiting")
LACKING = Wanted(state=WITHOUT_CONTACT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundView:
    """A round and how its units stand."""

    round: Round
    overview: Overview


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionView:
    """One submission as a coordinator may see it: handed-in editions only, and its mails."""

    round: Round
    submission: Submission
    editions: tuple[Edition, ...]
    recipients: tuple[Recipient, ...]
    messages: tuple[Message, ...]


def overview(db: Database, round_id: str, *, calendar: Calendar, now: datetime) -> RoundView:
    """Raises UnknownRoundError."""
    with db.read() as work:
        round_ = work.rounds.get(round_id)
        submissions = work.submissions.of_round(round_id)
        people = _by_submission(work.recipients.of_round(round_id))
        messages = _by_submission(work.outbox.list(round_id=round_id))
        shared = shared_slots(work, people.values(), calendar, now)
    timetable = _Timetable(round_, calendar, now, shared)
    rows = [_row(timetable, each, people.get(each.id, []), messages.get(each.id, [])) for each in submissions]
    return RoundView(round=round_, overview=Overview(rows=in_swedish_order(rows)))


@dataclass(frozen=True, slots=True, kw_only=True)
class NextSending:
    """The next moment at which mail leaves by itself, and how many: MANY_MAILS stands for that many or more."""

    at: datetime
    mails: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubled:
    """Mails that ended badly and still matter, oldest due first: the first of them named, all counted."""

    first: tuple[Line, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A page of the overview. What there is to do is named as far as it was asked for, and counted in full.

    `rows` are the page of those wanted, of whom there are `found`. `late_next` is when somebody late is mailed next.
    `failed` are the mails that did not arrive, `unclear` those of which nobody knows whether they did.
    `reminded` counts the reminders that went, by kind and slot; None in a round too large to count them.
    """

    round: Round
    standing: RoundStanding
    overdue: tuple[Row, ...]
    waiting: tuple[Row, ...]
    without_contact: tuple[Row, ...]
    without_contact_count: int
    failed: Troubled
    unclear: Troubled
    next_sending: NextSending | None
    late_next: datetime | None
    reminded: Mapping[tuple[UnitKind, str], int] | None
    rows: tuple[Row, ...]
    found: int


def glance(
    db: Database,
    round_id: str,
    wanted: Wanted,
    *,
    named: int,
    limit: int,
    offset: int = 0,
    calendar: Calendar,
    now: datetime,
) -> Glance:
    """One page: `named` units under each thing to do, `limit` rows of the table. Raises UnknownRoundError."""
    with db.read() as work:
        reading = _Reading(work, work.rounds.get(round_id), calendar, now)
        standing = RoundStanding(groups=work.standings.groups(round_id), now=now)
        reading.looks_up_people = standing.units <= MANY_PEOPLE
        overdue, waiting, lacking = (reading.page(each, named) for each in (LATEST, WAITING, LACKING))
        shown = reading.page(wanted, limit, offset)
        rows = reading.rows({each.id: each for each in (*overdue, *waiting, *lacking, *shown)}.values())
        return Glance(
            round=reading.round,
            standing=standing,
            overdue=tuple(rows[each.id] for each in overdue),
            waiting=tuple(rows[each.id] for each in waiting),
            without_contact=tuple(rows[each.id] for each in lacking),
            failed=_troubled(work, round_id, MessageState.FAILED, named),
            unclear=_troubled(work, round_id, MessageState.UNKNOWN, named),
            next_sending=_next_sending(reading, standing.groups),
            late_next=min(reading.next_times(each for each in standing.groups if each.fits(LATEST, now)), default=None),
            reminded=work.standings.reminded(round_id) if standing.units <= TOLD_UNITS else None,
            rows=tuple(rows[each.id] for each in shown),
            without_contact_count=work.standings.count(round_id, LACKING, now=now),
            found=_count(work, standing, round_id, wanted),
        )


def _troubled(work: Work, round_id: str, state: MessageState, named: int) -> Troubled:
    count, first = work.standings.undelivered(round_id, state, limit=named)
    about = work.submissions.several({each.submission for each in first})
    return Troubled(first=tuple(Line(message=each, submission=about[each.submission]) for each in first), count=count)


def _count(work: Work, standing: RoundStanding, round_id: str, wanted: Wanted) -> int:
    if wanted.text or wanted.state == WITHOUT_CONTACT:
        return work.standings.count(round_id, wanted, now=standing.now)
    return standing.count(wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One unit among the others: its row, how many wait for a coordinator, and which other has waited longest."""

    row: Row
    waiting: int
    next_waiting: Submission | None


def place(db: Database, submission_id: str, *, calendar: Calendar, now: datetime) -> Place:
    """Raises NotFoundError."""
    with db.read() as work:
        submission = work.submissions.get(submission_id)
        reading = _Reading(work, work.rounds.get(submission.round), calendar, now)
        return Place(
            row=reading.rows([submission])[submission_id],
            waiting=work.standings.count(submission.round, WAITING, now=now),
            next_waiting=next((each for each in reading.page(WAITING, 2) if each.id != submission_id), None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedView:
    """Who has not handed in yet, in Swedish order, as many as were asked for."""

    round: Round
    standing: RoundStanding
    owed: tuple[Submission, ...]


def owed(db: Database, round_id: str, *, limit: int, now: datetime) -> OwedView:
    """Raises UnknownRoundError."""
    with db.read() as work:
        return OwedView(
            round=work.rounds.get(round_id),
            standing=RoundStanding(groups=work.standings.groups(round_id), now=now),
            owed=work.standings.submissions(round_id, Wanted(state=OWES), now=now, limit=limit),
        )


def submission_view(db: Database, submission_id: str) -> SubmissionView:
    """Raises NotFoundError."""
    with db.read() as work:
        submission = work.submissions.get(submission_id)
        return SubmissionView(
            round=work.rounds.get(submission.round),
            submission=submission,
            editions=work.editions.of(submission_id),
            recipients=work.recipients.of(submission_id),
            messages=work.outbox.of_submission(submission_id),
        )


# --- rows --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Timetable:
    """When the next reminder goes. Units that stand alike are asked about once: their days take long to count."""

    round: Round
    calendar: Calendar
    now: datetime
    shared: Mapping[str, tuple[Slot, ...]] = field(default_factory=dict)
    known: dict[object, NextMail | None] = field(default_factory=dict)

    def next_mail(self, submission: Submission, messages: Iterable[Message]) -> NextMail | None:
        coming = [message for message in messages if message.state in COMING]
        if coming:
            first = min(coming, key=lambda message: message.due_at)
            return NextMail(kind=first.kind, at=first.due_at)
        accounted = frozenset(known_slots(messages, submission))
        if together := self.shared.get(submission.id):
            return _as_mail(next_after(together, known=accounted, now=self.now))
        return self.next_reminder(submission, accounted)

    def next_reminder(self, submission: Submission, accounted: frozenset[str] = frozenset()) -> NextMail | None:
        in_force = self.calendar.local(submission.due_set_at).date()
        alike = (submission.state, submission.kind, submission.due_at, in_force, accounted)
        if alike not in self.known:
            self.known[alike] = _as_mail(next_reminder(self.round, submission, accounted, self.calendar, self.now))
        return self.known[alike]


def _as_mail(slot: Slot | None) -> NextMail | None:
    return NextMail(kind=slot.mail, at=slot.send_at) if slot else None


class _Reading:
    """The rows of some units, read together."""

    def __init__(self, work: Work, round_: Round, calendar: Calendar, now: datetime) -> None:
        self.round = round_
        self._work, self._calendar, self._now = work, calendar, now
        self.timetable = _Timetable(round_, calendar, now)
        self.looks_up_people = True

    def page(self, wanted: Wanted, limit: int, offset: int = 0) -> tuple[Submission, ...]:
        return self._work.standings.submissions(self.round.id, wanted, now=self._now, limit=limit, offset=offset)

    def rows(self, submissions: Iterable[Submission]) -> dict[str, Row]:
        chosen = {each.id: each for each in submissions}
        people = _by_submission(self._work.standings.recipients(chosen))
        mails = _by_submission(self._work.standings.messages(chosen))
        shared = shared_slots(self._work, people.values(), self._calendar, self._now) if self.looks_up_people else {}
        timetable = replace(self.timetable, shared=shared)
        return {key: _row(timetable, each, people.get(key, []), mails.get(key, [])) for key, each in chosen.items()}

    def next_mails(self) -> tuple[datetime, int] | None:
        return self._work.standings.next_mails(self.round.id, limit=MANY_MAILS)

    def next_times(self, groups: Iterable[Group]) -> list[datetime]:
        """When each of these groups is reminded next."""
        found = (self.timetable.next_reminder(each.example(self.round.id)) for each in groups if each.has_contact)
        return [each.at for each in found if each]


def _next_sending(reading: _Reading, groups: Iterable[Group]) -> NextSending | None:
    """Mails that are planned already, and reminders that will be planned when they are due."""
    coming: dict[datetime, int] = {}
    if planned := reading.next_mails():
        coming[planned[0]] = planned[1]
    for group in groups:
        for at in reading.next_times([group]):
            coming[at] = coming.get(at, 0) + group.units
    return NextSending(at=min(coming), mails=min(coming[min(coming)], MANY_MAILS)) if coming else None


About = TypeVar("About", Recipient, Message)


def _by_submission(found: Iterable[About]) -> dict[str, list[About]]:
    grouped: dict[str, list[About]] = {}
    for each in found:
        grouped.setdefault(each.submission, []).append(each)
    return grouped


def _row(timetable: _Timetable, submission: Submission, people: list[Recipient], messages: list[Message]) -> Row:
    contact = addressee(people, timetable.now)
    return make_row(
        submission,
        contact,
        next_mail=timetable.next_mail(submission, messages) if contact else None,
        undelivered=[each.id for each in messages if each.state in UNDELIVERED],
        unreachable=unreachable(people, contact, timetable.now) if submission.is_owed else (),
        calendar=timetable.calendar,
        now=timetable.now,
    )
