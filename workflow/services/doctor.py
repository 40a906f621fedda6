"""The standing truths over the data: what must hold at any moment, whoever did what in which order."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from workflow.domain.addressing import addressee
from workflow.domain.audit import Chained, first_break
from workflow.domain.messages import Message, MessageKind, MessageState
from workflow.domain.rounds import Round, RoundState
from workflow.ports import Database, Outcome, Work
from workflow.services.mailroom import CHANNEL

OPENING_GRACE = timedelta(minutes=15)
MAIL_GRACE = timedelta(minutes=10)
LEASED = (MessageState.SENDING, MessageState.HANDING)


class Truth(StrEnum):
    """What is looked at; see `examine` for the promise behind each."""

    WHOLE_ROUNDS = "whole_rounds"
    INVITED = "invited"
    LEASES = "leases"
    SENT_WAS_ACCEPTED = "sent_was_accepted"
    CHAIN = "chain"
    OPENED_IN_TIME = "opened_in_time"
    MAIL_LEAVES = "mail_leaves"
    CLOCK = "clock"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A truth and what breaks it: ids, never names; empty when it holds."""

    truth: Truth
    broken: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.broken


def examine(db: Database, *, tick: timedelta, now: datetime) -> tuple[Finding, ...]:
    """Look at everything in one snapshot; nothing is changed. `tick` is how often the scheduler asks.

    - whole_rounds: a round that has opened has as many submissions as its opening froze
    - invited: every submission has its invitation in the ledger, or nobody to invite
    - leases: no mail is under way with a lease that ran out more than two ticks ago
    - sent_was_accepted: every mail called sent has an attempt that a server accepted
    - chain: the log is unbroken
    - opened_in_time: no confirmed round is more than 15 minutes late to open
    - mail_leaves: no planned mail has been due for more than 10 minutes
    - clock: the clock is not suspect
    - channel: the mail server takes mail
    """
    with db.read() as work:
        rounds = work.rounds.all()
        events = work.log.all()
        messages = work.outbox.list()
        guard = work.guards.clock()
        channel = work.channels.get(CHANNEL)
        broken = {
            Truth.WHOLE_ROUNDS: _torn_rounds(work, rounds, events),
            Truth.INVITED: _uninvited(work, rounds, messages),
            Truth.LEASES: _expired(messages, now - 2 * tick),
            Truth.SENT_WAS_ACCEPTED: _never_accepted(work, messages),
            Truth.CHAIN: _broken_links(events),
            Truth.OPENED_IN_TIME: _unopened(rounds, now - OPENING_GRACE),
            Truth.MAIL_LEAVES: _left_lying(messages, now - MAIL_GRACE),
            Truth.CLOCK: [str(guard)] if guard.stands else [],
            Truth.CHANNEL: [channel.reason] if channel.is_blocked else [],
        }
        return tuple(Finding(truth=truth, broken=tuple(found)) for truth, found in broken.items())


def _torn_rounds(work: Work, rounds: Iterable[Round], events: Iterable[Chained]) -> Iterator[str]:
    opened = {link.event.round: link.event.data for link in events if link.event.kind == "round.opened"}
    for each in rounds:
        if each.opened_at is None:
            continue
        frozen = opened.get(each.id, {}).get("submissions")
        if frozen != len(work.submissions.of_round(each.id)):
            yield each.id


def _uninvited(work: Work, rounds: Iterable[Round], messages: Iterable[Message]) -> Iterator[str]:
    invited = {each.submission for each in messages if each.kind is MessageKind.INVITATION}
    for round_ in rounds:
        recipients = work.recipients.of_round(round_.id)
        for submission in work.submissions.of_round(round_.id):
            people = [each for each in recipients if each.submission == submission.id]
            reachable = addressee(people, round_.opened_at or round_.opens_at)
            if reachable and submission.id not in invited:
                yield submission.id


def _expired(messages: Iterable[Message], limit: datetime) -> Iterator[str]:
    for each in messages:
        if each.state in LEASED and (each.lease_until is None or each.lease_until < limit):
            yield each.id


def _never_accepted(work: Work, messages: Iterable[Message]) -> Iterator[str]:
    for each in messages:
        if each.state is MessageState.SENT:
            outcomes = {attempt.outcome for attempt in work.outbox.attempts(each.id)}
            if Outcome.ACCEPTED not in outcomes:
                yield each.id


def _broken_links(events: Iterable[Chained]) -> Iterator[str]:
    place = first_break(events)
    if place is not None:
        yield f"event {place}"


def _unopened(rounds: Iterable[Round], limit: datetime) -> Iterator[str]:
    return (each.id for each in rounds if each.state is RoundState.PLANNED and each.confirmed and each.opens_at < limit)


def _left_lying(messages: Iterable[Message], limit: datetime) -> Iterator[str]:
    return (each.id for each in messages if each.state is MessageState.PLANNED and each.due_at < limit)
