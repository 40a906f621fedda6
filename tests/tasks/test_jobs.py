"""What the jobs do beyond calling a service."""

from dataclasses import replace
from datetime import timedelta

from tasks.jobs import Bench
from tasks.watch import Trusting
from tests.adapters.db.conftest import stock
from tests.fakes.queue import FakeQueue
from tests.tasks.conftest import HandClocks
from workflow.adapters.clock import steady_seconds
from workflow.adapters.db.trouble import wait_out
from workflow.bootstrap import App
from workflow.domain.messages import Message
from workflow.ports import Job


def rows(house: App) -> dict[str, Message]:
    with house.db.read() as work:
        return {each.slot: each for each in work.outbox.list() if each.is_reminder}


def test_whoever_sends_first_on_a_new_day_plans_first(house: App, clocks: HandClocks) -> None:
    """All has been down for a week: the reminder of that time must not take the day from the mail of the last day."""
    house = replace(house, queue=FakeQueue())
    stock(house.db)
    with house.db.read() as work:
        [submission] = work.submissions.of_round(work.rounds.all()[0].id)
    last_day = house.calendar.local(submission.due_at - timedelta(hours=13))
    clocks.wall = last_day - timedelta(days=7)
    Bench(house, Trusting()).run(Job.PLAN_REMINDERS)
    assert rows(house)["T-5"].state == "planned"
    clocks.wall = last_day
    Bench(house, Trusting()).run(Job.DELIVER)
    assert rows(house)["T-5"].reason == "superseded"
    assert rows(house)["T+0"].state == "planned"  # nobody answers at the mail server


def test_a_house_waits_for_its_database_and_looks_again_while_it_waits_for_replies(house: App) -> None:
    assert house.mailroom.waits_out is wait_out
    assert house.mailroom.steady is steady_seconds
