"""A planned mail whose reader has been succeeded: written anew to the one who is right now."""

from dataclasses import replace
from datetime import datetime

from workflow.domain.addressing import addressee, as_copies, copied, right_until
from workflow.domain.errors import RefusedError
from workflow.domain.messages import CONTACT_CHANGED, OF_ONE_PERSON, Message, MessageState
from workflow.domain.reminders import slot_audience
from workflow.domain.submissions import Recipient
from workflow.ports import Secrets, Work
from workflow.services.mailroom import log_message


class ReplacedReaderError(RefusedError):
    sentence = (
        "Mejlet går inte att skicka igen: någon som det är skrivet till har bytts ut. "
        "Hör av dig till den som är kontaktperson nu."
    )


def readdress(work: Work, message: Message, *, secrets: Secrets, now: datetime) -> None:
    """A waiting mail gets other copies, or falls and is written anew to whoever is its reader now.

    Its slot stays accounted for: the planner makes no second mail of it.
    """
    people = work.recipients.of(message.submission)
    to = addressee(people, now, slot_audience(message.slot))
    if to is not None and to.id == message.recipient:
        work.outbox.change(message, _with_copies(message, people, to, now))
        return
    fallen = message.cancel(CONTACT_CHANGED)
    if work.outbox.change(message, fallen):
        log_message(work, "message.cancelled", fallen, now, why=CONTACT_CHANGED)
        write_anew(work, fallen, people, secrets=secrets, now=now)


def out_of_hand(work: Work, message: Message) -> Message | None:
    """Taken from the worker that has it: the fence grows before its marker. None when its dot has left."""
    if message.state is not MessageState.SENDING:
        return message
    waiting = message.recover()
    return waiting if work.outbox.change(message, waiting) else None


def renew_copies(work: Work, message: Message, *, now: datetime) -> bool:
    """The same mail, in the same state, with those in copy who are right now.

    One whose letter stands, or whose reader is another too, is marked as passed on: whoever wants it to go decides.
    """
    people = work.recipients.of(message.submission)
    to = addressee(people, now, slot_audience(message.slot))
    if message.frozen is None and to is not None and to.id == message.recipient:
        return work.outbox.change(message, _with_copies(message, people, to, now))
    return work.outbox.change(message, replace(message, right_until=now))


def refuse_replaced(work: Work, message: Message, *, now: datetime) -> None:
    """A mail with its company that a person wants sent again: a letter that stands never goes to who was replaced.

    One that was refused and told of one unit is written anew to the one who has taken over; one that may have arrived
    is not. Raises ReplacedReaderError.
    """
    if message.frozen is None or not any(each.is_passed_on(now) for each in (message, *message.company)):
        return
    to = addressee(work.recipients.of(message.submission), now, slot_audience(message.slot))
    is_succeeded = to is not None and to.id != message.recipient
    is_in_doubt = message.state is MessageState.UNKNOWN or message.may_have_come
    if is_in_doubt or message.company or not is_succeeded:
        raise ReplacedReaderError


def write_anew(
    work: Work, message: Message, people: tuple[Recipient, ...], *, secrets: Secrets, now: datetime
) -> Message | None:
    """Plan the same mail to the one who is right now; None when there is nobody, or they have it already.

    None too for what is one person's: it is nobody else's.
    """
    if message.kind in OF_ONE_PERSON:
        return None
    to = addressee(people, now, slot_audience(message.slot))
    if to is None:
        return None
    links = {link.recipient: link.id for link in work.recipients.links_of(message.submission) if link.is_valid(now)}
    fresh = Message(
        id=secrets.new_id(),
        round=message.round,
        submission=message.submission,
        recipient=to.id,
        kind=message.kind,
        slot=message.slot,
        deadline_revision=message.deadline_revision,
        to_name=to.name,
        to_email=to.email,
        link=links.get(to.id, ""),
        language=to.language,
        due_at=max(message.due_at, now),
        give_up_at=message.give_up_at,
        detail=message.detail,
        created_at=now,
    )
    addressed = _with_copies(fresh, people, to, now)
    return addressed if work.outbox.plan([addressed]) else None


def _with_copies(message: Message, people: tuple[Recipient, ...], to: Recipient, now: datetime) -> Message:
    roles = message.detail.get("copies", "").split(",")
    others = copied(people, roles, to, now)
    copies = message.copies if message.frozen else as_copies(others)  # a letter that stands names those it goes to
    return replace(message, copies=copies, right_until=right_until(to, *others))
