"""Whether an error is the database's own trouble, which passes, or is about what was to be written."""

from sqlalchemy.exc import DisconnectionError, InterfaceError, OperationalError, ResourceClosedError
from sqlalchemy.exc import TimeoutError as NoConnectionError

_PASSING = (OperationalError, InterfaceError, DisconnectionError, ResourceClosedError, NoConnectionError)


def is_of_the_database(error: BaseException) -> bool:
    """True for a server that is away, a lock that was held for too long, a disk that is full."""
    return isinstance(error, _PASSING)
