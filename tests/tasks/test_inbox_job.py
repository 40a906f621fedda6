"""The job that looks into the inbox: it takes in, asks for what follows to be sent, and disturbs nobody."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tasks.jobs import Bench
from tasks.poll import Poll
from tasks.watch import Trusting
from tests.adapters.mail.mailbag import POSTFIX, answer
from tests.fakes.inbox import FakeInbox
from tests.fakes.queue import FakeQueue
from tests.tasks.conftest import HandClocks
from workflow.adapters.db.database import SqlDatabase
from workflow.adapters.mail.imap import InboxUnreachableError
from workflow.adapters.mail.incoming import read_mail
from workflow.bootstrap import App
from workflow.domain.incoming import IncomingKind
from workflow.ports import Fetched, Job, NotNowError
from workflow.services.inbox import to_see_to


@pytest.fixture
def open_house(house: App) -> Iterator[App]:
    yield replace(house, queue=FakeQueue())
    assert isinstance(house.db, SqlDatabase)
    house.db.close()


def bench_with(house: App, inbox: FakeInbox | None) -> Bench:
    return Bench(replace(house, inbox=inbox), Trusting())


def arrivals(house: App) -> int:
    with house.db.read() as work:
        return len(work.incoming.list())


def asked(house: App) -> list[Job]:
    assert isinstance(house.queue, FakeQueue)
    return house.queue.asked


def test_what_came_is_taken_in_once_and_what_follows_is_asked_for(open_house: App) -> None:
    mails = [read_mail(answer("Hej").as_bytes()), read_mail(POSTFIX)]
    for _ in range(2):  # moved back by a person, or a crash before it was moved
        bench_with(open_house, FakeInbox(*mails)).run(Job.INBOX)
    assert arrivals(open_house) == 2
    assert asked(open_house) == [Job.DELIVER, Job.DELIVER]


def test_without_a_mailbox_there_is_nothing_to_do_and_the_look_is_noted(open_house: App) -> None:
    bench_with(open_house, None).run(Job.INBOX)
    with open_house.db.read() as work:
        assert Job.INBOX in work.beats.all()
    assert asked(open_house) == []


def test_a_mailbox_that_is_away_makes_nobody_unready(open_house: App) -> None:
    away = InboxUnreachableError(folder="INBOX", host="imap.example:993", why="refused")
    bench_with(open_house, FakeInbox(fault=away)).run(Job.INBOX)
    with open_house.db.read() as work:
        assert Job.INBOX in work.beats.all()


def test_a_database_in_trouble_blames_no_mail(open_house: App) -> None:
    inbox = FakeInbox(read_mail(answer("Hej").as_bytes()))
    engine = create_engine(open_house.settings.database_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE incoming RENAME TO elsewhere"))
    with pytest.raises(NotNowError):
        bench_with(open_house, inbox).run(Job.INBOX)
    assert (len(inbox.waiting), inbox.aside) == (1, [])


class SlowInbox(FakeInbox):
    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on, self.looks = threading.Event(), threading.Event(), 0

    def fetch(self, take_in: object, give_up: object = None) -> Fetched:
        self.looks += 1
        self.begun.set()
        assert self.go_on.wait(20)
        return Fetched(taken=0, set_aside=0, waiting=0)


def test_a_slow_mailbox_takes_one_thread_and_holds_no_other_job_up(open_house: App, clocks: HandClocks) -> None:
    slow = SlowInbox()
    bench = bench_with(open_house, slow)
    poll = Poll(bench, tick=30, monotonic=clocks.steady)
    poll.turn()
    clocks.pass_time(60)
    assert set(poll.turn()) == set(Job)  # comes back, although the mailbox does not answer
    poll.join(timeout=10)  # the delivery has a thread of its own, too
    assert slow.begun.wait(10)
    bench.run(Job.INBOX)  # the queue asks for it, too
    poll.turn()  # sees what was done
    clocks.pass_time(60)
    assert set(poll.turn()) == set(Job) - {Job.INBOX}
    assert slow.looks == 1
    poll.join(timeout=10)
    slow.go_on.set()
    for thread in threading.enumerate():
        if thread.name == f"poll {Job.INBOX}":
            thread.join(10)
    assert not bench.is_under_way(Job.INBOX)


def test_what_is_moved_aside_stands_among_what_waits_for_somebody(open_house: App) -> None:
    mail = answer("Hej")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="a.pdf")
    inbox = FakeInbox(read_mail(mail.as_bytes()))

    def never(_: object) -> None:
        raise ValueError("never")

    house = replace(open_house, inbox=inbox)
    assert house.inbox
    house.inbox.fetch(never, house.give_up)
    (post,) = to_see_to(open_house.db)
    assert (post.arrival.kind, post.arrival.said) == (IncomingKind.UNREADABLE, "problem")
