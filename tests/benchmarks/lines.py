"""The lines of the sending benchmark: what each one runs, what it is compared with, and its targets."""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from subprocess import run as run_program

from tests.benchmarks.crew import RunFailedError, Taken, run
from tests.benchmarks.peer import MAILER, POST_OFFICE
from tests.benchmarks.peers import NAMES, Peers
from tests.benchmarks.plain import RECIPIENT, SENDER
from tests.benchmarks.shelf import SQLITE, Shelf
from tests.benchmarks.sinks import Sink, found
from tests.benchmarks.table import Target, median
from workflow.domain.messages import MessageKind
from workflow.services.claims import BATCH

GROUPS = ("ours", "files", "peers", "queue", "relay")
BASE = "smtplib, 1 connection, ready-made"
IN_SERVICE = 10  # connections, as shipped
CPU = Target(900, "µs", is_ceiling=True)
BY_PROCESSES = {1: Target(0.35, "× base"), 2: Target(0.8, "× base")}
FILES = Target(0.25, "× base")
DEEP = Target(0.9, "× shallow")
RELAY = {20: Target(600, "/s"), 50: Target(1200, "/s")}  # by connections, in whatever processes


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table. `beside` names the line it is compared with."""

    name: str
    run: Callable[[], Taken]
    beside: str = BASE
    ratio: Target | None = None
    rate: Target | None = None
    cpu: Target | None = None


@dataclass
class Bench:
    """What all lines share, and what they took: a list for each, with an empty place for a run that failed."""

    given: argparse.Namespace
    folder: Path
    shelf: Shelf
    sink: Sink
    relays: Mapping[str, Sink]
    taken: dict[str, list[Taken | None]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def measure(self, line: Line) -> None:
        try:
            taken = line.run()
        except RunFailedError as error:
            self.faults[line.name] = str(error)
            taken = None
        self.taken.setdefault(line.name, []).append(taken)

    def rates(self, name: str) -> list[float]:
        return [each.rate for each in self.taken.get(name, ()) if each]

    def ratio(self, name: str, beside: str) -> float | None:
        """The median of the ratios within a round."""
        both = zip(self.taken.get(name, ()), self.taken.get(beside, ()), strict=False)
        ratios = [one.rate / other.rate for one, other in both if one and other]
        return median(ratios) if ratios else None


def ours(
    bench: Bench,
    db: str,
    *,
    processes: int,
    connections: int,
    mails: int,
    kind: MessageKind = MessageKind.REMINDER,
    queued: int = 0,
    relay: str = "",
    profiled: bool = False,
) -> Taken:
    """One run on a fresh copy of a database. `queued`: so many are due, of which `mails` are sent."""
    port = (bench.relays[relay] if relay else bench.sink).port
    with bench.shelf.copy(db, queued or mails, kind) as url:
        limit = mails // processes if queued else 0
        task = {"url": url, "port": port, "connections": connections, "limit": limit}
        return run("hand", [task | {"profiled": profiled}] * processes, wanted=mails)


def base(bench: Bench, mail: Path, *, processes: int = 1, as_message: bool = False) -> Taken:
    mails = bench.given.mails // processes
    task = {"port": bench.sink.port, "mails": mails, "mail": str(mail), "as_message": as_message}
    return run("plain", [task] * processes, wanted=mails * processes)


def source(bench: Bench, program: str, size: int) -> Taken:
    """What Postfix's own tool does: the limit of sink and loopback."""
    mails = bench.given.mails
    argv = [program, "-d", "-s", "10", "-m", str(mails), "-l", str(size), "-f", SENDER, "-t", RECIPIENT]
    begun = time.perf_counter()
    run_program([*argv, f"127.0.0.1:{bench.sink.port}"], check=True, capture_output=True)
    return Taken(mails, time.perf_counter() - begun, 0.0)


