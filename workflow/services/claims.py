"""Claiming what is due: one short transaction in which nothing is rendered and nobody is waited for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from workflow.domain.calendar import Calendar
from workflow.domain.channel import ChannelState
from workflow.domain.errors import StaleWriteError
from workflow.domain.messages import (
    CONTACT_CHANGED,
    TO_OFFICE,
    WORDS_UNTRUE,
    Message,
    MessageKind,
    MessageState,
    end_of_day,
    fate,
    moment,
    why_untrue,
)
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import Standing
from workflow.ports import Work
from workflow.services.addressing import readdress
from workflow.services.channel import admit
from workflow.services.company import Pair, after_all, whole
from workflow.services.details import Roll, read_roll
from workflow.services.digest import Agenda, read_agenda
from workflow.services.mailroom import Mailroom, Plans, log_message

BATCH = 100
_GOES_ON = frozenset({MessageState.PLANNED, MessageState.SENDING})


@dataclass(frozen=True, slots=True)
class Batch:
    """Claimed mails, and how the way out stood. `goes_on`: something was decided, so that another look is worth it."""

    mails: tuple[Message, ...]
    channel: ChannelState
    goes_on: bool


@dataclass(frozen=True, slots=True)
class Truths:
    """What the mails of one transaction are about, read in one go."""

    submissions: Mapping[str, Standing]
    rounds: Mapping[str, RoundState]
    agenda: Agenda | None
    """Where a mail to a coordinator is among them."""
    roll: Roll | None = None
    """Where somebody is asked whether the register is right."""

    def against(self, message: Message, now: datetime) -> str:
        """Why this mail must not go any more, or ""."""
        if message.kind in TO_OFFICE:
            return self.agenda.against(message) if self.agenda else ""
        if message.kind is MessageKind.DETAILS_CHECK:
            return self.roll.against(message) if self.roll else ""
        if message.kind is MessageKind.DETAILS_REFUSED:
            return ""  # it tells of what has been decided
        submission = self.submissions[message.submission]
        return why_untrue(message, submission, round_state=self.rounds[message.round], now=now)


def read_truths(
    work: Work,
    mails: Sequence[Message],
    *,
    calendar: Calendar,
    now: datetime,
    lock: bool,
    plans: Plans = lambda: None,
) -> Truths:
    """Of these mails and their company.

    Locked: the submissions in the order of their ids, and nobody submits until the transaction ends.
    """
    messages = [row for each in mails for row in (each, *each.company)]
    to_office = any(each.kind in TO_OFFICE for each in messages)
    asks = any(each.kind is MessageKind.DETAILS_CHECK for each in messages)
    return Truths(
        work.submissions.standings({each.submission for each in messages if each.submission}, lock=lock),
        work.rounds.states({each.round for each in messages if each.round}),
        read_agenda(work, plans=plans(), calendar=calendar, now=now) if to_office else None,
        read_roll(work, messages, calendar=calendar, now=now) if asks else None,
    )


def claim(room: Mailroom, *, leave_now: int = 0) -> Batch:
    """Claim up to a batch of what is due, true and inside its window, as far as the way out admits.

    Where a rate is kept no more than can leave now: a token is good for the moment in which it is taken.
    """
    now = room.clock.now()
    if room.is_ending() or room.held():  # after the reading: a jump before it has been seen
        return Batch((), ChannelState(name=""), goes_on=False)
    with room.db.begin() as work:
        admission = admit(work, room.rate, wanted=min(BATCH, leave_now) if room.rate.is_limited else BATCH, now=now)
        if not admission.mails:
            return Batch((), admission.state, goes_on=False)
        until = end_of_day(room.calendar, now) if room.calendar.in_window(now) else now  # else nothing leaves
        due = _with_company(work, work.outbox.due(now, limit=BATCH), until)
        # Read without a lock: whoever submits holds the submission and waits for these rows. The marker asks again.
        truths = read_truths(work, due, calendar=room.calendar, now=now, lock=False, plans=room.plans)
        due = [_in_time(each, truths, now) for each in due]
        rows = [row for each in due for row in (each, *each.company)]
        passed_on = [each for each in rows if each.is_passed_on(now) and truths.against(each, now) == CONTACT_CHANGED]
        if passed_on:  # whoever takes over gets one mail of it and of their own: look anew, at all that there is now
            for each in passed_on:
                readdress(work, each, secrets=room.secrets, now=now)
            return Batch((), admission.state, goes_on=True)
        decide = _decision(room, truths, now)
        decided = [pair for message in due for pair in _decided(message, decide)]
        claims = [pair for pair in decided if pair[1].state is MessageState.SENDING][: admission.mails]
        others = [pair for pair in decided if pair[1].state is not MessageState.SENDING]
        _settle(work, others, now)
        claimed = _take(work, claims, now)
        admission.settle(work, len(claimed), now)
        return Batch(claimed, admission.state, goes_on=bool(claims or others))


def _with_company(work: Work, due: Sequence[Message], until: datetime) -> list[Message]:
    """Each mail with the rows that it is to tell of, or has told of already.

    Also with what stands in the ledger for later the same day (`until`): a person gets one mail about all of it. What
    somebody else holds a part of at this moment is left for another claim.
    """
    fresh = [each for each in due if each.is_reminder and each.frozen is None and not each.lead]
    told = [each.id for each in due if each.is_reminder and each.frozen is not None]
    beside = work.outbox.company(fresh, until) if fresh else {}
    torn = {each.id for each in fresh} - beside.keys()
    company = beside | (work.outbox.told_by(told) if told else {})
    return [_accompanied(each, company.get(each.id, ())) for each in due if each.id not in torn]


def _accompanied(message: Message, company: Sequence[Message]) -> Message:
    return replace(message, company=_one_a_unit(message, company)) if company else message


def _one_a_unit(message: Message, company: Sequence[Message]) -> tuple[Message, ...]:
    """A mail tells of each unit once; the belt sees to the others."""
    soonest = sorted(company, key=lambda each: each.due_at)
    by_unit = {each.submission: each for each in reversed(soonest) if each.submission != message.submission}
    return tuple(each for each in company if by_unit.get(each.submission) is each)


def _in_time(message: Message, truths: Truths, now: datetime) -> Message:
    """Without what has its time later today and could not be told of now: that is decided on at its time."""
    if all(each.due_at <= now for each in message.company):
        return message
    stays = (each for each in message.company if each.due_at <= now or not truths.against(each, now))
    return replace(message, company=tuple(stays))


def _decided(message: Message, decide: Callable[[Message], Message]) -> list[Pair]:
    """What becomes of a mail, and of its company where that goes ways of its own."""
    if message.lead:
        return [(message, message.cancel(WORDS_UNTRUE))]  # the mail that told of it has ended
    if not message.company:
        return [(message, decide(message))]
    rows = (replace(message, company=()), *message.company)
    decided = [(each, decide(each) if each.state is MessageState.PLANNED else each) for each in rows]
    if message.frozen and any(after.state not in _GOES_ON for _, after in decided):
        waiting = [pair for pair in decided if pair[0].state is MessageState.PLANNED]
        return [(each, each.cancel(WORDS_UNTRUE) if after.state in _GOES_ON else after) for each, after in waiting]
    others = [pair for pair in decided if pair[1].state is not MessageState.SENDING]
    if decided[0] in others:
        return others  # the next one leads
    along = tuple(each for each, after in decided[1:] if after.state is MessageState.SENDING)
    return [(replace(message, company=along), decided[0][1]), *others]


def _decision(room: Mailroom, truths: Truths, now: datetime) -> Callable[[Message], Message]:
    """What becomes of a due mail; the calendar is asked once for all."""
    at = moment(room.calendar, now)

    def decide(message: Message) -> Message:
        return fate(message, truths.against(message, now), at)

    return decide


def _settle(work: Work, pairs: Sequence[Pair], now: datetime) -> None:
    """Write what does not go now, and say so where that is the end of it."""
    for (_, after), stands in zip(pairs, work.outbox.change_all(pairs), strict=True):
        if stands and after.state is MessageState.CANCELLED:
            log_message(work, "message.cancelled", after, now, why=after.reason)
        elif stands and after.state is MessageState.SKIPPED:
            log_message(work, "message.skipped", after, now)


def _take(work: Work, pairs: Sequence[Pair], now: datetime) -> tuple[Message, ...]:
    """What was claimed, each mail with the company that was claimed with it."""
    groups = [whole(*pair) for pair in pairs]
    try:
        flat = iter(work.outbox.change_all([pair for group in groups for pair in group]))
    except StaleWriteError:  # the second belt: one at a time shows whose
        return tuple(filter(None, (_take_one(work, group, now) for group in groups)))
    taken = [[pair for pair in group if next(flat)] for group in groups]
    return tuple(after_all(mine) for mine, group in zip(taken, groups, strict=True) if mine[:1] == list(group[:1]))


def _take_one(work: Work, group: Sequence[Pair], now: datetime) -> Message | None:
    try:
        stands = work.outbox.change_all(group)
    except StaleWriteError:  # this person has had a reminder today
        for message, _ in group:
            work.outbox.change(message, message.skip("one_a_day"))
            log_message(work, "message.skipped", message, now)
        return None
    return after_all([pair for pair, mine in zip(group, stands, strict=True) if mine]) if stands[0] else None
