"""Sending: claim, write, hand over with a marker just before the final dot, and say what became of it.

The states and every crash between them are those of the ledger (domain/messages.py): what is before the marker may be
tried again, what is after it is never resent by itself.
"""

from dataclasses import replace
from datetime import datetime
from functools import partial

from workflow.domain.calendar import Calendar
from workflow.domain.errors import RefusedError, StaleWriteError
from workflow.domain.messages import Message
from workflow.ports import Database, Work
from workflow.services.addressing import refuse_replaced
from workflow.services.claims import read_truths
from workflow.services.company import as_one, complete, whole_or_alone
from workflow.services.crew import Crew
from workflow.services.flights import fly
from workflow.services.letters import link_url
from workflow.services.mailroom import Mailroom, Tally, log_message
from workflow.services.one_a_day import leaves_at

RECOVERED_AT_ONCE = 20


def deliver(room: Mailroom) -> Tally:
    """Send what is due, in batches over the same connections, until nothing is or the way out is shut.

    Safe in any number of workers at once.
    """
    recover(room.db, now=room.clock.now())
    with Crew(room.postman, room.connections) as crew:
        return fly(room, crew)


def recover(db: Database, *, now: datetime) -> int:
    """Take over what dead workers left: before the marker it is planned again, after it it is `unknown`.

    All of it, a few rows at a time: who answers for several units is told of none while one is still to be taken over.
    """
    return sum(iter(partial(_recover_some, db, now), 0))


def _recover_some(db: Database, now: datetime) -> int:
    with db.begin() as work:
        expired = work.outbox.expired(now, limit=RECOVERED_AT_ONCE)
        for message in expired:
            after = message.recover()
            if work.outbox.change(message, after):
                log_message(work, f"message.{after.state}", after, now)
        return len(expired)


class NoOtherDayError(RefusedError):
    """It cannot leave today, and would be dropped on the day on which it could."""

    sentence = (
        "Mejlet kan inte gå i dag, för personen har redan fått dagens påminnelse. Det skulle kunna gå {when}, men då "
        "behövs det inte längre. Ring eller skriv själv."
    )


def send_again(db: Database, message_id: str, *, by: str, why: str, calendar: Calendar, now: datetime) -> Message:
    """A person decides that a failed or unknown mail goes again; one that may have come in the same bytes.

    A row that another mail told of goes again with that mail. A reminder to somebody who has had one today waits for
    the next working day: `due_at` says when it goes. Raises ReplacedReaderError, NoOtherDayError.
    """
    with db.begin() as work:
        message = complete(work, work.outbox.get(message_id))
        refuse_replaced(work, message, now=now)
        leaves = leaves_at(work, message, calendar=calendar, now=now) if message.is_reminder else now
        again = _put_off(work, message.again(now, why), leaves, calendar=calendar, now=now)
        return _decide(work, message, again, "message.again", by=by, now=now)


def _put_off(work: Work, message: Message, leaves: datetime, *, calendar: Calendar, now: datetime) -> Message:
    if leaves in {now, calendar.next_window(now)}:
        return message
    truths = read_truths(work, [message], calendar=calendar, now=now, lock=True)
    if truths.against(message, leaves):
        raise NoOtherDayError(when=leaves)
    return replace(message, due_at=leaves)


def skip(db: Database, message_id: str, *, by: str, why: str, now: datetime) -> Message:
    """A person decides that a planned mail does not go, or that nothing more is done about one, whole as it is."""
    with db.begin() as work:
        message = whole_or_alone(work, work.outbox.get(message_id))
        return _decide(work, message, message.skip(why), "message.skipped", by=by, now=now)


def _decide(work: Work, before: Message, after: Message, event: str, *, by: str, now: datetime) -> Message:
    group = as_one(before, after)
    if not all(work.outbox.change_all(group)):
        raise StaleWriteError
    for _, row in group:
        log_message(work, event, row, now, by=by)
    return after


__all__ = ["Mailroom", "Tally", "deliver", "link_url", "recover", "send_again", "skip"]
