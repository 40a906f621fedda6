"""The coordinators' daily mail: when it goes, and what of a round needs doing today. Never a word of a draft."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import accumulate, repeat, takewhile

from workflow.domain.arrivals import Arrival
from workflow.domain.calendar import Calendar
from workflow.domain.extensions import Extension
from workflow.domain.messages import OWED_ONLY, TOO_LATE, Message, MessageKind, MessageState
from workflow.domain.people import Account, sort_key
from workflow.domain.rounds import Round
from workflow.domain.submissions import Recipient, State, Submission

NOTHING_TO_DO = "nothing_to_do"
NOT_WANTED = "not_wanted"
NO_ACCOUNT = "no_account"
MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPolicy:
    """One mail to each coordinator at `at` on sending days; `sends` False: to nobody.

    Who has turned the digest off is only reminded of answers that wait for a review: first when they have waited
    `review_after` working days, then every `review_every` (0: never).
    """

    sends: bool = True
    at: time = time(8)
    review_after: int = 3
    review_every: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An answer that waits for a review since some local day, in which it has waited `days` working days."""

    submission: Submission
    since: date
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A unit that owes its answer after its last day, by so many working days, and whom to call."""

    submission: Submission
    days: int
    contact: Recipient | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A unit that has asked for more time, until when, and that nobody has answered yet."""

    submission: Submission
    wished: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Chores:
    """What of one round needs doing; units in Swedish order, what has waited longest first.

    `failed` and `unknown` are mails that did not arrive, or perhaps did; only those that still matter. `mailed` came in
    and waits for somebody.
    """

    round: Round
    submissions: tuple[Submission, ...]
    late: tuple[Late, ...]
    waiting: tuple[Waiting, ...]
    failed: tuple[Message, ...]
    unknown: tuple[Message, ...]
    without_contact: tuple[Submission, ...]
    asked: tuple[Asked, ...] = ()
    mailed: tuple[Arrival, ...] = ()

    @property
    def anything(self) -> bool:
        return any((self.asked, self.mailed, self.late, self.waiting, self.failed, self.unknown, self.without_contact))

    @property
    def names(self) -> Mapping[str, str]:
        """The units' names by submission."""
        return {each.id: each.unit_name for each in self.submissions}

    def count(self, *states: State) -> int:
        return sum(each.state in states for each in self.submissions)


def look(
    round_: Round,
    submissions: Iterable[Submission],
    contacts: Mapping[str, Recipient],
    troubled: Iterable[Message],
    requests: Iterable[Extension] = (),
    *,
    arrivals: Iterable[Arrival] = (),
    calendar: Calendar,
    now: datetime,
) -> Chores:
    """Sort out what of a round needs doing.

    `contacts` has whom mail to a submission goes to, if anybody; `troubled` are the mails that ended UNDELIVERED,
    `requests` those for more time that nobody has answered, `arrivals` what came in by mail, newest first.
    """
    ordered = tuple(sorted(submissions, key=lambda each: sort_key(each.unit_name)))
    known = {each.id: each for each in ordered}
    mattering = [each for each in troubled if each.submission in known and matters(each, known[each.submission])]
    late = [
        Late(submission=each, days=calendar.days_late(each.due_at, now), contact=contacts.get(each.id))
        for each in ordered
        if each.is_overdue(now)
    ]
    waiting = [_waiting(each, calendar, now) for each in ordered if each.state is State.SUBMITTED]
    return Chores(
        round=round_,
        submissions=ordered,
        late=tuple(sorted(late, key=lambda each: -each.days)),
        waiting=tuple(sorted(waiting, key=lambda each: each.since)),
        failed=tuple(each for each in mattering if each.state is MessageState.FAILED),
        unknown=tuple(each for each in mattering if each.state is MessageState.UNKNOWN),
        without_contact=tuple(each for each in ordered if each.is_owed and each.id not in contacts),
        asked=tuple(
            Asked(submission=known[each.submission], wished=each.wished)
            for each in requests
            if each.submission in known and each.wished
        ),
        mailed=tuple(each for each in arrivals if each.needs_office and each.submission in known)[::-1],
    )


