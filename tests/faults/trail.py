"""Where a worker is on its way: the last point it passed, in memory that outlives it. A byte for each worker."""

from dataclasses import dataclass
from mmap import mmap
from pathlib import Path

from tests.faults.crash import POINTS

BORN, IDLE = "being born", "looking for work"
STATIONS = (BORN, IDLE, *POINTS)
"""A kill between two of them is counted for the one that was passed. A worker that looks may be in mid-claim."""
_NUMBERS = {station: number for number, station in enumerate(STATIONS)}
PLACES = 16


def lay(path: Path) -> None:
    path.write_bytes(bytes(PLACES))


@dataclass(slots=True)
class Trail:
    """One worker's; also the witness of its passing the named points (tests/faults/crash.py)."""

    memory: mmap
    place: int

    @classmethod
    def of(cls, path: Path, place: int) -> "Trail":
        """In a world that has no crew nobody reads it."""
        if not path.exists():
            return cls(mmap(-1, PLACES), 0)
        with path.open("r+b") as file:
            return cls(mmap(file.fileno(), PLACES), place)

    def at(self, point: str) -> None:
        number = _NUMBERS.get(point)
        if number is not None:
            self.memory[self.place] = number

    def last(self) -> str:
        return STATIONS[self.memory[self.place]]
