"""Matrix rows 15, 16, 17, 19, 20, and 21: a mail server that is busy, full, gone, wrong or strict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from tests.faults.conftest import Stage, make_stage
from tests.faults.hand import schedule
from tests.faults.sink import Dot, Fault, Sink, read_truth
from tests.faults.world import CALENDAR
from workflow.adapters.clock import FileClock
from workflow.adapters.mail.smtp import SmtpPostman
from workflow.domain.channel import Rate
from workflow.domain.messages import GIVE_UP_AFTER
from workflow.domain.overview import Wanted
from workflow.services.channel import channel_state
from workflow.services.doctor import Truth, examine
from workflow.services.mailroom import Mailroom
from workflow.services.outbox import deliver, send_again
from workflow.services.overview import glance

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]

QUARTER = timedelta(minutes=15)


def deliver_for(stage: Stage, hours: float, *, room: Mailroom | None = None) -> None:
    """A worker that looks every quarter of an hour."""
    until = stage.place.now() + timedelta(hours=hours)
    while stage.place.now() <= until:
        deliver(room or stage.house.mailroom)
        stage.pass_time(QUARTER)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("greeting", "421 4.3.2 not now", times=3),
        Fault("greeting", "close", times=3),
        Fault("mail", "451 4.3.0 try later", times=3),
        Fault("rcpt", "450 4.2.0 greylisted", times=6),
        Fault("data", "421 4.3.2 closing", times=2),
        Fault("dot", "451 4.3.0 try later", times=4),
        Fault("dot", "421 4.3.2 closing", times=2),
    ],
    ids=lambda fault: f"{fault.point} {fault.reply[:5].strip()}",
)
def test_row_15_what_passes_is_tried_again_and_arrives_once(stage: Stage, fault: Fault) -> None:
    stage.sink.faults = [fault]
    deliver_for(stage, 6)
    assert stage.states() == {"sent": 6}
    assert stage.copies() == {1: 6}
    assert stage.violations() == []


def told_of(stage: Stage) -> list[str]:
    """The mails that stand as not arrived on the coordinators' overview."""
    house, now = stage.house, stage.place.now()
    seen = glance(house.db, stage.round.id, Wanted(), named=9, limit=9, calendar=house.calendar, now=now)
    return [line.message.id for line in seen.failed.first]


@pytest.mark.parametrize(
    ("point", "reply"),
    [
        ("rcpt", "550 5.1.1 no such user"),
        ("dot", "552 5.2.2 mailbox full"),
        ("dot", "554 5.6.0 content refused"),
        ("dot", "554 Transaction failed"),
    ],
)
def test_row_16_what_is_refused_fails_at_once_and_alone(stage: Stage, point: str, reply: str) -> None:
    stage.sink.faults = [Fault(point, reply, times=0, to="a@u2.example")]
    deliver(stage.house.mailroom)
    assert stage.states() == {"sent": 5, "failed": 1}
    failed = next(each for each in stage.messages() if each.state == "failed")
    assert failed.reason.startswith(reply[:9])
    assert stage.events("message.failed") == 1
    assert told_of(stage) == [failed.id]
    deliver_for(stage, 3)
    failed = next(each for each in stage.messages() if each.id == failed.id)
    assert failed.attempts == 1
    assert stage.states() == {"sent": 5, "failed": 1}
    assert stage.violations() == []


@pytest.mark.parametrize("kept", [True, False])
def test_row_17_closed_after_the_dot_is_unknown_until_a_person_decides(stage: Stage, kept: bool) -> None:
    stage.sink.faults = [Fault("dot", "close", kept=kept)]
    deliver_for(stage, 6)
    assert stage.states() == {"sent": 5, "unknown": 1}
    unknown = next(each for each in stage.messages() if each.state == "unknown")
    assert stage.copies()[1] == 5 + kept
    assert stage.violations() == []

    send_again(
        stage.house.db, unknown.id, by="k", why="hörde av mig", calendar=stage.house.calendar, now=stage.place.now()
    )
    deliver(stage.house.mailroom)
    assert stage.states() == {"sent": 6}
    assert stage.evidence().copies()[unknown.id] == 1 + kept
    assert stage.violations() == []


