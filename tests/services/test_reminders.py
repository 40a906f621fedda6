"""Planning what is due: once, after downtime too, and only for whoever still owes."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from tests.builders import CLOSES_AT, DUE_AT
from tests.services.conftest import HAMNEN, NORRBY, ROUND, House
from workflow.domain.calendar import OutsideCalendarError
from workflow.domain.messages import MessageKind, MessageState
from workflow.services import extensions, reminders
from workflow.services.overview import overview


def plan(house: House) -> int:
    return reminders.plan_due(house.db, secrets=house.secrets, calendar=house.calendar, now=house.clock.at)


def at(house: House, days_from_due: int, hour: int = 9) -> None:
    house.clock.at = house.calendar.at(house.calendar.last_day(DUE_AT) + timedelta(days=days_from_due), time(hour))


def sent(house: House, submission_id: str = NORRBY) -> list[tuple[str, MessageState]]:
    return [(each.slot, each.state) for each in house.messages(submission_id) if each.is_reminder]


def test_a_tick_plans_once_and_the_next_nothing(opened: House) -> None:
    at(opened, -7)
    assert (plan(opened), plan(opened)) == (2, 0)
    assert sent(opened) == [("T-5", MessageState.PLANNED)]


def test_after_five_days_down_one_goes_and_the_others_are_listed_with_their_reason(opened: House) -> None:
    opened.deliver()
    at(opened, 11)  # past T-5, T+0 and T+3
    plan(opened)
    opened.deliver()
    assert sent(opened) == [
        ("T-5", MessageState.SKIPPED),
        ("T+0", MessageState.SKIPPED),
        ("T+3", MessageState.SENT),
    ]
    assert {each.reason for each in opened.messages() if each.state is MessageState.SKIPPED} == {"superseded"}


def test_who_has_answered_is_left_in_peace(opened: House) -> None:
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    at(opened, -7)
    plan(opened)
    assert sent(opened) == []
    assert sent(opened, HAMNEN) == [("T-5", MessageState.PLANNED)]


def test_an_extension_moves_the_reminders_and_none_comes_twice(opened: House) -> None:
    at(opened, -7)
    plan(opened)
    opened.deliver()
    extensions.extend(
        opened.db,
        [NORRBY],
        DUE_AT + timedelta(days=14),
        reason="Sjuk",
        by="k",
        secrets=opened.secrets,
        now=opened.clock.at,
    )
    at(opened, 0, 12)
    plan(opened)
    assert [each for each in opened.messages() if each.is_reminder and each.deadline_revision == 1] == []
    at(opened, 7, 12)  # five working days before the new day
    plan(opened)
    assert [each.slot for each in opened.messages() if each.is_reminder and each.deadline_revision == 1] == ["T-5"]


def test_the_deputy_and_head_are_in_copy_when_it_is_late(opened: House) -> None:
    opened.deliver()
    at(opened, 5)
    plan(opened)
    opened.deliver()
    overdue = [each for each in opened.postman.taken if "bo.pahittad@norrby.example" in each.recipients]
    assert len(overdue) == 1
    assert overdue[0].recipients[0] == "asa.pahittad@norrby.example"


def test_a_closed_round_reminds_nobody(opened: House) -> None:
    opened.clock.at = CLOSES_AT + timedelta(days=1)
    with opened.db.begin() as work:
        work.rounds.save(work.rounds.get(ROUND).close(opened.clock.at))
    assert plan(opened) == 0


def test_the_overview_promises_the_mail_that_is_then_planned(opened: House) -> None:
    opened.deliver()
    view = overview(opened.db, ROUND, calendar=opened.calendar, now=opened.clock.at).overview
    promised = next(row.next_mail for row in view.rows if row.submission.id == NORRBY)
    assert promised is not None
    opened.clock.at = promised.at
    plan(opened)
    planned = next(each for each in opened.messages() if each.is_reminder)
    assert (planned.kind, planned.due_at) == (MessageKind(promised.kind), promised.at)
    assert view.rows[-1].next_mail is None  # nobody to write to
    assert view.without_contact[0].submission.unit == "tysta"


def test_after_a_mail_outage_only_the_newest_and_true_reminder_leaves(opened: House) -> None:
    """Planned before the last day, but no worker until after it: nothing untrue is sent, nothing twice a day."""
    opened.deliver()
    for days in (-7, 0):
        at(opened, days)
        plan(opened)
    at(opened, 3)  # Monday; the last day was Friday
    plan(opened)
    opened.deliver()
    assert sent(opened) == [("T-5", MessageState.SKIPPED), ("T+0", MessageState.SKIPPED)]
    at(opened, 5)
    plan(opened)
    opened.deliver()
    assert sent(opened)[-1] == ("T+3", MessageState.SENT)


def test_a_round_that_cannot_be_planned_stops_no_other(opened: House) -> None:
    far = replace(opened.submission(), due_at=DUE_AT + timedelta(days=100 * 366))
    with opened.db.begin() as work:
        work.submissions.save(far)
    at(opened, -7)
    with pytest.raises(OutsideCalendarError):
        plan(opened)
