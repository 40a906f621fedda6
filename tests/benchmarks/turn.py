"""The conversation of a measured process with `crew.py`: ready, the word, and what the work took."""

import cProfile
import json
import pstats
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

Job = Callable[[], int]
_LINES = 15


def take_turn(job: Job, *, is_profiled: bool = False) -> None:
    """Work when the word comes. The job gives how many mails were sent."""
    print("ready", flush=True)  # noqa: T201 - crew.py listens
    sys.stdin.readline()
    profile = cProfile.Profile() if is_profiled else None
    begun, cpu = time.perf_counter(), _cpu()
    done = profile.runcall(job) if profile else job()
    told = {"begun": begun, "ended": time.perf_counter(), "cpu": _cpu() - cpu, "done": done}
    print(json.dumps(told | {"profile": _lines(profile, done) if profile else []}))  # noqa: T201


def _cpu() -> float:
    """Seconds of this process, to the microsecond; os.times counts in hundredths."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _lines(profile: cProfile.Profile, done: int) -> list[str]:
    """Where the time goes, in microseconds for each mail; the profiler itself costs as much again."""
    stats: dict[Any, Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined] # the stubs do not know it
    rows = [(own, whole, calls, _place(where)) for where, (_, calls, own, whole, _) in stats.items()]
    lines = ["  own time, µs per mail   calls per mail"]
    lines += [_line(own, calls, place, done) for own, _, calls, place in sorted(rows, reverse=True)[:_LINES]]
    inside = [row for row in rows if "/workflow/" in row[3]]
    lines.append("  with all it calls, µs per mail   calls per mail (our own functions)")
    inside.sort(key=lambda row: row[1], reverse=True)
    return lines + [_line(whole, calls, place, done) for _, whole, calls, place in inside[: 2 * _LINES]]


def _line(seconds: float, calls: int, place: str, done: int) -> str:
    return f"  {seconds / done * 1e6:8.1f} {calls / done:9.2f}  {place.rpartition('/site-packages/')[2][-90:]}"


def _place(where: tuple[str, int, str]) -> str:
    file, line, name = where
    return name if file == "~" else f"{file}:{line} {name}"
