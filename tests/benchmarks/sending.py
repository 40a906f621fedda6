"""How fast mails that are due leave, beside smtplib alone and beside the peers, in one interleaved run.

A line of ours is the whole way, by the product as it is wired for service: due, claimed, rendered, marked in the
ledger before the final dot, accepted with 250, recorded. The base is Python's smtplib with one connection and the bytes
of such a mail ready-made. Ratios are taken within a round and their median is shown: an absolute rate says more about
the machine, and what else it did, than about us. So does CPU time where others make the caches cold: `least` is that
of the best round.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import product
from pathlib import Path

from tests.benchmarks.hand import house
from tests.benchmarks.lines import (
    GROUPS,
    IN_SERVICE,
    Bench,
    Line,
    lines,
    name_of,
    ours,
    peer_lines,
    peer_name,
)
from tests.benchmarks.peer import MAILER, POST_OFFICE
from tests.benchmarks.peers import NoPeersError, Peers, install
from tests.benchmarks.plain import SENDER
from tests.benchmarks.shelf import NOW, POSTGRES, SQLITE, Shelf
from tests.benchmarks.sinks import fast_sink, slow_relay
from tests.benchmarks.table import Target, machine, median, say, say_table
from tests.postgres import NoPostgresError
from workflow.adapters.db.database import SqlDatabase
from workflow.domain.messages import MessageKind
from workflow.services.claims import BATCH
from workflow.services.writing import Written, gather_material, write

PER_REPLY, AFTER_DOT = 0.001, 0.020  # seconds: the slow relay
BESIDE = {POST_OFFICE: Target(3, "×"), MAILER: Target(8, "×")}


def report(bench: Bench, asked: Sequence[Line]) -> None:
    say_table(("", "mails/s", "× base", "µs CPU", "least", "  targets"), [_row(bench, line) for line in asked])
    for name, why in bench.faults.items():
        say(f"{name} FAILED: {why}", "")


def _row(bench: Bench, line: Line) -> tuple[str, ...]:
    taken = [each for each in bench.taken.get(line.name, ()) if each]
    if not taken:
        return (line.name, "-", "-", "-", "-", "  failed")
    rate, cpu = median(each.rate for each in taken), median(each.cpu_each for each in taken)
    least = min(each.cpu_each for each in taken)
    ratio = bench.ratio(line.name, line.beside) if line.beside else None
    verdicts = [
        target.judge(figure)
        for target, figure in ((line.ratio, ratio), (line.rate, rate), (line.cpu, cpu))
        if target and figure is not None
    ]
    return (
        line.name,
        f"{rate:,.0f}",
        f"{ratio:.2f}" if ratio is not None else "",
        f"{cpu:.0f}" if cpu else "",
        f"{least:.0f}" if least else "",
        "  " + "; ".join(verdicts),
    )


def report_beside(bench: Bench, dbs: Sequence[str]) -> None:
    """How many times as fast as the peers we are, with at least as many processes of ours as of theirs."""
    rows = []
    for db, peer, connections in product(dbs, BESIDE, bench.given.connections):
        for mine, (theirs, as_shipped) in product((1, 2), peer_lines(peer, db)):
            beside = peer_name(peer, db, theirs, as_shipped=as_shipped)
            ratio = bench.ratio(name_of(db, mine, connections), beside)
            if ratio is not None and mine >= theirs:
                verdict = BESIDE[peer].judge(ratio) if mine > 1 else ""
                rows.append((f"ours, {db}, {mine} × {connections} / {beside}", f"{ratio:.1f}", f"  {verdict}"))
    if rows:
        say_table(("beside the peers", "times", ""), rows)


def written(shelf: Shelf, kind: MessageKind) -> Written:
    """A mail as the product writes it."""
    with shelf.copy(SQLITE, 1, kind) as url:
        room = house(url, port=1, connections=1).mailroom
        with room.db.read() as work:
            message = work.outbox.get("m-0")
            material = gather_material(work, [message], calendar=room.calendar, now=NOW)
        mail = write(room, message, material, now=NOW)
        assert isinstance(room.db, SqlDatabase)
        room.db.close()
    return mail


def _kept(folder: Path, name: str, mail: Written) -> Path:
    path = folder / f"{name}.eml"
    path.write_bytes(mail.data)
    return path


def _letter(folder: Path, mail: Written) -> Path:
    """The same words for the peers, who are spared the rendering."""
    path = folder / "letter.json"
    frozen = mail.frozen
    words = {"sender": SENDER, "subject": frozen.subject, "text": frozen.text, "html": frozen.html}
    path.write_text(json.dumps(words), encoding="utf-8")
    return path


def _databases(bench_shelf: Shelf, wanted: str) -> list[str]:
    dbs = [SQLITE, POSTGRES] if wanted == "both" else [wanted]
    for db in list(dbs):
        try:
            say(bench_shelf.describe(db))
        except NoPostgresError as error:
            say(f"left out: {db}, because {error}")
            dbs.remove(db)
    return dbs


def _peers(folder: Path, given: argparse.Namespace, letter: Path) -> Peers | None:
    if "peers" not in given.only:
        return None
    try:
        peers = install(folder, letter)
    except NoPeersError as error:
        say(f"left out: the peers, because they cannot be installed: {error}")
        return None
    say(f"peers: {peers.versions()}")
    return peers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mails",
        type=int,
        default=2000,
        help=f"mails in a run; default 2000. A process claims {BATCH} at once: with few mails, two are no faster",
    )
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds, of which the median is shown")
    parser.add_argument("--db", choices=(SQLITE, POSTGRES, "both"), default="both")
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=list(GROUPS), help="which lines beside the base")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 4, IN_SERVICE, 20])
    parser.add_argument("--queued", type=int, default=100_000, help="how many are due for the rate with a deep queue")
    parser.add_argument("--folder", type=Path, help="where the databases lie; default: a temporary folder")
    parser.add_argument("--profile", action="store_true", help="show instead where one process spends its time")


def main(given: argparse.Namespace) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=given.folder)))
        shelf = Shelf(folder, stack)
        sink, relay = stack.enter_context(fast_sink()), stack.enter_context(slow_relay(PER_REPLY, AFTER_DOT))
        modern = stack.enter_context(slow_relay(PER_REPLY, AFTER_DOT, pipelines=True))
        bench = Bench(given, folder, shelf, sink, {"slow relay": relay, "slow relay, RFC 2920": modern})
        say(machine(), f"sink: {sink.name}; slow relay: {relay.name}, and one that takes commands in one write")
        dbs = _databases(shelf, given.db)
        plain, full = written(shelf, MessageKind.REMINDER), written(shelf, MessageKind.INVITATION)
        say(f"mails: a reminder, {len(plain.data):,} bytes; an invitation with files, {len(full.data):,} bytes")
        if given.profile:
            _profile(bench, dbs)
            return
        peers = _peers(folder, given, _letter(folder, plain))
        asked = list(lines(bench, dbs, peers, _kept(folder, "plain", plain), _kept(folder, "full", full)))
        whole = play(bench, asked)
        say(f"medians of {whole} whole interleaved rounds of {given.mails:,} mails; now {machine()}", "")
        report(bench, asked)
        report_beside(bench, dbs)


def play(bench: Bench, asked: Sequence[Line]) -> int:
    """All lines in turn, round after round; an interrupt (Ctrl-C) ends it and keeps what is known. Gives the rounds."""
    rounds: int = bench.given.rounds
    for number in range(rounds):
        for at, line in enumerate(asked, start=1):
            sys.stderr.write(f"round {number + 1} of {rounds}, line {at} of {len(asked)}: {line.name}\n")
            try:
                bench.measure(line)
            except KeyboardInterrupt:
                return number
    return rounds


def _profile(bench: Bench, dbs: Sequence[str]) -> None:
    for db in dbs:
        taken = ours(bench, db, processes=1, connections=IN_SERVICE, mails=bench.given.mails, profiled=True)
        say(
            "", f"{name_of(db, 1, IN_SERVICE)}: {taken.cpu_each:.0f} µs CPU per mail under the profiler", *taken.profile
        )