def lines(bench: Bench, dbs: Sequence[str], peers: Peers | None, plain: Path, full: Path) -> Iterator[Line]:
    """In the order of a round."""
    yield Line(name=BASE, run=partial(base, bench, plain))
    yield Line(name="smtplib, 2 processes, ready-made", run=partial(base, bench, plain, processes=2))
    yield Line(name="smtplib, 1 connection, ready-made with files", run=partial(base, bench, full))
    yield Line(name="smtplib, 1 connection, EmailMessage", run=partial(base, bench, plain, as_message=True))
    if program := found("smtp-source"):
        yield Line(name="smtp-source, 10 sessions", run=partial(source, bench, program, plain.stat().st_size))
    for db in dbs:
        for group, make in {"ours": _lines_ours, "files": _lines_files, "queue": _lines_queue}.items():
            if group in bench.given.only:
                yield from make(bench, db)
        if peers:
            yield from _lines_peers(bench, db, peers)
    if "relay" in bench.given.only and dbs:
        yield from _lines_relay(bench, dbs[0])


def name_of(db: str, processes: int, connections: int) -> str:
    many = "processes" if processes > 1 else "process"
    return f"ours, {db}, {processes} {many} × {connections}"


def _lines_ours(bench: Bench, db: str) -> Iterator[Line]:
    for processes in bench.given.processes:
        for connections in bench.given.connections:
            yield Line(
                name=name_of(db, processes, connections),
                run=partial(ours, bench, db, processes=processes, connections=connections, mails=bench.given.mails),
                ratio=BY_PROCESSES.get(processes),
                cpu=CPU,
            )


def _lines_files(bench: Bench, db: str) -> Iterator[Line]:
    for processes, connections in product(bench.given.processes, bench.given.connections):
        yield Line(
            name=f"{name_of(db, processes, connections)}, .ics + Word form",
            run=partial(
                ours,
                bench,
                db,
                processes=processes,
                connections=connections,
                mails=bench.given.mails,
                kind=MessageKind.INVITATION,
            ),
            ratio=FILES if processes == 1 else None,
        )


def peer_name(peer: str, db: str, processes: int, *, as_shipped: bool = False) -> str:
    shipped = " as Django ships it" if as_shipped else ""
    return f"{NAMES[peer]}, {db}{shipped}, {processes} process{'es' if processes > 1 else ''}"


def peer_lines(peer: str, db: str) -> tuple[tuple[int, bool], ...]:
    """Their processes, and whether SQLite is as Django ships it.

    A second django-mailer needs row locks, which SQLite has not: its file lock turns it away there.
    """
    if db != SQLITE:
        return (1, False), (2, False)
    return ((1, False), (1, True)) if peer == MAILER else ((1, False), (2, False), (1, True))


def _lines_peers(bench: Bench, db: str, peers: Peers) -> Iterator[Line]:
    send = partial(peers.send, bench.shelf, db=db, port=bench.sink.port, mails=bench.given.mails)
    for peer in (POST_OFFICE, MAILER):
        for processes, as_shipped in peer_lines(peer, db):
            name = peer_name(peer, db, processes, as_shipped=as_shipped)
            yield Line(name=name, run=partial(send, peer, processes=processes, as_shipped=as_shipped))


def _lines_queue(bench: Bench, db: str) -> Iterator[Line]:
    mails = _whole_claims(min(bench.given.mails, 1000))
    shallow = f"ours, {db}, 1 × {IN_SERVICE}, {mails} of {mails:,} queued"
    one = partial(ours, bench, db, processes=1, connections=IN_SERVICE, mails=mails)
    yield Line(name=shallow, run=partial(one, queued=mails))
    yield Line(
        name=f"ours, {db}, 1 × {IN_SERVICE}, {mails} of {bench.given.queued:,} queued",
        run=partial(one, queued=bench.given.queued),
        beside=shallow,
        ratio=DEEP,
    )


def _lines_relay(bench: Bench, db: str) -> Iterator[Line]:
    for relay, processes, connections in product(bench.relays, bench.given.processes, (1, IN_SERVICE, 20, 25, 50)):
        mails = processes * _whole_claims(min(60 * connections, bench.given.mails // processes))
        yield Line(
            name=f"{relay}: {name_of(db, processes, connections)}",
            run=partial(ours, bench, db, processes=processes, connections=connections, mails=mails, relay=relay),
            beside="",
            rate=RELAY.get(processes * connections),
        )


def _whole_claims(mails: int) -> int:
    """A process claims so many at once: fewer would leave the second process without work."""
    return max(mails // BATCH, 1) * BATCH
