"""Planning the coordinators' daily mail: a row for each of them and day, whether or not there is something to tell."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from workflow.domain.addressing import addressee
from workflow.domain.arrivals import FOR_THE_OFFICE, Arrival
from workflow.domain.audit import Event
from workflow.domain.calendar import Calendar
from workflow.domain.details import Correction, CorrectionState
from workflow.domain.digest import (
    MISSED,
    NOTHING_TO_DO,
    Chores,
    DigestPolicy,
    due_on,
    for_review_by,
    look,
    missed_days,
    review_is_due,
    why_not,
)
from workflow.domain.extensions import ExtensionState
from workflow.domain.messages import TO_OFFICE, TOO_LATE, UNDELIVERED, Message, MessageKind, MessageState
from workflow.domain.people import Account, fold_address
from workflow.domain.plans import RoundPlans
from workflow.domain.rounds import Round, RoundState
from workflow.domain.submissions import Recipient
from workflow.domain.unconfirmed import Unconfirmed, unconfirmed
from workflow.ports import Database, Secrets, Work
from workflow.services.office_troubles import troubled_mails
from workflow.services.rounds import SYSTEM

HELD_DAYS = 5  # working days before a round opens from which it is told that somebody has to confirm it
LOOKS_BACK = timedelta(days=120)  # longer than any reminder of reviews is told to wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """The coordinators and what of the open rounds needs doing, read in one go."""

    accounts: tuple[Account, ...]
    chores: tuple[Chores, ...]
    today: date
    corrections: tuple[Correction, ...] = ()
    """What people want changed in the register, and nobody has answered."""
    mailed: tuple[Arrival, ...] = ()
    """What came in by mail, is about no unit, and waits for somebody; oldest first."""
    held: tuple[Unconfirmed, ...] = ()
    """Rounds that wait for a person to confirm them and open soon, or should have; the first to open first."""
    troubled: tuple[Message, ...] = ()
    """Mails about no unit that did not arrive, or perhaps did."""

    def troubled_for(self, address: str) -> tuple[Message, ...]:
        """Without this coordinator's own: a mail that only tells of itself would go, and fail, for ever."""
        return tuple(each for each in self.troubled if each.address != fold_address(address))

    def others(self, address: str) -> bool:
        """Whether something needs doing, by the coordinator at this address, beside the open rounds."""
        return bool(self.corrections or self.held or self.mailed or self.troubled_for(address))

    def account(self, message: Message) -> Account | None:
        return next((each for each in self.accounts if each.email == message.to_email), None)

    def against(self, message: Message) -> str:
        """Why this mail must not go any more, or ""."""
        return why_not(
            message, self.account(message), self.chores, self.accounts, self.today, others=self.others(message.to_email)
        )


def read_agenda(work: Work, *, calendar: Calendar, now: datetime, plans: RoundPlans | None = None) -> Agenda:
    """`plans` None: rounds.toml cannot be read, which hides nothing that is in the database.

    Five queries for each open round; nothing is locked: a digest asks nobody for anything.
    """
    rounds = work.rounds.all()
    return Agenda(
        accounts=work.access.accounts(),
        chores=tuple(_chores(work, each, calendar, now) for each in rounds if each.state is RoundState.OPEN),
        today=calendar.local(now).date(),
        corrections=work.details.corrections(states={CorrectionState.ASKED}),
        mailed=work.incoming.list(kinds=FOR_THE_OFFICE, open_only=True, without_unit=True)[::-1],
        held=_held(unconfirmed(rounds, plans, now), calendar, now),
        troubled=troubled_mails(work, now),
    )


def plan_digests(
    db: Database,
    policy: DigestPolicy,
    *,
    secrets: Secrets,
    calendar: Calendar,
    now: datetime,
    plans: RoundPlans | None = None,
) -> int:
    """Plan today's mails, once for each coordinator and day; gives how many are to be sent.

    A day on which there is nothing to tell, or that nobody planned in time, stands in the ledger as skipped. Nothing
    is planned on days without sending, before the time of day, or while no round is open and nothing else waits.
    """
    today = calendar.local(now).date()
    due_at = due_on(today, policy, calendar)
    if not policy.sends or due_at is None or now < due_at:
        return 0
    with db.read() as work:
        ledger = work.outbox.about_no_unit(now - LOOKS_BACK)
        lacking = _lacking(work.access.accounts(), ledger, policy, today)
        if not lacking:  # at most ticks all is planned
            return 0
        agenda = read_agenda(work, plans=plans, calendar=calendar, now=now)
    planner = Planner(agenda, policy, ledger, secrets, calendar, now)
    telling = [each for each in lacking if agenda.chores or agenda.others(each.email)]
    rows = [row for account in telling for row in planner.rows(account)]
    return _plan(db, rows, now)


