"""Starts the processes of one run at the same moment, and adds up what they took."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from subprocess import PIPE, Popen, TimeoutExpired
from typing import Any

_PATIENCE = 900.0  # seconds for one run


class RunFailedError(Exception):
    """A measured process ended without a result, or did not do all of its work; the text says what it said."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One run: how many mails, seconds on the wall, seconds of CPU in the senders."""

    done: int
    wall: float
    cpu: float
    profile: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        return self.done / self.wall

    @property
    def cpu_each(self) -> float:
        """Microseconds for each mail."""
        return self.cpu / self.done * 1e6


def run(hand: str, tasks: Sequence[dict[str, Any]], *, wanted: int) -> Taken:
    """Run a module of this folder once for each task. Raises RunFailedError unless `wanted` mails were sent."""
    program = [sys.executable, "-m", f"tests.benchmarks.{hand}"]
    return run_all([[*program, json.dumps(task)] for task in tasks], wanted=wanted)


def run_all(commands: Sequence[Sequence[str]], *, wanted: int) -> Taken:
    """Any program that says "ready", waits for a line, and then says what turn.py says."""
    with ExitStack() as stack:
        hands = [stack.enter_context(_started(command)) for command in commands]
        for hand in hands:
            _expect_ready(hand)
        for hand in hands:
            assert hand.stdin is not None
            hand.stdin.write("go\n")
            hand.stdin.flush()
        told = [_told(hand) for hand in hands]
    done = sum(each["done"] for each in told)
    if done != wanted:
        raise RunFailedError(f"{done} of {wanted} mails were sent")
    wall = max(each["ended"] for each in told) - min(each["begun"] for each in told)
    lines = tuple(line for each in told for line in each.get("profile", ()))
    return Taken(done, wall, sum(each["cpu"] for each in told), lines)


@contextmanager
def _started(command: Sequence[str]) -> Iterator[Popen[str]]:
    with Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def _expect_ready(hand: Popen[str]) -> None:
    assert hand.stdout is not None
    if hand.stdout.readline().strip() != "ready":
        raise RunFailedError(_last_words(hand))


def _told(hand: Popen[str]) -> dict[str, Any]:
    try:
        said, errors = hand.communicate(timeout=_PATIENCE)
    except TimeoutExpired as error:
        raise RunFailedError(f"not done after {_PATIENCE:.0f} s") from error
    if hand.returncode or not said:
        raise RunFailedError(errors.strip()[-500:])
    told: dict[str, Any] = json.loads(said.splitlines()[-1])
    return told


def _last_words(hand: Popen[str]) -> str:
    _, errors = hand.communicate(timeout=_PATIENCE)
    return errors.strip()[-500:]
