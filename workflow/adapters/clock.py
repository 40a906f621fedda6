"""The only room where the time is read: the real clock, one that stands still, and one that a rehearsal sets."""

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from workflow.adapters.files import write_whole
from workflow.domain.errors import TertialError

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # on macOS the latter does not stop in sleep


class ClockFileError(TertialError):
    """The rehearsal's clock file is missing or holds no instant; guessing the real time would send mail for real."""

    sentence = "Klockfilen {file} går inte att läsa: {why}"


class SystemClock:
    """Implements ports.Clock by the machine's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def steady_seconds() -> float:
    """Seconds of a clock that nobody sets and that a sleeping machine does not stop, unlike time.monotonic on Linux.

    Only differences mean anything, and only within one boot.
    """
    return time.clock_gettime(_STEADY)


@dataclass(frozen=True, slots=True)
class FixedClock:
    """Implements ports.Clock by standing still, for --now. Raises ValueError for a time without a zone."""

    instant: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "instant", _aware(self.instant))

    def now(self) -> datetime:
        return self.instant


@dataclass(slots=True)
class FileClock:
    """Implements ports.Clock by a file that all processes of a rehearsal share; it stands still until it is set."""

    path: Path
    _seen: tuple[tuple[int, int, int], datetime] | None = field(default=None, init=False, repr=False)

    def now(self) -> datetime:
        """Give what the file says. Raises ClockFileError when it says nothing."""
        try:
            status = self.path.stat()
            version = (status.st_ino, status.st_mtime_ns, status.st_size)
            seen = self._seen
            if seen is None or seen[0] != version:
                seen = self._seen = (version, self._read())
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ClockFileError(file=str(self.path), why=str(error)) from error
        return seen[1]

    def _read(self) -> datetime:
        return _aware(datetime.fromisoformat(json.loads(self.path.read_text(encoding="utf-8"))["now"]))


def set_now(path: Path, instant: datetime) -> None:
    """Set the shared clock; readers see the old time or the new one. Raises ValueError for a time without a zone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"now": _aware(instant).isoformat()})
    write_whole(path, text.encode(), durable=False)  # a rehearsal does not outlive a power cut


def _aware(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError(f"a time without a zone is no instant: {instant}")
    return instant.astimezone(UTC)
