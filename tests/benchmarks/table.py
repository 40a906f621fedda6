"""Tables on a terminal: the machine they were made on, medians, ratios, and whether a target is met."""

import os
import platform
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

MET, NOT_MET = "met", "NOT MET"


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on a figure: at least, or at most when `is_ceiling`."""

    bound: float
    unit: str
    is_ceiling: bool = False

    def judge(self, figure: float) -> str:
        is_met = figure <= self.bound if self.is_ceiling else figure >= self.bound
        sign = "≤" if self.is_ceiling else "≥"
        return f"{sign} {self.bound:g} {self.unit}: {MET if is_met else NOT_MET}"


def machine() -> str:
    """One line: processor, cores, Python, and how busy others kept it."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, load {load}"
    )


def say(*lines: str) -> None:
    """Write at once: a benchmark runs for minutes."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def say_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """The first column and the last to the left, figures to the right."""
    table = [tuple(heads), *(tuple(row) for row in rows)]
    widths = [max(len(row[at]) for row in table) for at in range(len(heads))]
    for row in table:
        figures = [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1], strict=True)]
        say("  ".join([row[0].ljust(widths[0]), *figures, row[-1]]).rstrip())
    say("")


def median(figures: Iterable[float]) -> float:
    return statistics.median(figures)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    for line in info.read_text(encoding="utf-8").splitlines() if info.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
