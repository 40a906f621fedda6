"""A sender of ours, in a process of its own: the product as it is wired for service."""

import gc
import json
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path

from tests.benchmarks.shelf import NOW
from tests.benchmarks.turn import Job, take_turn
from tests.mails.samples import ALL
from workflow.bootstrap import App, build
from workflow.services.claims import BATCH
from workflow.services.outbox import deliver
from workflow.settings import load_settings

KEY = "en-nyckel-som-bara-finns-i-matningen-0123456789"


def house(url: str, port: int, connections: int) -> App:
    """The product with a clock that stands still."""
    folder = Path(url.removeprefix("sqlite:///")).parent if url.startswith("sqlite") else Path("/nonexistent")
    settings = load_settings(
        environment="development",
        data_dir=folder,
        database_url=url,
        secret_key=KEY,
        redis_url="",
        smtp_host="127.0.0.1",
        smtp_port=port,
        smtp_connections=connections,
        base_url="https://tertial.example",
    )
    return build(settings, now=NOW)


def ours(*, url: str, port: int, connections: int, limit: int) -> Job:
    """Send what is due, or the first `limit` of it, as a worker does that has been running for a while."""
    room = house(url, port, connections).mailroom
    for _, letter in (*ALL, *ALL):
        room.renderer.render(letter)  # its templates are compiled
    with room.db.read() as work:
        work.rounds.all()
    if limit:
        claims = count()
        room = replace(room, held=lambda: next(claims) >= limit // BATCH)

    gc.collect()
    gc.freeze()  # as tasks.worker does

    def job() -> int:
        return deliver(room).sent

    return job


if __name__ == "__main__":
    task = json.loads(sys.argv[1])
    is_profiled = task.pop("profiled", False)
    take_turn(ours(**task), is_profiled=is_profiled)