def matters(message: Message, submission: Submission) -> bool:
    """Whether a mail that did not arrive needs somebody: a reminder of what has come in since does not."""
    return submission.is_owed or message.kind not in OWED_ONLY


def _waiting(submission: Submission, calendar: Calendar, now: datetime) -> Waiting:
    since = calendar.local(submission.handed_in_at or now).date()
    days = calendar.working_days_between(since, calendar.local(now).date())
    return Waiting(submission=submission, since=since, days=days)


def due_on(day: date, policy: DigestPolicy, calendar: Calendar) -> datetime | None:
    """When the mail of a day is due; None on a day without sending, or without any at that time or later."""
    due_at = calendar.next_window(calendar.at(day, policy.at))
    return due_at if calendar.local(due_at).date() == day else None


# --- reviews --------------------------------------------------------------------------------------------------------


def for_review_by(account: Account, chores: Iterable[Chores], accounts: Sequence[Account]) -> tuple[Waiting, ...]:
    """What waits for this coordinator: what they returned themselves, and what no other coordinator did."""
    others = {each.id for each in accounts} - {account.id}
    return tuple(each for found in chores for each in found.waiting if each.submission.decided_by not in others)


def review_is_due(
    waiting: Iterable[Waiting], policy: DigestPolicy, *, reminded_on: date | None, today: date, calendar: Calendar
) -> bool:
    """Whether one of these has come to a day of reminding since the last one (`reminded_on`): a missed day counts."""
    days = (_last_occasion(each, policy, today, calendar) for each in waiting)
    return any(day is not None and (reminded_on is None or day > reminded_on) for day in days)


def _last_occasion(waiting: Waiting, policy: DigestPolicy, today: date, calendar: Calendar) -> date | None:
    if not policy.review_after or waiting.days < policy.review_after:
        return None
    first = calendar.add_working_days(waiting.since, policy.review_after)
    if not policy.review_every:
        return first
    steps = accumulate(repeat(policy.review_every), calendar.add_working_days, initial=first)
    return max(takewhile(lambda day: day <= today, steps), default=None)


def have_waited(waiting: Iterable[Waiting], days: int) -> tuple[Waiting, ...]:
    return tuple(each for each in waiting if each.days >= days)


# --- still true? ----------------------------------------------------------------------------------------------------


def why_not(
    message: Message,
    account: Account | None,
    chores: Sequence[Chores],
    accounts: Sequence[Account],
    today: date,
    *,
    others: bool = False,
) -> str:
    """Why a mail to a coordinator must not go any more, or "". Yesterday's is never sent today.

    `others`: whether something needs doing beside the rounds.
    """
    if message.slot != today.isoformat():
        return TOO_LATE
    if account is None:
        return NO_ACCOUNT
    if message.kind is MessageKind.DIGEST:
        return (
            NOT_WANTED
            if not account.digest
            else ""
            if others or any(each.anything for each in chores)
            else NOTHING_TO_DO
        )
    return "" if reminded_of(message, account, chores, accounts) else NOTHING_TO_DO


def reminded_of(
    message: Message, account: Account, chores: Sequence[Chores], accounts: Sequence[Account]
) -> tuple[Waiting, ...]:
    """What a reminder of reviews speaks of: the row says how long it must have waited."""
    return have_waited(for_review_by(account, chores, accounts), int(message.detail.get("after", "0")))


def missed_days(last: date | None, *, opened: date, today: date, calendar: Calendar) -> tuple[date, ...]:
    """The sending days before today that the ledger does not account for, as far back as the last one it does.

    Nothing is missed by a coordinator who has never had a row.
    """
    if last is None:
        return ()
    first = max(last.toordinal() + 1, opened.toordinal())
    days = (date.fromordinal(number) for number in range(first, today.toordinal()))
    return tuple(day for day in days if calendar.is_sending_day(day))
