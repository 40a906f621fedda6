"""Asking for jobs: what lies in the broker afterwards, and how long a broken broker may hold a page up."""

import json
import logging
import os
import signal
import socket
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from redis import Redis

from tests.fakes.queue import FakeQueue
from workflow.adapters.broker import EmbeddedValkey
from workflow.adapters.queue import AT_ONCE, QUEUE, CeleryQueue, make_celery
from workflow.ports import Job, Queue

KEY = f"tertial:{QUEUE}"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    broker = EmbeddedValkey(tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that takes connections and never says anything."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield listener.getsockname()[1]


def take_all(broker: EmbeddedValkey) -> list[dict[str, Any]]:
    """Empty the queue; what lay in it, the body decoded."""
    with Redis(unix_socket_path=unquote(urlsplit(broker.url).path)) as client:
        messages = [json.loads(raw) for raw in client.lrange(KEY, 0, -1)]
        client.delete(KEY)
    return [message | {"body": json.loads(b64decode(message["body"]))} for message in messages]


def seconds_of(queue: Queue, job: Job) -> float:
    started = time.monotonic()
    queue.ask(job)
    return time.monotonic() - started


def join_askings() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("ask "):
            thread.join(15)


def test_an_asking_is_a_message_with_the_jobs_name_and_nothing_else(broker: EmbeddedValkey) -> None:
    CeleryQueue(broker.url).ask(Job.DELIVER)

    (message,) = take_all(broker)
    args, kwargs, _ = message["body"]
    assert message["headers"]["task"] == "outbox.deliver"
    assert (args, kwargs) == ([], {})
    assert message["headers"]["expires"] is not None
    assert message["headers"]["ignore_result"] is True


def test_keys_in_the_broker_carry_our_prefix(broker: EmbeddedValkey) -> None:
    CeleryQueue(broker.url).ask(Job.DELIVER)

    with Redis(unix_socket_path=unquote(urlsplit(broker.url).path)) as client:
        keys = client.keys("*")
    assert keys
    assert all(key.startswith(b"tertial:") for key in keys)
    take_all(broker)


@pytest.mark.parametrize("used_before", [False, True])
def test_a_frozen_broker_holds_nobody_up_for_more_than_a_second(broker: EmbeddedValkey, *, used_before: bool) -> None:
    queue = CeleryQueue(broker.url)
    if used_before:
        queue.ask(Job.DELIVER)
        assert len(take_all(broker)) == 1
    pid = broker.pid
    assert pid
    os.kill(pid, signal.SIGSTOP)
    try:
        first = seconds_of(queue, Job.DELIVER)
        later = [seconds_of(queue, job) for job in Job]
    finally:
        os.kill(pid, signal.SIGCONT)
    assert first <= 1
    assert sum(later) <= 0.3, "only the first one waits"

    join_askings()
    take_all(broker)
    queue.ask(Job.DELIVER)
    join_askings()
    assert take_all(broker), "it asks again as soon as the broker answers"


def test_a_broker_that_is_down_is_logged_without_its_password(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refuses
        queue = CeleryQueue(f"redis://:hemligt@127.0.0.1:{taken.getsockname()[1]}/0")
        with caplog.at_level(logging.WARNING):
            assert seconds_of(queue, Job.OPEN_DUE) <= 1
            join_askings()

    assert "rounds.open_due" in caplog.text
    assert "hemligt" not in caplog.text


def asking_threads() -> int:
    return sum(thread.name.startswith("ask ") for thread in threading.enumerate())


def test_after_a_failure_nobody_asks_for_a_while_and_then_one_finds_out(broker: EmbeddedValkey) -> None:
    pid = broker.pid
    assert pid
    queue = CeleryQueue(broker.url, rest=3)
    os.kill(pid, signal.SIGSTOP)
    try:
        queue.ask(Job.DELIVER)
        join_askings()  # its own socket has given up
        assert sum(seconds_of(queue, job) for _ in range(10) for job in Job) <= 0.2
        assert asking_threads() == 0
    finally:
        os.kill(pid, signal.SIGCONT)
    take_all(broker)
    deadline = time.monotonic() + 10
    while not take_all(broker) and time.monotonic() < deadline:
        queue.ask(Job.DELIVER)
        time.sleep(0.1)
    assert time.monotonic() < deadline
    join_askings()
    take_all(broker)
    queue.ask(Job.DELIVER)
    assert len(take_all(broker)) == 1, "and it goes on as before"


def test_many_askings_of_a_silent_server_neither_wait_nor_pile_up(
    silent_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    queue = CeleryQueue(f"redis://127.0.0.1:{silent_port}/0", rest=0)
    queue.ask(Job.DELIVER)
    with caplog.at_level(logging.WARNING):
        assert sum(seconds_of(queue, Job.DELIVER) for _ in range(30)) <= 0.5
    assert caplog.text.count("does not answer") == 30 - (AT_ONCE - 1), "no more than a few wait in the background"


def test_the_shared_settings_survive_a_killed_worker_and_know_json_only(tmp_path: Path) -> None:
    conf = make_celery(f"redis+socket://{tmp_path}/no.sock").conf

    assert conf.accept_content == ["json"]
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost, conf.worker_prefetch_multiplier) == (True, True, 1)
    assert (str(conf.timezone), conf.task_ignore_result) == ("UTC", True)
    assert not conf.result_backend
    assert conf.broker_connection_max_retries is None, "it waits for the broker for ever; its poll works meanwhile"


def test_the_fake_remembers_what_was_asked() -> None:
    queue = FakeQueue()
    queue.ask(Job.GATHER)
    assert queue.asked == [Job.GATHER]
