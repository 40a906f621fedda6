"""Matrix row 24: the wall clock jumps while a worker, wired as the real one is, sends batch after batch."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
import time_machine

from tasks.jobs import Bench
from tasks.worker import make_bench
from tests.fakes.queue import FakeQueue
from tests.faults.conftest import Stage, make_stage
from tests.faults.sink import read_truth
from tests.web.houses import COORDINATOR, cheap_hash
from tests.web.office import sign_in
from workflow.domain.clockguard import JUMP
from workflow.domain.people import Account
from workflow.ports import Job
from workflow.services.guard import clock_guard, trust_clock

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

UNITS, BATCH = 12, 2
BETWEEN = 2 * BATCH  # the batch under way, and the next if its claim was committed just before the jump
DAY = timedelta(days=1)
A_LITTLE_MORE = timedelta(minutes=1)
WORDS = {"sv": "Utskicken vilar: serverns klocka går inte att lita på", "en": "Mailing is paused"}


@dataclass
class Rehearsal:
    """A worker's bench on the machine's clock, which the test sets; twelve invitations are due."""

    stage: Stage
    bench: Bench
    wall: time_machine.Traveller

    def deliver(self) -> None:
        self.bench.run(Job.DELIVER)

    def deliver_while_it_jumps(self, jump: timedelta) -> None:
        """The clock is set when the server has the first mail, before it answers."""

        def watch(reached: str, _to: tuple[str, ...]) -> None:
            if reached == "dot":
                self.stage.sink.watch = lambda _point, _to: None
                self.wall.shift(jump)

        self.stage.sink.watch = watch
        self.deliver()
        assert self.heard() >= 1, "the moment never came"

    def heard(self) -> int:
        return len(read_truth(self.stage.place.truth))

    def page(self, language: str) -> str:
        house = replace(self.bench.house, queue=FakeQueue())
        return sign_in(house, language).get(f"/omgang/{self.stage.round.id}").text


@pytest.fixture
def worker(
    sqlite_url: str, tmp_path: Path, context: ForkServerContext, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rehearsal]:
    """On SQLite, which has no host whose clock could be asked: the process has only its own eyes."""
    monkeypatch.setattr("workflow.services.claims.BATCH", BATCH)
    with (
        make_stage(sqlite_url, tmp_path, context, count=UNITS, connections=1) as stage,
        time_machine.travel(stage.place.now() + A_LITTLE_MORE, tick=True) as wall,
    ):
        email, password = COORDINATOR
        account = Account(id="karin", email=email, name="Karin Exempel", password_hash=cheap_hash(password))
        with stage.house.db.begin() as work:
            work.access.add_account(account)
        yield Rehearsal(stage, make_bench(stage.house.settings.model_copy(update={"clock_file": None})), wall)


@pytest.mark.parametrize("jump", [DAY, -DAY, 365 * DAY, JUMP + A_LITTLE_MORE], ids=str)
def test_row_24_a_jump_in_mid_sending_stops_all_that_is_not_under_way_until_a_person_says_so(
    worker: Rehearsal, jump: timedelta
) -> None:
    assert not any(words in worker.page(language) for language, words in WORDS.items())
    worker.deliver_while_it_jumps(jump)
    heard = worker.heard()
    assert heard <= BETWEEN
    assert set(worker.stage.states()) <= {"sent", "planned"}
    assert worker.stage.events("guard.raised") == 1, "seen at the next claim, not at the next job"
    assert clock_guard(worker.stage.house.db).stands

    for job in Job:
        worker.bench.run(job)
    assert worker.heard() == heard
    for language, words in WORDS.items():
        assert 'role="alert"' in worker.page(language)
        assert words in worker.page(language)

    worker.wall.shift(-jump)  # somebody sets the clock right, and has not said so yet
    worker.deliver()
    assert worker.heard() == heard

    trust_clock(worker.bench.house.db, by="cli", why="stämd mot telefonen", now=worker.bench.house.now())
    worker.deliver()
    assert worker.stage.states() == {"sent": UNITS}
    assert worker.stage.copies() == {1: UNITS}
    assert not any(words in worker.page(language) for language, words in WORDS.items())


@pytest.mark.parametrize("jump", [timedelta(seconds=-30), JUMP - A_LITTLE_MORE], ids=str)
def test_row_24_a_clock_that_is_only_set_right_stops_nothing(worker: Rehearsal, jump: timedelta) -> None:
    worker.deliver_while_it_jumps(jump)
    worker.wall.shift(A_LITTLE_MORE)
    worker.deliver()
    assert worker.stage.states() == {"sent": UNITS}
    assert worker.stage.copies() == {1: UNITS}
    assert worker.stage.events("guard.raised") == 0
