"""A flight: as many mails as there are connections, prepared, marked, released and finished together.

All markers are committed in one transaction before the first dot, all results in one after the last reply. What a
crash leaves behind is the same for each mail as if it had flown alone.
"""

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from workflow.domain.messages import CONTACT_CHANGED, WORDS_UNTRUE, Message, MessageState
from workflow.ports import Channel, Handover, Outcome, Phase, Preparation, Work
from workflow.services.addressing import write_anew
from workflow.services.claims import Batch, Truths, read_truths
from workflow.services.company import Pair, after_all, whole
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
    torn: frozenset[str] = frozenset()
    while True:
        try:
            marked = _write_markers(room, prepared, torn, now)
            break
        except _TornError as found:  # nothing was written; the others are marked without it
            torn |= {found.lead}
    for each, after in zip(prepared, marked, strict=True):
        if after and after.state is MessageState.HANDING:
            each.message = after
        else:
            each.ended = _TOO_SLOW if after and after.state is MessageState.PLANNED else _WITHDRAWN
            each.channel.drop()


class _TornError(Exception):
    """Somebody has changed a row of a mail about several units: it cannot go as it is written."""

    def __init__(self, lead: str) -> None:
        super().__init__(lead)
        self.lead = lead


def _write_markers(
    room: Mailroom, prepared: Sequence[Boarding], torn: Collection[str], now: datetime
) -> list[Message | None]:
    """Each lead as it is afterwards, None where it was ours no more: whoever has it now decides."""
    with room.db.begin() as work:
        messages = [each.message for each in prepared]
        truths = read_truths(work, messages, calendar=room.calendar, now=now, lock=True)
        lost = {each.id for each in messages if _has_lost_company(work, each)}
        groups = [_marked(each.written, truths, now, torn=torn, lost=lost) for each in prepared]
        flat = iter(work.outbox.change_all([pair for group in groups for pair in group]))
        stands = [[next(flat) for _ in group] for group in groups]
        for group, mine in zip(groups, stands, strict=True):
            if group[0][1].state is MessageState.HANDING and any(mine) and not all(mine):
                raise _TornError(group[0][0].id)
            for (_, after), is_mine in zip(group, mine, strict=True):
                if is_mine:
                    _log_marked(room, work, after, now)
    return [after_all(group) if mine[0] else None for group, mine in zip(groups, stands, strict=True)]


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


def _release(marked: Sequence[Boarding], desk: Desk) -> None:
    """All dots leave before the first reply is waited for; the wait is used for the next flight's letters."""
    for each in marked:
        each.channel.send_dot()
    desk.write_ahead(len(marked), until=lambda: all(each.channel.has_answered() for each in marked))
    for each in marked:
        each.ended = each.channel.read_reply()
