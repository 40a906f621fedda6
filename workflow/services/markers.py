"""The marker: sending → handing with the frozen letter, for each mail that is still true and still ours."""

from collections.abc import Collection, Sequence
from datetime import datetime

from workflow.domain.messages import CONTACT_CHANGED, WORDS_UNTRUE, Message, MessageState
from workflow.ports import Work
from workflow.services.addressing import write_anew
from workflow.services.claims import Truths, read_truths
from workflow.services.company import Pair, whole
from workflow.services.mailroom import Mailroom, log_message
from workflow.services.writing import Written


class TornError(Exception):
    """Somebody has changed a row of a mail about several units: it cannot go as it is written."""

    def __init__(self, lead: str) -> None:
        super().__init__(lead)
        self.lead = lead


def decide_markers(
    room: Mailroom, work: Work, prepared: Sequence[Written], *, torn: Collection[str], now: datetime
) -> list[Sequence[Pair]]:
    """What becomes of each mail and its company. Every unit is read again, and nobody hands in until the commit."""
    if not prepared:
        return []
    messages = [each.message for each in prepared]
    truths = read_truths(work, messages, calendar=room.calendar, now=now, lock=True, plans=room.plans)
    lost = {each.id for each in messages if _has_lost_company(work, each)}
    return [_marked(each, truths, now, torn=torn, lost=lost) for each in prepared]


def log_markers(room: Mailroom, work: Work, group: Sequence[Pair], mine: Sequence[bool], now: datetime) -> None:
    """Raises TornError where only some rows of a mail that goes were still ours; then nothing may be committed."""
    if group[0][1].state is MessageState.HANDING and any(mine) and not all(mine):
        raise TornError(group[0][0].id)
    for (_, after), is_mine in zip(group, mine, strict=True):
        if is_mine:
            _log_marked(room, work, after, now)


def _log_marked(room: Mailroom, work: Work, after: Message, now: datetime) -> None:
    why = {"why": after.reason} if after.state is MessageState.CANCELLED else {}
    log_message(work, f"message.{after.state}", after, now, **why)
    if after.reason == CONTACT_CHANGED:  # midnight came in between
        write_anew(work, after, work.recipients.of(after.submission), secrets=room.secrets, now=now)


def _has_lost_company(work: Work, message: Message) -> bool:
    """A mail that is tried again tells of the rows it told of before, and of no fewer."""
    if message.frozen is None or not message.is_reminder:
        return False
    return len(work.outbox.told_by([message.id]).get(message.id, ())) != len(message.company)


def _marked(
    mail: Written, truths: Truths, now: datetime, *, torn: Collection[str], lost: Collection[str]
) -> Sequence[Pair]:
    message = mail.message
    rows = (message, *message.company)
    untrue = {each.id: why for each in rows if (why := truths.against(each, now))}
    if untrue or message.id in lost:
        return [
            (each, _withdrawn(each, untrue.get(each.id, ""), bound=message.frozen is not None, now=now))
            for each in rows
        ]
    if message.has_lost_its_lease(now):  # hours may have passed: window, day and words are to be looked at anew
        return whole(message, message.recover())
    if message.id in torn:
        return [(each, each.put_back(now)) for each in rows]
    return whole(message, message.freeze(mail.frozen, local_day=message.local_day).hand(now))


def _withdrawn(message: Message, why: str, *, bound: bool, now: datetime) -> Message:
    """What is untrue falls; what is not is told of in another mail, unless the bytes stand already."""
    if why or bound:
        return message.cancel(why or WORDS_UNTRUE)
    return message.put_back(now)
