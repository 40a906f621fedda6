"""What needs doing, who reviews, and when a coordinator's mail is due."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from tests.builders import a_message, a_recipient, a_round, a_submission, an_account, an_office_message
from workflow.domain.calendar import swedish_calendar
from workflow.domain.digest import (
    NO_ACCOUNT,
    NOT_WANTED,
    NOTHING_TO_DO,
    Chores,
    DigestPolicy,
    Waiting,
    due_on,
    for_review_by,
    look,
    missed_days,
    review_is_due,
    why_not,
)
from workflow.domain.messages import TOO_LATE, Message, MessageKind, MessageState
from workflow.domain.people import Account
from workflow.domain.submissions import State, Submission

CALENDAR = swedish_calendar()
TUESDAY = datetime(2027, 6, 1, 6, tzinfo=UTC)  # 08:00 in Stockholm, after the last day (Friday 28 May)
TODAY = date(2027, 6, 1)


def seen(*submissions: Submission, troubled: tuple[Message, ...] = (), with_contact: bool = True) -> Chores:
    contacts = {each.id: a_recipient(submission=each.id) for each in submissions} if with_contact else {}
    return look(a_round(), submissions, contacts, troubled, calendar=CALENDAR, now=TUESDAY)


def handed_in(unit: str = "norrby", day: int = 27, **changes: Any) -> Submission:
    at = datetime(2027, 5, day, 9, tzinfo=UTC)
    return replace(a_submission(unit=unit), state=State.SUBMITTED, handed_in_at=at, received_at=at, **changes)


# --- what needs doing ----------------------------------------------------------


def test_late_ones_come_with_their_days_the_latest_first() -> None:
    short = a_submission(unit="b", due_at=datetime(2027, 5, 31, 14, tzinfo=UTC))
    chores = seen(short, a_submission(), a_submission(unit="c", due_at=datetime(2027, 6, 9, 14, tzinfo=UTC)))
    assert [(each.submission.unit, each.days) for each in chores.late] == [("norrby", 2), ("b", 1)]
    assert chores.late[0].contact == a_recipient()


def test_what_waits_longest_comes_first_and_counts_working_days() -> None:
    chores = seen(handed_in("a", 31), handed_in("b", 27))
    assert [(each.submission.unit, each.days) for each in chores.waiting] == [("b", 3), ("a", 1)]
    assert not chores.late


def test_a_mail_that_did_not_arrive_matters_while_its_unit_owes() -> None:
    failed = a_message(state=MessageState.FAILED)
    unknown = a_message(slot="T-1", state=MessageState.UNKNOWN)
    owing = seen(a_submission(), troubled=(failed, unknown))
    assert (owing.failed, owing.unknown) == ((failed,), (unknown,))
    came_in = seen(handed_in(), troubled=(failed, a_message(kind=MessageKind.RECEIPT, state=MessageState.FAILED)))
    assert [each.kind for each in came_in.failed] == [MessageKind.RECEIPT]


def test_a_unit_that_owes_nothing_needs_no_contact() -> None:
    assert seen(a_submission(), with_contact=False).without_contact == (a_submission(),)
    approved = replace(a_submission(), state=State.APPROVED)
    assert not seen(approved, with_contact=False).anything


# --- whose review, and when ------------------------------------------------------


def test_what_one_coordinator_returned_waits_for_that_one_alone() -> None:
    karin, li = an_account(), an_account(id="k-2", email="li@stadsledningskontoret.example")
    accounts = (karin, li)
    chores = [seen(handed_in("a", decided_by="k-1"), handed_in("b"), handed_in("c", decided_by="somebody-gone"))]
    assert [each.submission.unit for each in for_review_by(karin, chores, accounts)] == ["a", "b", "c"]
    assert [each.submission.unit for each in for_review_by(li, chores, accounts)] == ["b", "c"]


def since(day: int) -> Waiting:
    first = date(2027, 5, day)
    return Waiting(submission=handed_in(), since=first, days=CALENDAR.working_days_between(first, TODAY))


@pytest.mark.parametrize(
    ("waiting", "reminded_on", "due"),
    [
        ([since(28)], None, False),  # two working days
        ([since(27)], None, True),  # three
        ([since(27)], TODAY, False),
        ([since(26)], None, True),  # four: yesterday's was missed
        ([since(26)], date(2027, 5, 31), False),  # it was not
        ([since(25)], date(2027, 5, 28), True),  # five: two after the first
        ([], None, False),
    ],
)
def test_a_review_is_reminded_of_after_three_working_days_and_then_every_other(
    waiting: list[Waiting], reminded_on: date | None, *, due: bool
) -> None:
    found = review_is_due(waiting, DigestPolicy(), reminded_on=reminded_on, today=TODAY, calendar=CALENDAR)
    assert found is due


def test_reminding_of_reviews_may_be_once_or_never() -> None:
    once, never = DigestPolicy(review_every=0), DigestPolicy(review_after=0)
    long = [since(3)]
    assert review_is_due(long, once, reminded_on=None, today=TODAY, calendar=CALENDAR)
    assert not review_is_due(long, once, reminded_on=date(2027, 5, 10), today=TODAY, calendar=CALENDAR)
    assert not review_is_due(long, never, reminded_on=None, today=TODAY, calendar=CALENDAR)


# --- when ------------------------------------------------------------------------


def test_it_is_due_on_days_of_sending_and_never_before_they_open() -> None:
    policy = DigestPolicy()
    assert due_on(TODAY, policy, CALENDAR) == TUESDAY
    assert due_on(date(2027, 5, 7), policy, CALENDAR) is None  # the day after Ascension Day
    assert due_on(date(2027, 5, 29), policy, CALENDAR) is None
    late_opening = replace(CALENDAR, window=(time(10), time(15)))
    assert due_on(TODAY, policy, late_opening) == CALENDAR.at(TODAY, time(10))


def test_missed_are_the_sending_days_since_the_last_row() -> None:
    opened = date(2027, 5, 3)
    days = missed_days(date(2027, 5, 4), opened=opened, today=date(2027, 5, 11), calendar=CALENDAR)
    assert [day.day for day in days] == [5, 10]  # 6 Ascension Day, 7 klämdag, then a weekend
    assert missed_days(None, opened=opened, today=TODAY, calendar=CALENDAR) == ()
    last_year = date(2026, 12, 1)
    assert missed_days(last_year, opened=opened, today=date(2027, 5, 5), calendar=CALENDAR)[0] == opened


def test_it_goes_only_on_its_day_to_who_wants_it_and_while_there_is_something_to_do() -> None:
    karin = an_account()
    digest = an_office_message(slot="2027-06-01")
    review = an_office_message(kind=MessageKind.REVIEW_REMINDER, slot="2027-06-01", detail={"after": "3"})
    late, new = [seen(a_submission())], [seen(handed_in(day=31))]

    def why(message: Message, chores: list[Chores], account: Account | None = karin) -> str:
        return why_not(message, account, chores, (karin,), TODAY)

    assert why(digest, late) == ""
    assert why(replace(digest, slot="2027-05-31"), late) == TOO_LATE
    assert why(digest, late, None) == NO_ACCOUNT
    assert why(digest, late, replace(karin, digest=False)) == NOT_WANTED
    assert why(digest, [seen(replace(a_submission(), state=State.APPROVED))]) == NOTHING_TO_DO
    assert why(review, late) == why(review, new) == NOTHING_TO_DO
    assert why(review, [seen(handed_in(day=27))]) == ""
