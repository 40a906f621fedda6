"""A port that takes mail, in a thread of its own: SMTP or LMTP, whatever is made for each connection."""

import asyncio
import socket
import threading
import weakref
from collections.abc import Callable

from aiosmtpd.smtp import SMTP

MakeTalk = Callable[[asyncio.AbstractEventLoop], SMTP]
"""Makes what speaks with one connection."""


class Doorway:
    """Listens on a port. What a connection has handed over is dealt with in this one thread, one mail at a time."""

    def __init__(self, host: str, port: int, make: MakeTalk) -> None:
        self._host = host
        self._port = port
        self._make = make
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> int:
        """Start listening and give the port (port 0: a free one). Raises OSError when it is taken."""
        listening = socket.create_server((self._host, self._port))
        port: int = listening.getsockname()[1]
        self._loop = asyncio.new_event_loop()  # run in its thread only: the caller may have a loop of its own going
        ready = threading.Event()
        work = (self._loop, listening, self._make, ready)
        self._thread = threading.Thread(target=_serve, args=work, name="mail-listener", daemon=True)
        self._thread.start()
        ready.wait()
        return port

    def stop(self) -> None:
        """Stop listening; a mail that is being dealt with is finished first."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._thread = None


def _serve(loop: asyncio.AbstractEventLoop, bound: socket.socket, make: MakeTalk, ready: threading.Event) -> None:
    talks: weakref.WeakSet[SMTP] = weakref.WeakSet()

    def talk() -> SMTP:
        talks.add(protocol := make(loop))
        return protocol

    asyncio.set_event_loop(loop)
    server = loop.run_until_complete(loop.create_server(talk, sock=bound))
    loop.call_soon(ready.set)
    loop.run_forever()
    for listening in server.sockets:
        loop.remove_reader(listening.fileno())  # accepts nobody more
    loop.run_until_complete(_turns())  # whoever was just accepted becomes a talk that can be ended
    server.close()
    for each in talks:
        if each.transport is not None:
            each.transport.close()
    loop.run_until_complete(_turns())
    loop.close()


async def _turns() -> None:
    """Let the loop work off what is queued, and what that queues in its turn."""
    for _ in range(5):
        await asyncio.sleep(0)
