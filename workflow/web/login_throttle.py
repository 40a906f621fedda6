"""Slows down whoever guesses passwords: after five failures in a quarter of an hour, wait."""

from datetime import datetime, timedelta
from threading import Lock

FAILURES = 5
WITHIN = timedelta(minutes=15)
_MOST_KEYS = 10_000


class Throttle:
    """Failures per address and computer, in this process's memory: a restart forgets, a second process counts its own.

    That is enough to make guessing slow; argon2id makes it costly.
    """

    def __init__(self) -> None:
        self._failures: dict[str, list[datetime]] = {}
        self._lock = Lock()

    def is_full(self, key: str, now: datetime) -> bool:
        with self._lock:
            return len(self._recent(key, now)) >= FAILURES

    def note(self, key: str, now: datetime) -> None:
        with self._lock:
            if len(self._failures) >= _MOST_KEYS:
                self._failures = {each: times for each in self._failures if (times := self._recent(each, now))}
            self._failures[key] = [*self._recent(key, now), now]

    def forget(self, key: str) -> None:
        with self._lock:
            self._failures.pop(key, None)

    def _recent(self, key: str, now: datetime) -> list[datetime]:
        return [at for at in self._failures.get(key, []) if now - at < WITHIN]
