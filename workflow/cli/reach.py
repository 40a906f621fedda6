"""Whether the broker and the mail server can be reached; no more is said to them than a greeting."""

import socket
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

PATIENCE = 5.0  # seconds
_USUAL_PORT = 6379


def broker_answers(url: str) -> str:
    """Raises OSError."""
    if not url:
        return "the embedded one, started by `tertial up`"
    parts = urlsplit(url)
    if parts.scheme == "redis+socket":
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(PATIENCE)
            _reached(parts.path, lambda: client.connect(unquote(parts.path)))
        return unquote(parts.path)
    return _connected(parts.hostname or "localhost", parts.port or _USUAL_PORT)


def mail_server_answers(host: str, port: int) -> str:
    """Raises OSError."""
    return _connected(host, port) if host else "the local listener, started by `tertial up`"


def _connected(host: str, port: int) -> str:
    place = f"{host}:{port}"
    _reached(place, lambda: socket.create_connection((host, port), timeout=PATIENCE).close())
    return place


def _reached(place: str, reach: Callable[[], None]) -> None:
    try:
        reach()
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), place) from error
