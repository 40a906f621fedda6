"""A reminder about several units: one row leads, the others travel with it and move as it moves.

A person gets one reminder a day, about all units they answer for; the ledger still has one row per unit, each under its
own unique key. Who leads is not stored but follows from what is there: of the due rows to an address the first one
(due, unit) is all that workers are given, and whoever claims it takes the others along. So if the lead's unit hands in,
the next row leads, nothing points at anything that is gone, and two workers never hold one person's mail in halves.

Until the marker the company is bound by nothing but the worker's hands. If one of its units has become untrue by then,
that row is cancelled, the others are put back, and the mail is written anew. The marker's transaction reads every unit
again under lock, and writes into each row which mail told of it (`lead`). From then on the bytes stand for ever, and so
does the company: sent, unknown, tried again or skipped by a person, it is all one. What can no longer be said in those
bytes falls as a whole, and says why.

Leases and fences are each row's own: a crash leaves of every row what it would have left of a mail by itself.
"""

from collections.abc import Sequence
from dataclasses import replace

from workflow.domain.messages import Message
from workflow.ports import Work

Pair = tuple[Message, Message]


def whole(before: Message, after: Message) -> tuple[Pair, ...]:
    """The lead's move, and with it that of its company."""
    return ((before, after), *((each, each.follow(before, after)) for each in before.company))


def as_one(before: Message, after: Message) -> tuple[Pair, ...]:
    """`whole`, of those that stand as the lead does: what has come to another end stays there."""
    alike = tuple(each for each in before.company if each.state is before.state)
    return whole(replace(before, company=alike), after)


def after_all(pairs: Sequence[Pair]) -> Message:
    """The lead as it is after these moves, with its company as it is then."""
    lead, company = pairs[0][1], tuple(after for _, after in pairs[1:])
    return replace(lead, company=company) if company else lead


def change_whole(work: Work, pairs: Sequence[Pair]) -> tuple[bool, ...]:
    """`Outbox.change_all` for mails with their company; per mail whether its lead was written."""
    groups = [whole(*pair) for pair in pairs]
    stands = iter(work.outbox.change_all([pair for group in groups for pair in group]))
    return tuple(all([next(stands) for _ in group][:1]) for group in groups)


def whole_or_alone(work: Work, row: Message) -> Message:
    """The mail that told of this row, as `complete`; the row alone where that mail has come to another end."""
    mail = complete(work, row)
    return mail if mail.state is row.state else row


def complete(work: Work, message: Message) -> Message:
    """The mail that told of this row, with all that it told of, as they stand in the ledger."""
    lead = work.outbox.get(message.lead) if message.lead else message
    return replace(lead, company=work.outbox.told_by([lead.id]).get(lead.id, ()))