def test_row_19_421_to_quit_after_the_250_changes_nothing(stage: Stage) -> None:
    stage.sink.faults = [Fault("quit", "421 4.3.2 too busy to say goodbye", times=0)]
    deliver(stage.house.mailroom)
    assert stage.states() == {"sent": 6}
    assert stage.copies() == {1: 6}
    assert stage.violations() == []


# --- a strict server ---------------------------------------------------------

PER_MINUTE, MANY = 30, 75


@dataclass
class StrictSink(Sink):
    """Lets so many mails begin in any minute of the world's time, then says 432."""

    begun: list[datetime] = field(default_factory=list)

    def fault(self, point: str, to: Sequence[str]) -> Fault | None:
        if point != "mail":
            return None
        now = FileClock(self.truth.with_name("clock.json")).now()
        if sum(now - at < timedelta(minutes=1) for at in self.begun) >= PER_MINUTE:
            return Fault("mail", "432 4.3.2 STOREDRV; too many messages")
        self.begun.append(now)
        return None


@pytest.fixture
def strict(sql_url: str, tmp_path: Path, context: ForkServerContext) -> Iterator[Stage]:
    sink = StrictSink(tmp_path / "truth.jsonl")
    with make_stage(sql_url, tmp_path, context, count=MANY, sink=sink) as made:
        yield made


def test_row_20_a_server_that_takes_thirty_a_minute_holds_the_channel_and_burns_no_mail(strict: Stage) -> None:
    for _ in range(30):
        deliver(strict.house.mailroom)
        strict.pass_time(timedelta(minutes=2))
    assert strict.states() == {"sent": MANY}
    assert strict.copies() == {1: MANY}
    assert strict.events("channel.blocked") >= 2
    assert strict.violations() == []


def test_row_20_with_a_rate_of_our_own_it_never_has_to_refuse(strict: Stage) -> None:
    """Over one connection all leave in the order in which they are due; over several, one may overtake another."""
    room = replace(strict.house.mailroom, rate=Rate(PER_MINUTE), connections=1)
    for _ in range(20):
        deliver(room)
        strict.pass_time(timedelta(seconds=30))
    assert strict.states() == {"sent": MANY}
    assert strict.events("channel.blocked") == 0
    due = [each.id for each in strict.messages()]
    assert order(read_truth(strict.place.truth)) == due
    assert strict.violations() == []


def order(dots: Sequence[Dot]) -> list[str]:
    ordered = sorted((dot for dot in dots if dot.kept), key=lambda dot: dot.at_ns)
    return [dot.message_id.strip("<>").partition("@")[0] for dot in ordered]


# --- a way out that is shut --------------------------------------------------

WAYS = {
    "no such name": SmtpPostman("mail.invalid", 25, timeout=2),
    "nobody listens": SmtpPostman("127.0.0.1", 1, timeout=2),
    "no TLS there": SmtpPostman("127.0.0.1", 0, security="tls", timeout=2),
    "STARTTLS stripped": SmtpPostman("127.0.0.1", 0, security="starttls", timeout=2),
    "no login there": SmtpPostman("127.0.0.1", 0, user="tertial", password="fel", timeout=2),
}


def alarms(stage: Stage) -> bool:
    """Whether both those who run it and the coordinators (who read `channel_state`) are told; both or neither."""
    db = stage.house.db
    found = {each.truth: each.holds for each in examine(db, tick=QUARTER, now=stage.place.now())}
    assert found[Truth.CHANNEL] is not channel_state(db).is_blocked
    return channel_state(db).is_blocked


@pytest.mark.parametrize("way", WAYS)
def test_row_21_a_way_out_that_is_shut_blocks_the_channel_and_burns_no_mail(stage: Stage, way: str) -> None:
    postman = WAYS[way]
    wrong = replace(stage.house.mailroom, postman=replace(postman, port=postman.port or stage.sink.port))
    deliver_for(stage, 48, room=wrong)
    assert stage.states() == {"planned": 6}
    assert {each.attempts for each in stage.messages()} == {0}
    assert stage.events("channel.blocked") > 1
    assert alarms(stage)
    assert stage.copies() == {0: 6}

    stage.place.set_now(CALENDAR.next_window(stage.place.now() + GIVE_UP_AFTER))
    deliver_for(stage, 2)
    assert stage.states() == {"sent": 6}
    assert stage.events("channel.cleared") == 1
    assert not alarms(stage)
    schedule(stage.house, stage.place.now())
    deliver_for(stage, 1)
    assert stage.violations() == []
