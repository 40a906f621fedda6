"""Which reminder goes when: the real policy on the spring of 2027, and properties over any dates."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.domain.calendar import swedish_calendar
from workflow.domain.messages import NOT_MEANT, TOO_LATE, MessageKind
from workflow.domain.people import Role
from workflow.domain.reminders import (
    SUPERSEDED,
    Anchor,
    Audience,
    Condition,
    Policy,
    Slot,
    Step,
    due_by,
    next_after,
    slots,
)
from workflow.domain.submissions import State

CALENDAR = swedish_calendar()
POLICY = Policy(
    steps=(
        Step(offset=-10, at=time(9), mail=MessageKind.REMINDER),
        Step(offset=-5, at=time(9), mail=MessageKind.REMINDER),
        Step(offset=-1, at=time(9), mail=MessageKind.REMINDER),
        Step(offset=0, at=time(8), mail=MessageKind.LAST_DAY),
        Step(offset=1, at=time(10), mail=MessageKind.OVERDUE, copies=(Role.DEPUTY,)),
        Step(offset=3, at=time(10), mail=MessageKind.OVERDUE, copies=(Role.DEPUTY,)),
        Step(offset=8, at=time(10), mail=MessageKind.OVERDUE, copies=(Role.DEPUTY, Role.HEAD), every=5),
    )
)
OPENED = CALENDAR.at(date(2027, 4, 19), time(8))
DUE = CALENDAR.at(date(2027, 5, 19), time(16))
CLOSES = CALENDAR.at(date(2027, 6, 11), time(16))


def spring(since: datetime = OPENED, due: datetime = DUE) -> tuple[Slot, ...]:
    return slots(POLICY, due_at=due, since=since, until=CLOSES, calendar=CALENDAR)


def local_days(found: tuple[Slot, ...]) -> list[str]:
    return [f"{slot.key} {CALENDAR.local(slot.send_at):%d/%m %H:%M}" for slot in found]


def test_the_spring_of_2027_for_committees() -> None:
    """Kristi himmelsfärdsdag (6 May) does not count, and its klämdag (7 May) counts but gets no mail."""
    assert local_days(spring()) == [
        "T-10 04/05 09:00",
        "T-5 12/05 09:00",
        "T-1 18/05 09:00",
        "T+0 19/05 08:00",
        "T+1 20/05 10:00",
        "T+3 24/05 10:00",
        "T+8 31/05 10:00",
        "T+13 07/06 10:00",
    ]


def test_the_last_one_says_so_and_the_head_is_in_copy_only_when_it_is_really_late() -> None:
    found = spring()
    assert [slot.key for slot in found if slot.is_last] == ["T+13"]
    assert [slot.key for slot in found if Role.HEAD in slot.copies] == ["T+8", "T+13"]


def test_nobody_is_reminded_on_the_day_they_were_told_the_date() -> None:
    since = CALENDAR.at(date(2027, 5, 12), time(7))
    assert next(slot.key for slot in spring(since)) == "T-1"


def test_a_reminder_before_the_last_day_moves_earlier_from_a_klamdag() -> None:
    due = CALENDAR.at(date(2027, 5, 10), time(16))  # one working day after the klämdag
    found = {slot.key: CALENDAR.local(slot.send_at).date() for slot in spring(due=due)}
    assert found["T-1"] == date(2027, 5, 5)


def test_after_three_missed_days_the_newest_goes_and_the_others_are_accounted_for() -> None:
    now = CALENDAR.at(date(2027, 5, 24), time(12))
    plan = due_by(spring(), known={"T-10"}, due_at=DUE, now=now)
    assert plan.send is not None
    assert plan.send.key == "T+3"
    assert [(slot.key, why) for slot, why in plan.skip] == [
        ("T-5", SUPERSEDED),
        ("T-1", SUPERSEDED),
        ("T+0", SUPERSEDED),
        ("T+1", SUPERSEDED),
    ]


def test_a_reminder_from_before_the_deadline_is_never_sent_after_it() -> None:
    now = DUE + timedelta(hours=1)
    plan = due_by(spring(), known={"T-10", "T-5", "T-1"}, due_at=DUE, now=now)
    assert plan.send is None
    assert [(slot.key, why) for slot, why in plan.skip] == [("T+0", TOO_LATE)]


def test_an_older_one_is_not_sent_when_a_newer_one_has_gone() -> None:
    now = CALENDAR.at(date(2027, 5, 13), time(12))
    plan = due_by(spring(), known={"T-5"}, due_at=DUE, now=now)
    assert (plan.send, [slot.key for slot, _ in plan.skip]) == (None, ["T-10"])


def test_next_after_is_what_the_overview_promises() -> None:
    now = CALENDAR.at(date(2027, 5, 12), time(9))
    following = next_after(spring(), known={"T-10", "T-5"}, now=now)
    assert following is not None
    assert following.key == "T-1"
    assert next_after(spring(), known=set(), now=CLOSES) is None


days = st.dates(date(2026, 1, 5), date(2040, 11, 1))


@given(days, st.integers(5, 60), st.integers(1, 40), st.integers(0, 23))
def test_every_slot_lies_in_the_window_one_a_day_and_inside_the_round(
    opened: date, length: int, tail: int, hour: int
) -> None:
    since = datetime(opened.year, opened.month, opened.day, hour, tzinfo=UTC)
    due = CALENDAR.at(opened + timedelta(days=length), time(16))
    until = due + timedelta(days=tail)
    found = slots(POLICY, due_at=due, since=since, until=until, calendar=CALENDAR)
    sent_on = [CALENDAR.local(slot.send_at).date() for slot in found]
    assert len(set(sent_on)) == len(sent_on)
    assert all(CALENDAR.in_window(slot.send_at) for slot in found)
    assert all(since < slot.send_at < until for slot in found)
    assert all((slot.offset <= 0) == (slot.send_at < due) for slot in found)


@given(days, st.lists(st.integers(1, 9), min_size=1, max_size=20))
def test_however_irregular_the_ticks_every_slot_is_accounted_for_once_and_none_is_doubled(
    opened: date, gaps: list[int]
) -> None:
    due = CALENDAR.at(CALENDAR.add_working_days(opened, 20), time(16))
    until = due + timedelta(days=25)
    found = slots(POLICY, due_at=due, since=CALENDAR.at(opened, time(8)), until=until, calendar=CALENDAR)
    known: list[str] = []
    now = CALENDAR.at(opened, time(8))
    for gap in [*gaps, 90]:
        now += timedelta(days=gap)
        plan = due_by(found, known=set(known), due_at=due, now=now)
        known += [slot.key for slot, _ in plan.skip] + ([plan.send.key] if plan.send else [])
    assert sorted(known) == sorted(slot.key for slot in found)


def test_a_round_without_steps_has_no_reminders() -> None:
    assert slots(Policy(steps=()), due_at=DUE, since=OPENED, until=CLOSES, calendar=CALENDAR) == ()


@pytest.mark.parametrize("moment", [OPENED, DUE, CLOSES])
def test_asking_twice_at_the_same_moment_plans_nothing_more(moment: datetime) -> None:
    first = due_by(spring(), known=set(), due_at=DUE, now=moment)
    known = {slot.key for slot, _ in first.skip} | ({first.send.key} if first.send else set())
    second = due_by(spring(), known=known, due_at=DUE, now=moment)
    assert (second.send, second.skip) == (None, ())


# --- anchors, audiences, conditions, announcements -----------------------------------------------------------------

NUDGE = Step(
    anchor=Anchor.OPENED, offset=3, at=time(9), mail=MessageKind.REMINDER, condition=Condition.NOT_STARTED, every=3
)


def test_a_step_counted_from_the_opening_ends_before_the_last_day() -> None:
    found = slots(Policy(steps=(NUDGE,)), due_at=DUE, since=OPENED, until=CLOSES, calendar=CALENDAR, opened_at=OPENED)
    assert local_days(found)[:2] == ["O+3 22/04 09:00", "O+6 27/04 09:00"]
    assert CALENDAR.local(found[-1].send_at).date() < CALENDAR.last_day(DUE)
    assert not any(slot.is_last for slot in found)


def test_it_counts_from_the_opening_whatever_happens_to_the_last_day() -> None:
    later = CALENDAR.at(date(2027, 4, 23), time(12))  # an extension is given
    found = slots(Policy(steps=(NUDGE,)), due_at=DUE, since=later, until=CLOSES, calendar=CALENDAR, opened_at=OPENED)
    assert local_days(found)[0] == "O+6 27/04 09:00"


def test_a_returned_unit_has_its_own_steps_where_the_policy_has_some() -> None:
    own = Step(anchor=Anchor.RETURNED_DUE, offset=-2, at=time(9), mail=MessageKind.REMINDER)
    policy = Policy(steps=(*POLICY.steps, own))

    def keys(given: Policy, *, returned: bool) -> list[str]:
        found = slots(given, due_at=DUE, since=OPENED, until=CLOSES, calendar=CALENDAR, returned=returned)
        return [slot.key for slot in found]

    assert keys(policy, returned=True) == ["R-2"]
    assert keys(policy, returned=False) == keys(POLICY, returned=True) == [slot.key for slot in spring()]


def test_a_step_for_another_state_is_accounted_for_and_does_not_go_later() -> None:
    found = slots(Policy(steps=(NUDGE,)), due_at=DUE, since=OPENED, until=CLOSES, calendar=CALENDAR, opened_at=OPENED)
    now = found[0].send_at
    plan = due_by(found, known=set(), due_at=DUE, now=now, state=State.DRAFT)
    assert (plan.send, [(slot.key, why) for slot, why in plan.skip]) == (None, [("O+3", NOT_MEANT)])


def test_after_downtime_the_newest_that_is_meant_for_the_state_goes() -> None:
    draft = Step(offset=-4, at=time(9), mail=MessageKind.REMINDER, condition=Condition.DRAFT)
    plain = Step(offset=-5, at=time(9), mail=MessageKind.REMINDER)
    found = slots(Policy(steps=(plain, draft)), due_at=DUE, since=OPENED, until=CLOSES, calendar=CALENDAR)
    now = found[-1].send_at + timedelta(hours=1)
    plan = due_by(found, known=set(), due_at=DUE, now=now, state=State.NOT_STARTED)
    assert plan.send is not None
    assert (plan.send.key, [(slot.key, why) for slot, why in plan.skip]) == ("T-5", [("T-4", NOT_MEANT)])


def test_variants_of_one_day_share_their_slot_and_the_state_chooses_the_words() -> None:
    kinds = (Condition.NOT_STARTED, Condition.DRAFT)
    steps = tuple(
        Step(offset=-5, at=time(9), mail=MessageKind.REMINDER, condition=each, subject={"sv": each}) for each in kinds
    )
    (slot,) = slots(Policy(steps=steps), due_at=DUE, since=OPENED, until=CLOSES, calendar=CALENDAR)
    chosen = slot.step(State.DRAFT)
    assert chosen is not None
    assert (chosen.subject["sv"], slot.step(State.RETURNED)) == ("draft", None)
    assert Policy(steps=steps).step("T-5", State.DRAFT) is chosen


def test_the_mail_before_announces_to_whom_the_next_one_also_goes() -> None:
    announced = {slot.key: slot.announces for slot in spring() if slot.announces}
    assert announced == {"T+0": (Role.DEPUTY,), "T+3": (Role.HEAD,)}


def test_each_audience_has_reminders_of_its_own() -> None:
    boss = Step(offset=8, at=time(9), mail=MessageKind.OVERDUE, to=Audience.HEAD, every=5)
    policy = Policy(steps=(*POLICY.steps, boss))
    found = slots(policy, due_at=DUE, since=OPENED, until=CLOSES, calendar=CALENDAR, to=Audience.HEAD)
    assert [slot.key for slot in found] == ["T+8:head", "T+13:head"]
    assert policy.audiences == (Audience.CONTACT, Audience.HEAD)
    assert policy.step("T+13:head", State.DRAFT) is boss
    assert policy.step("T+13", State.DRAFT) is POLICY.steps[-1]


@pytest.mark.parametrize("key", ["open", "edition-1", "T-5x", "T", "", "extension-2"])
def test_a_key_that_is_no_reminders_has_no_step(key: str) -> None:
    assert POLICY.step(key, State.DRAFT) is None
