"""Whether an error is the database's own trouble, which passes, or is about what was to be written."""

from time import sleep

from sqlalchemy.exc import DisconnectionError, InterfaceError, OperationalError, ResourceClosedError
from sqlalchemy.exc import TimeoutError as NoConnectionError

_PASSING = (OperationalError, InterfaceError, DisconnectionError, ResourceClosedError, NoConnectionError)
PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds. A server that starts anew or fails over is back within their minute. If each of eight tries waits for its
lock as long as it can (30 s on SQLite), five minutes pass: a third of a mail's lease, and what is left of it after the
longest wait for a reply."""


def is_of_the_database(error: BaseException) -> bool:
    """True for a server that is away, a lock that was held for too long, a disk that is full."""
    return isinstance(error, _PASSING)


def wait_out(error: Exception, tries: int) -> bool:
    """Wait until it is worth another try; False where it is not, or has been for long enough."""
    if tries >= len(PAUSES) or not is_of_the_database(error):
        return False
    sleep(PAUSES[tries])
    return True
