"""The pages' process on PostgreSQL, and what it writes to its log when a save fails under it."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep

import httpx2
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.web.houses import NORRBY, csrf_of, link_of, make_house
from workflow.adapters.db.database import SqlDatabase

CANARY = "Kanariefågelordet"
END_SAVING = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE query LIKE 'INSERT INTO answers%' AND wait_event_type = 'Lock'"
)
pytestmark = pytest.mark.postgres


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(folder: Path, database_url: str, port: int) -> Iterator[str]:
    """`python -P -m workflow.web` as it is started in production; its stderr goes to `web.log`."""
    url = f"http://127.0.0.1:{port}"
    environment = dict(os.environ) | {  # noqa: TID251 - a process of ours gets its settings this way
        "TERTIAL_DATA": str(folder),
        "DATABASE_URL": database_url,
        "TERTIAL_CLOCK": str(folder / "clock.json"),
        "BASE_URL": url,
        "PORT": str(port),
        "REDIS_URL": "redis://127.0.0.1:1",
    }
    command = [sys.executable, "-P", "-m", "workflow.web"]
    with (folder / "web.log").open("wb") as log, subprocess.Popen(command, env=environment, stderr=log) as process:
        try:
            until(lambda: answers(url))
            yield url
        finally:
            process.terminate()


def until(done: Callable[[], object]) -> None:
    limit = monotonic() + 30
    while not done():
        assert monotonic() < limit
        sleep(0.02)


def answers(url: str) -> bool:
    try:
        return bool(httpx2.get(f"{url}/healthz").is_success)
    except httpx2.HTTPError:
        return False


def test_a_save_that_the_database_breaks_off_leaves_no_word_of_it_in_the_log(tmp_path: Path, postgres_url: str) -> None:
    port = free_port()
    house = make_house(tmp_path, postgres_url, base_url=f"http://127.0.0.1:{port}")
    outside = create_engine(postgres_url, poolclass=NullPool)
    looking_anew = outside.execution_options(isolation_level="AUTOCOMMIT")  # a transaction keeps what it saw first
    assert isinstance(house.db, SqlDatabase)
    with (
        closing(house.db),
        serving(tmp_path, postgres_url, port) as url,
        httpx2.Client(base_url=url, timeout=30) as person,
        outside.connect() as migration,
        ThreadPoolExecutor() as threads,
        looking_anew.connect() as killer,
    ):
        person.post(link_of(house, NORRBY))
        csrf = csrf_of(person.get("/svara").text)
        migration.exec_driver_sql("LOCK TABLE answers IN SHARE MODE")
        form = {"csrf": csrf, "text.etableringar": CANARY, "version.etableringar": "0"}
        saving = threads.submit(person.post, "/svara", data=form)
        try:
            until(lambda: killer.execute(END_SAVING).scalar_one())
        finally:
            migration.rollback()
        page = saving.result()
    assert page.status_code == 503
    assert CANARY in page.text  # the person still has it
    log = (tmp_path / "web.log").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in log.splitlines()]
    assert any("AdminShutdown" in str(line.get("exception")) for line in lines)
    assert CANARY not in log
    assert "Kanarie" not in log
