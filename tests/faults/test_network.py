"""Matrix row 14: the network between worker and mail server, and worker and PostgreSQL, is cut, slow or half open."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.faults.conftest import Stage, make_stage, until
from tests.faults.hand import scheduler, start, submitter, worker
from tests.faults.proxy import Proxy, proxy_to
from workflow.domain.messages import MessageKind, MessageState
from workflow.services.outbox import deliver

pytestmark = [pytest.mark.faults, pytest.mark.timeout(90)]

PENDING = {MessageState.PLANNED, MessageState.SENDING, MessageState.HANDING}


@pytest.fixture
def between(sql_url: str, tmp_path: Path, context: ForkServerContext) -> Iterator[tuple[Stage, Proxy]]:
    """A proxy stands between the workers and the sink."""
    with ExitStack() as stack:
        proxies: list[Proxy] = []

        def through(port: int) -> int:
            proxies.append(stack.enter_context(proxy_to(("127.0.0.1", port))))
            return proxies[0].port

        stage = stack.enter_context(make_stage(sql_url, tmp_path, context, count=40, smtp_timeout=1, through=through))
        yield stage, proxies[0]


def all_decided(stage: Stage) -> bool:
    return not any(each.state in PENDING for each in stage.messages())


def test_row_14_cut_again_and_again_all_arrive_or_are_told_of(between: tuple[Stage, Proxy]) -> None:
    stage, proxy = between
    dice = random.Random(14)  # noqa: S311 - chance, no secret
    stage.sink.delay = 0.03
    for _ in range(2):
        stage.start(worker)
    for _ in range(15):
        proxy.budget = dice.randrange(1, 60_000)
        proxy.delay = dice.choice([0, 0, 0.005])
        wait_for(lambda: proxy.budget is None, 0.5)
        proxy.cut()
        stage.pass_time(timedelta(minutes=6))
    proxy.budget, proxy.delay = None, 0
    for _ in range(60):
        if wait_for(lambda: all_decided(stage), 0.5):
            break
        stage.pass_time()
    assert set(stage.states()) <= {"sent", "unknown"}
    assert stage.states()["sent"] >= 10
    assert stage.violations() == []


def wait_for(ask: Callable[[], bool], seconds: float) -> bool:
    """Whether it came true in that time."""
    with suppress(AssertionError):
        return until(ask, "", seconds)
    return False


def is_due(stage: Stage) -> bool:
    with stage.house.db.read() as work:
        return bool(work.outbox.due(stage.place.now(), limit=1))


def test_row_14_a_line_that_only_swallows_is_given_up_in_time(between: tuple[Stage, Proxy]) -> None:
    stage, proxy = between
    proxy.silent = True
    deliver(stage.house.mailroom)  # one second of patience
    assert stage.states() == {"planned": 40}
    proxy.silent = False
    stage.pass_time(timedelta(minutes=20))
    deliver(stage.house.mailroom)
    assert stage.states() == {"sent": 40}
    assert stage.violations() == []


@pytest.mark.postgres
@pytest.mark.timeout(240)
def test_row_14_the_line_to_postgres_goes_silent_and_another_worker_takes_over(
    postgres_url: str, tmp_path: Path, context: ForkServerContext
) -> None:
    """Half open in mid-batch: only the lease tells. What the silent worker has begun PostgreSQL ends after 60 s."""
    socket = make_url(postgres_url)
    with (
        proxy_to(f"{socket.query['host']}/.s.PGSQL.5432") as proxy,
        make_stage(postgres_url, tmp_path, context, count=40, connections=2) as stage,
    ):
        stage.sink.delay = 0.05
        url = socket.set(host="127.0.0.1", port=proxy.port, query={}).render_as_string(hide_password=False)
        silenced = start(context, worker, replace(stage.place, database_url=url))
        stage.born.append(silenced)
        until(lambda: stage.kept() >= 5, "it is in the midst of its batch")
        proxy.silent = True
        assert stage.states()["sending"] + stage.states()["handing"], "nothing was under way: the test is blind"
        stage.pass_time()
        other = stage.start(worker)
        until(lambda: all_decided(stage), "the other has sent all", 120)
        other.kill()
        proxy.silent = False
        proxy.cut()
        stage.next_reminders()
        until(lambda: all_decided(stage), "who was silent has noticed and goes on", 60)
        assert set(stage.states(MessageKind.INVITATION)) <= {"sent", "unknown"}
        assert set(stage.copies(MessageKind.INVITATION)) <= {0, 1}
        assert stage.violations() == []


@pytest.mark.postgres
def test_row_14_the_line_to_postgres_is_cut_again_and_again(
    postgres_url: str, tmp_path: Path, context: ForkServerContext
) -> None:
    socket = make_url(postgres_url)
    folder = str(socket.query["host"])
    with proxy_to(f"{folder}/.s.PGSQL.5432") as proxy:
        url = socket.set(host="127.0.0.1", port=proxy.port, query={}).render_as_string(hide_password=False)
        with make_stage(url, tmp_path, context, count=40, connections=2) as stage:
            stage.sink.delay = 0.05
            direct = stage.house
            for act, times in ((worker, 3), (scheduler, 2), (submitter, 1)):
                for seed in range(times):
                    stage.start(act, seed)
            dice = random.Random(12)  # noqa: S311 - chance, no secret
            for _ in range(25):
                proxy.budget = dice.randrange(100, 200_000)
                wait_for(lambda: proxy.budget is None, 0.5)
                proxy.cut()
            proxy.budget = None
            stage.born[-1].kill()
            for _ in range(4):
                until(lambda: not is_due(stage), "nothing is due", 30)
                stage.pass_time()
            until(lambda: all_decided(stage), "all is decided", 30)
            assert direct is stage.house
            assert stage.place.mutterings.exists(), "no line was cut while in use: the test is blind"
            assert stage.violations() == []