def _plan(db: Database, rows: Sequence[Message], now: datetime) -> int:
    """Whoever plans the same at the same time finds the key taken."""
    if not rows:
        return 0
    with db.begin() as work:
        if not work.outbox.plan(rows):
            return 0
        planned = sum(row.state is MessageState.PLANNED for row in rows)
        data = {"planned": planned, "skipped": len(rows) - planned}
        work.log.append(Event(kind="digests.planned", actor=SYSTEM, at=now, data=data))
        return planned


@dataclass(frozen=True, slots=True)
class Planner:
    """What the ledger lacks for a coordinator today: the day's row, and those of the days that were missed."""

    agenda: Agenda
    policy: DigestPolicy
    ledger: tuple[Message, ...]
    secrets: Secrets
    calendar: Calendar
    now: datetime

    def rows(self, account: Account) -> list[Message]:
        own = [each for each in self.ledger if each.to_email == account.email and each.kind in TO_OFFICE]
        last = max((date.fromisoformat(each.slot) for each in own), default=None)
        opens = (self.calendar.local(each.round.opens_at).date() for each in self.agenda.chores)
        opened = min(opens, default=self.agenda.today)
        days = missed_days(last, opened=opened, today=self.agenda.today, calendar=self.calendar)
        missed = [self._row(account, day).skip(MISSED) for day in days]
        return [*missed, self._todays(account, own)]

    def _todays(self, account: Account, own: Sequence[Message]) -> Message:
        row = self._row(account, self.agenda.today)
        if not self._is_due(account, own):
            return row.skip(NOTHING_TO_DO)
        return row if self.calendar.in_window(self.now) else row.skip(TOO_LATE)

    def _is_due(self, account: Account, own: Sequence[Message]) -> bool:
        if account.digest:
            return self.agenda.others(account.email) or any(each.anything for each in self.agenda.chores)
        reminded = [date.fromisoformat(each.slot) for each in own if _reminded(each)]
        return review_is_due(
            for_review_by(account, self.agenda.chores, self.agenda.accounts),
            self.policy,
            reminded_on=max(reminded, default=None),
            today=self.agenda.today,
            calendar=self.calendar,
        )

    def _row(self, account: Account, day: date) -> Message:
        return Message(
            id=self.secrets.new_id(),
            round="",
            submission="",
            recipient="",
            kind=MessageKind.DIGEST if account.digest else MessageKind.REVIEW_REMINDER,
            slot=day.isoformat(),
            deadline_revision=0,
            to_name=account.name,
            to_email=account.email,
            language=account.language,
            due_at=due_on(day, self.policy, self.calendar) or self.calendar.at(day, self.policy.at),
            give_up_at=self.calendar.end_of_day(day),
            detail={"after": str(self.policy.review_after)},
            created_at=self.now,
        )


def _reminded(row: Message) -> bool:
    ended_unsent = row.state in {MessageState.SKIPPED, MessageState.CANCELLED}
    return row.kind is MessageKind.REVIEW_REMINDER and not ended_unsent


def _lacking(
    accounts: Iterable[Account], ledger: Iterable[Message], policy: DigestPolicy, today: date
) -> tuple[Account, ...]:
    """Who has no row for today, of either kind: whoever changes their mind in the morning still has one mail."""
    have = {each.to_email for each in ledger if each.slot == today.isoformat() and each.kind in TO_OFFICE}
    wanting = (each for each in accounts if each.digest or policy.review_after)
    return tuple(each for each in wanting if each.email not in have)


def _held(waiting: Iterable[Unconfirmed], calendar: Calendar, now: datetime) -> tuple[Unconfirmed, ...]:
    """In time for somebody to look through the round before it opens."""
    soon = calendar.add_working_days(calendar.local(now).date(), HELD_DAYS)
    return tuple(each for each in waiting if calendar.local(each.opens_at).date() <= soon)


def _chores(work: Work, round_: Round, calendar: Calendar, now: datetime) -> Chores:
    people: dict[str, list[Recipient]] = {}
    for each in work.recipients.of_round(round_.id):
        people.setdefault(each.submission, []).append(each)
    contacts = {id_: chosen for id_, theirs in people.items() if (chosen := addressee(theirs, now))}
    troubled = work.outbox.list(round_id=round_.id, states=UNDELIVERED)
    asked = work.extensions.of_round(round_.id, states={ExtensionState.ASKED})
    mailed = work.incoming.list(round_id=round_.id, kinds=FOR_THE_OFFICE, open_only=True)
    submissions = work.submissions.of_round(round_.id)
    return look(round_, submissions, contacts, troubled, asked, arrivals=mailed, calendar=calendar, now=now)
