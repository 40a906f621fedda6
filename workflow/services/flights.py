"""A flight: as many mails as there are connections, prepared, marked, released and finished together.

All markers are committed in one transaction before the first dot, all results in one after the last reply. What a
crash leaves behind is the same for each mail as if it had flown alone.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from workflow.domain.messages import CONTACT_CHANGED, Message, MessageState
from workflow.ports import Channel, Handover, Outcome, Phase, Preparation
from workflow.services.addressing import write_anew
from workflow.services.claims import Batch, Pair, Truths, read_truths
from workflow.services.crew import Crew
from workflow.services.desk import Desk
from workflow.services.landing import Flown, land
from workflow.services.mailroom import Mailroom, Tally, log_message
from workflow.services.writing import Written, gather_material

_WITHDRAWN = Handover(Outcome.WITHDRAWN, Phase.MARKER, None, "Mejlet behövdes inte längre.")
_TOO_SLOW = Handover(Outcome.WITHDRAWN, Phase.MARKER, None, "Det tog för lång tid. Mejlet prövas igen.")


@dataclass(slots=True)
class Boarding:
    """One mail on its connection. `message` is the row as the ledger has it; `ended` how the hand-over ended."""

    written: Written
    channel: Channel
    started: datetime
    message: Message = field(init=False)
    preparing: Preparation = field(init=False)
    ended: Handover | None = None

    def __post_init__(self) -> None:
        self.message = self.written.message
        self.preparing = self.channel.prepare(self.written.sender, self.written.recipients, self.written.data)

    def goes_on(self) -> bool:
        """Carry the preparation on to where it waits next; False when it is over."""
        try:
            next(self.preparing)
        except StopIteration as over:
            self.ended = over.value
            return False
        return True

    def flown(self) -> Flown:
        """Raises RuntimeError for a mail that is still in the air."""
        if self.ended is None:
            raise RuntimeError(self.message.id)
        return Flown(self.message, self.ended, self.started)


def fly(room: Mailroom, crew: Crew, batch: Batch) -> Tally:
    """Send a batch, flight by flight. When the way out turns out to be shut, the rest is put back unharmed."""
    with room.db.read() as work:
        material = gather_material(work, batch.mails, calendar=room.calendar, now=room.clock.now())
    desk = Desk(room, material, deque(batch.mails))
    seen, tally = batch.channel, Tally()
    while letters := desk.take(crew.size):
        boarded = _board(crew, letters, room.clock.now())
        _hand_over(room, boarded, desk)
        landing = land(room, [each.flown() for each in boarded], seen=seen, rest=desk.rest)
        seen, tally = landing.seen, tally + landing.tally
        for each in boarded:
            if each.message in landing.again:
                crew.dismiss(each.channel)
                desk.put_first(each.written)
        if landing.is_shut:
            break
    return tally


def _board(crew: Crew, letters: Sequence[Written], now: datetime) -> list[Boarding]:
    channels = crew.channels(len(letters))
    return [Boarding(letter, channel, now) for letter, channel in zip(letters, channels, strict=True)]


def _hand_over(room: Mailroom, boarded: Sequence[Boarding], desk: Desk) -> None:
    """Bodies, markers, dots, replies. An error of ours (the database is gone) drops every connection."""
    try:
        going = list(boarded)
        while going:
            going = [each for each in going if each.goes_on()]
        prepared = [each for each in boarded if each.ended is None]
        if prepared:
            _mark(room, prepared)
            _release([each for each in prepared if each.ended is None], desk)
    except BaseException:
        for each in boarded:
            each.channel.drop()
        raise


def _mark(room: Mailroom, prepared: Sequence[Boarding]) -> None:
    """sending → handing with the frozen letter, for each that is still true and still ours: read again under lock."""
    now = room.clock.now()
    with room.db.begin() as work:
        truths = read_truths(work, [each.message for each in prepared], calendar=room.calendar, now=now, lock=True)
        pairs = [_marked(each.written, truths, now) for each in prepared]
        stands = work.outbox.change_all(pairs)
        for (_, after), mine in zip(pairs, stands, strict=True):
            if mine:  # else the lease was lost; whoever has it now decides
                why = {"why": after.reason} if after.state is MessageState.CANCELLED else {}
                log_message(work, f"message.{after.state}", after, now, **why)
                if after.reason == CONTACT_CHANGED:  # midnight came in between
                    people = work.recipients.of(after.submission)
                    write_anew(work, after, people, secrets=room.secrets, now=now)
    for each, (_, after), mine in zip(prepared, pairs, stands, strict=True):
        if mine and after.state is MessageState.HANDING:
            each.message = after
        else:
            each.ended = _TOO_SLOW if after.state is MessageState.PLANNED else _WITHDRAWN
            each.channel.drop()


def _marked(mail: Written, truths: Truths, now: datetime) -> Pair:
    message = mail.message
    if why := truths.against(message, now):
        return message, message.cancel(why)
    if message.has_lost_its_lease(now):  # hours may have passed: window, day and words are to be looked at anew
        return message, message.recover()
    return message, message.freeze(mail.frozen, local_day=message.local_day).hand(now)


def _release(marked: Sequence[Boarding], desk: Desk) -> None:
    """All dots leave before the first reply is waited for; the wait is used for the next flight's letters."""
    for each in marked:
        each.channel.send_dot()
    desk.write_ahead(len(marked), until=lambda: all(each.channel.has_answered() for each in marked))
    for each in marked:
        each.ended = each.channel.read_reply()
