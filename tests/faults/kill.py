"""Random death: `python -m tests.faults.kill --kills 10000 --db sqlite --seed 1`. Prints what it found, or found wrong.

Workers, schedulers and people at work on small worlds; one of them is killed with SIGKILL every few milliseconds and
started again, while the clock runs through the weeks of a round, and the next. After so many kills a world comes to
rest and is checked (I1–I11). The kills of a seed are the same each time; what they meet is up to the machine.
"""

import argparse
import secrets
import signal
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from subprocess import CalledProcessError
from subprocess import run as call
from tempfile import mkdtemp

from tests.faults.runs import HEADING, Row, Run, World, kill
from tests.faults.trail import STATIONS
from tests.postgres import own_server

say = sys.stdout.write


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="kill", description="Kill and check. Exit code 1: something is wrong.")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--naive", action="store_true", help="lease and resend: must show duplicates")
    parser.add_argument("--folder", type=Path, help="where the worlds are kept; else in a temporary folder")
    given = parser.parse_args(arguments)
    shelf = given.folder or Path(mkdtemp(prefix="kill-"))
    shelf.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))  # servers and worlds are taken down
    with ExitStack() as stack:
        server = stack.enter_context(own_server()) if given.db == "postgres" else ""
        run = Run(server=server, shelf=shelf, seed=given.seed, workers=given.workers, naive=given.naive)
        return _report(run, given.kills, given.db)


def _report(run: Run, kills: int, name: str) -> int:
    say(f"commit {commit()}, {name}, seed {run.seed}, {run.workers} {run.sender}s; worlds in {run.shelf}\n{HEADING}\n")
    total, began = World(Row(), ()), time.monotonic()
    for world in kill(run, kills):
        total += world
        say("".join(f"{line}\n" for line in (world.row, *(f"  {each}" for each in world.violations))))
        sys.stdout.flush()
    seconds = time.monotonic() - began
    say(f"{total.row}\n{_where(total.met)}{_what(total.acts)}")
    say(f"{name}, seed {run.seed}, commit {commit()}: {seconds:.0f} s, {total.row.kills / seconds:.1f} kills/s\n")
    return int(total.row.duplicates == 0 if run.naive else bool(total.violations))


def _where(met: Counter[str]) -> str:
    """Kills per crash point, in the order of a mail's way; behind them those of the others."""
    order = {station: number for number, station in enumerate(STATIONS)}
    places = sorted(met, key=lambda each: (order.get(each, len(order)), each))
    return "kills by the last point passed: " + ", ".join(f"{each} {met[each]}" for each in places) + "\n"


def _what(acts: Counter[str]) -> str:
    done = (f"{kind.removeprefix('submission.')} {times}" for kind, times in acts.most_common())
    return "meanwhile people did: " + ", ".join(done) + "\n"


def commit() -> str:
    """What is checked out; with a plus where it has been changed."""
    try:
        described = call(
            ["git", "describe", "--always", "--dirty=+", "--exclude=*"], capture_output=True, check=True, text=True
        )
    except (OSError, CalledProcessError):
        return "unknown"
    return described.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
