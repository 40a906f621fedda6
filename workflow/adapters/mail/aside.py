"""A connection on its way, opened by a thread of its own: others go on meanwhile, and it is polled for like a reply."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, Protocol, TypeVar


class _Closes(Protocol):
    def close(self) -> object: ...


Opened = TypeVar("Opened", bound=_Closes)


class Wire:
    """Where a socket is left as soon as there is one, so that whoever waits can cut it off.

    A second descriptor for it, as TLS takes the first into another object.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: socket.socket | None = None
        self._is_over = False

    def hold(self, line: socket.socket) -> None:
        """Raises ConnectionAbortedError when nobody waits any more."""
        with self._lock:
            if self._is_over:
                line.close()
                raise ConnectionAbortedError
            self._held = line.dup()

    def is_held(self) -> bool:
        return self._held is not None

    def let_go(self, *, cut: bool) -> None:
        """`cut`: whoever reads there hears that it is closed."""
        with self._lock:
            self._is_over = True
            if self._held:
                with contextlib.suppress(OSError):  # the other end was faster
                    if cut:
                        self._held.shutdown(socket.SHUT_RDWR)
                self._held.close()


class Aside(Generic[Opened]):
    """`opening` may block as it likes: after so many seconds nobody waits for it, and it is cut off."""

    def __init__(self, opening: Callable[[Wire], Opened], patience: float) -> None:
        self._until = time.monotonic() + patience
        self._wire = Wire()
        self._opened: Future[Opened] = Future()
        self._hears, self._tells = os.pipe()
        threading.Thread(target=self._open, args=(opening,), daemon=True).start()

    def fileno(self) -> int | None:
        """What to poll; None where it is open, or waiting for it is over."""
        return None if self._opened.done() or time.monotonic() >= self._until else self._hears

    def has_reached(self) -> bool:
        """Whether there was anybody at the other end."""
        return self._wire.is_held()

    def wait(self) -> Opened:
        """What was opened, or its error. Raises TimeoutError when the patience is over. Once, or `give_up`."""
        try:
            opened = self._opened.result(max(self._until - time.monotonic(), 0.0))
        except BaseException:
            self.give_up()
            raise
        self._end(cut=False)
        return opened

    def give_up(self) -> None:
        self._end(cut=True)
        self._opened.add_done_callback(_closed)

    def _end(self, *, cut: bool) -> None:
        self._wire.let_go(cut=cut)
        os.close(self._hears)

    def _open(self, opening: Callable[[Wire], Opened]) -> None:
        try:
            self._opened.set_result(opening(self._wire))
        except BaseException as error:  # noqa: BLE001 - whoever waits raises it
            self._opened.set_exception(error)
        finally:
            os.close(self._tells)


def _closed(given_up: "Future[Opened]") -> None:
    if given_up.exception() is None:
        given_up.result().close()
