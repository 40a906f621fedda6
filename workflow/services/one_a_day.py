"""One reminder per person and day: when the next may leave, known before a person asks for it."""

from datetime import datetime, time, timedelta

from workflow.domain.calendar import Calendar
from workflow.domain.messages import Message, MessageState
from workflow.ports import Work


def leaves_at(work: Work, message: Message, *, calendar: Calendar, now: datetime) -> datetime:
    """When this reminder leaves at the earliest: in the next window, or the one after that for who is told by then.

    One that may itself be what they have had (its fate is unknown) takes nobody's place.
    """
    window = calendar.next_window(now)
    day = calendar.local(window).date()
    is_itself = message.state is MessageState.UNKNOWN and message.local_day == day.isoformat()
    if is_itself or not work.outbox.told_on(day, [message.address]):
        return window
    return calendar.next_window(calendar.at(day + timedelta(days=1), time()))
