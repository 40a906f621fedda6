"""Claiming what is due: one short transaction in which nothing is rendered and nobody is waited for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.domain.calendar import Calendar
from workflow.domain.channel import ChannelState
from workflow.domain.errors import StaleWriteError
from workflow.domain.messages import CONTACT_CHANGED, TO_OFFICE, Message, MessageState, fate, moment, why_untrue
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import Standing
from workflow.ports import Work
from workflow.services.addressing import readdress
from workflow.services.channel import admit
from workflow.services.digest import Agenda, read_agenda
from workflow.services.mailroom import Mailroom, log_message

BATCH = 100

Pair = tuple[Message, Message]


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

    def against(self, message: Message, now: datetime) -> str:
        """Why this mail must not go any more, or ""."""
        if message.kind in TO_OFFICE:
            return self.agenda.against(message) if self.agenda else ""
        submission = self.submissions[message.submission]
        return why_untrue(message, submission, round_state=self.rounds[message.round], now=now)


def read_truths(work: Work, messages: Sequence[Message], *, calendar: Calendar, now: datetime, lock: bool) -> Truths:
    """Locked: the submissions in the order of their ids, and nobody submits until the transaction ends."""
    to_office = any(each.kind in TO_OFFICE for each in messages)
    return Truths(
        work.submissions.standings({each.submission for each in messages if each.submission}, lock=lock),
        work.rounds.states({each.round for each in messages if each.round}),
        read_agenda(work, calendar=calendar, now=now) if to_office else None,
    )


def claim(room: Mailroom) -> Batch:
    """Claim up to a batch of what is due, true and inside its window, as far as the way out admits."""
    now = room.clock.now()
    if room.held():  # after the reading: a jump before it has been seen
        return Batch((), ChannelState(name=""), goes_on=False)
    with room.db.begin() as work:
        admission = admit(work, room.rate, wanted=BATCH, now=now)
        if not admission.mails:
            return Batch((), admission.state, goes_on=False)
        due = work.outbox.due(now, limit=BATCH)
        # Read without a lock: whoever submits holds the submission and waits for these rows. The marker asks again.
        truths = read_truths(work, due, calendar=room.calendar, now=now, lock=False)
        passed_on = [each for each in due if each.is_passed_on(now) and truths.against(each, now) == CONTACT_CHANGED]
        stands = {each.id: readdress(work, each, secrets=room.secrets, now=now) for each in passed_on}
        due = tuple(mine for each in due if (mine := stands.get(each.id, each)))
        decide = _decision(room, truths, now)
        decided = [(message, decide(message)) for message in due]
        claims = [pair for pair in decided if pair[1].state is MessageState.SENDING][: admission.mails]
        others = [pair for pair in decided if pair[1].state is not MessageState.SENDING]
        _settle(work, others, now)
        claimed = _take(work, claims, now)
        admission.settle(work, len(claimed), now)
        return Batch(claimed, admission.state, goes_on=bool(claims or others or passed_on))


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
    try:
        stands = work.outbox.change_all(pairs)
    except StaleWriteError:  # the second belt: one at a time shows whose
        return tuple(filter(None, (_take_one(work, *pair, now) for pair in pairs)))
    return tuple(after for (_, after), mine in zip(pairs, stands, strict=True) if mine)


def _take_one(work: Work, message: Message, claimed: Message, now: datetime) -> Message | None:
    try:
        return claimed if work.outbox.change(message, claimed) else None
    except StaleWriteError:  # this person has had a reminder about this today
        work.outbox.change(message, message.skip("one_a_day"))
        log_message(work, "message.skipped", message, now)
        return None
