"""No mail leaves outside its window, on any date from 2026 to 2040: an opinion of our own about every hour.

What a window is, is said here a second time, from another library and in other words than the calendar's.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from workalendar.europe import Sweden

from tests.builders import a_link, a_message, a_recipient, a_round, a_submission
from tests.fakes.database import FakeDatabase
from tests.services.conftest import House, MovingClock
from workflow.adapters.calendars import load_calendar
from workflow.adapters.roundplans import load_round_plans
from workflow.domain.calendar import STOCKHOLM, swedish_calendar
from workflow.domain.messages import WINDOWED, Message, MessageKind, MessageState
from workflow.domain.reminders import slots
from workflow.services.claims import claim

CONFIG = Path(__file__).parents[2] / "config"
CALENDAR = load_calendar(CONFIG / "calendar.toml", swedish_calendar())
POLICY = load_round_plans(CONFIG / "rounds.toml", CALENDAR).policy
ROOM = House(FakeDatabase(), MovingClock(datetime.min.replace(tzinfo=UTC))).mailroom
FIRST, LAST = date(2026, 1, 1), date(2040, 12, 31)
DATES = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
WORKED = {day: Sweden().is_working_day(day) for day in (FIRST + timedelta(days=n - 1) for n in range(len(DATES) + 30))}
ROUND_THE_CLOCK = (time(0), time(3), time(6, 59, 59), time(7), time(12), time(17, 59, 59), time(18), time(23, 59))


def may_leave(day: date, clock: time) -> bool:
    if not WORKED[day] or (day.month, day.day) in {(12, 27), (12, 28), (12, 29), (12, 30)}:
        return False
    if not WORKED[day - timedelta(days=1)] and not WORKED[day + timedelta(days=1)]:
        return False
    return 7 <= clock.hour < 18


def wall(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, STOCKHOLM).astimezone(UTC)


def leaves(instant: datetime) -> bool:
    local = instant.astimezone(STOCKHOLM)
    return may_leave(local.date(), local.time())


def test_the_window_is_what_a_second_opinion_says_at_every_hour_of_every_date() -> None:
    wrong = [(d, t) for d in DATES for t in ROUND_THE_CLOCK if CALENDAR.in_window(wall(d, t)) != may_leave(d, t)]
    assert wrong == []


def test_what_waits_for_a_window_waits_for_the_next_one() -> None:
    for d in DATES:
        for t in (time(6, 59), time(12), time(18)):
            found, asked = CALENDAR.next_window(wall(d, t)), wall(d, t)
            assert leaves(found), (d, t)
            assert found == asked or not leaves(asked), (d, t)
            between = (d + timedelta(days=n) for n in range((found.astimezone(STOCKHOLM).date() - d).days))
            assert not any(may_leave(each, time(7)) for each in between if wall(each, time(7)) >= asked), (d, t)


def test_every_reminder_of_every_last_day_is_planned_inside_a_window() -> None:
    """The shipped policy, for a last day on each date: at 16.00 and at its end by turns."""
    for number, d in enumerate(DATES[90:-90]):
        due = wall(d, time(16)) if number % 2 else CALENDAR.end_of_day(d)
        since, until = due - timedelta(days=60), due + timedelta(days=40)
        planned = slots(POLICY, due_at=due, since=since, until=until, calendar=CALENDAR)
        assert planned, d
        assert [slot for slot in planned if not leaves(slot.send_at)] == [], d
        assert len({slot.send_at.astimezone(STOCKHOLM).date() for slot in planned}) == len(planned), d


def test_no_worker_claims_a_mail_outside_the_window_on_any_date() -> None:
    """Through the worker's own claim, each kind of mail in turn: at noon of each date, at night of some."""
    kinds = sorted(WINDOWED & {MessageKind.INVITATION, MessageKind.REMINDER, MessageKind.OVERDUE, MessageKind.LAST_DAY})
    for number, d in enumerate(DATES):
        kind = kinds[number % len(kinds)]
        for clock in (time(12), ROUND_THE_CLOCK[number % len(ROUND_THE_CLOCK)])[: 1 + (number % 3 == 0)]:
            now = wall(d, clock)
            taken = claimed(kind, now)
            assert (taken.state is MessageState.SENDING) == may_leave(d, clock), (d, clock, kind, taken)
            assert taken.state is MessageState.SENDING or (taken.due_at > now and leaves(taken.due_at)), (d, clock)


def claimed(kind: MessageKind, now: datetime) -> Message:
    """What a worker makes of a mail that is due now, true and not given up."""
    room = replace(ROOM, db=FakeDatabase(), clock=MovingClock(now))
    due = now + (timedelta(hours=-30) if kind is MessageKind.OVERDUE else timedelta(days=30))
    mail = a_message(kind=kind, due_at=now, give_up_at=now + timedelta(days=1), created_at=now - timedelta(days=1))
    with room.db.begin() as work:
        work.rounds.add(replace(a_round(), closes_at=now + timedelta(days=60)))
        work.submissions.add([a_submission(due_at=due, due_set_at=now - timedelta(days=60))])
        work.recipients.add([a_recipient(id=mail.recipient)], [a_link(id=mail.link, recipient=mail.recipient)])
        work.outbox.plan([mail])
    claim(room)
    with room.db.read() as work:
        return work.outbox.get(mail.id)
