"""Slows down whoever guesses passwords: after five failures in a quarter of an hour, wait."""

from datetime import datetime, timedelta
from threading import BoundedSemaphore, Lock

FAILURES = 5
WITHIN = timedelta(minutes=15)
MOST_KEYS = 10_000
AT_ONCE = 8


class Throttle:
    """Failures per address and computer, in this process's memory: a restart forgets, a second process counts its own.

    That is enough to make guessing slow; argon2id makes it costly.
    """

    def __init__(self) -> None:
        self._failures: dict[str, list[datetime]] = {}
        self._lock = Lock()
        self.places = BoundedSemaphore(AT_ONCE)  # in the queue to argon2; whoever waits there holds one of our threads

    def is_full(self, key: str, now: datetime) -> bool:
        with self._lock:
            return len(self._recent(key, now)) >= FAILURES

    def note(self, key: str, now: datetime) -> None:
        with self._lock:
            times = [*self._recent(key, now), now][-FAILURES:]
            self._failures.pop(key, None)  # to the end of the line
            while len(self._failures) >= MOST_KEYS:
                del self._failures[next(iter(self._failures))]  # the one that has been quiet for longest
            self._failures[key] = times

    def forget(self, key: str) -> None:
        with self._lock:
            self._failures.pop(key, None)

    def _recent(self, key: str, now: datetime) -> list[datetime]:
        return [at for at in self._failures.get(key, []) if now - at < WITHIN]
