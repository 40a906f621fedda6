"""A TCP proxy that fails on order: cuts, delays, closes after so many bytes, or goes silent with the line half open."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_CHUNK = 65536
Way = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Proxy:
    """Between whoever connects to `port` and the target: (host, port), or the path of a Unix socket.

    Change the toxics while it runs: `delay` seconds before each piece; `silent` swallows all that is sent (half open);
    `budget` bytes from client to target, after which the line is closed; `refusing` closes every new connection.
    """

    target: tuple[str, int] | str
    port: int = 0
    delay: float = 0.0
    silent: bool = False
    budget: int | None = None
    refusing: bool = False
    _lines: set[asyncio.StreamWriter] = field(default_factory=set, init=False)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop, init=False)

    def cut(self) -> None:
        """Break every line at once, without a goodbye (RST)."""
        self._run(self._cut)

    async def _serve(self, ready: Callable[[], None], over: asyncio.Event) -> None:
        server = await asyncio.start_server(self._join, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        ready()
        await over.wait()
        server.close()
        self._cut()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.refusing:
                return
            far_reader, far_writer = await self._reach()
        except OSError:
            return
        finally:
            if self.refusing:
                writer.transport.abort()
        self._lines |= {writer, far_writer}
        there = asyncio.ensure_future(self._carry((reader, far_writer), is_counted=True))
        back = asyncio.ensure_future(self._carry((far_reader, writer), is_counted=False))
        await asyncio.wait({there, back})
        self._lines -= {writer, far_writer}

    async def _reach(self) -> Way:
        if isinstance(self.target, str):
            return await asyncio.open_unix_connection(self.target)
        return await asyncio.open_connection(*self.target)

    async def _carry(self, way: Way, *, is_counted: bool) -> None:
        reader, writer = way
        with suppress(OSError, asyncio.CancelledError):
            while piece := await reader.read(_CHUNK):
                if self.delay:
                    await asyncio.sleep(self.delay)
                if self.silent:
                    continue
                if is_counted and self.budget is not None:
                    piece, self.budget = piece[: self.budget], self.budget - len(piece)
                writer.write(piece)
                await writer.drain()
                if is_counted and self.budget is not None and self.budget <= 0:
                    self.budget = None
                    break
        with suppress(OSError, RuntimeError):
            writer.close()

    def _cut(self) -> None:
        for line in self._lines:
            line.transport.abort()

    def _run(self, action: Callable[[], None]) -> None:
        done = threading.Event()
        self._loop.call_soon_threadsafe(action)
        self._loop.call_soon_threadsafe(done.set)
        assert done.wait(10)


@contextmanager
def proxy_to(target: tuple[str, int] | str) -> Iterator[Proxy]:
    proxy, ready, over = Proxy(target), threading.Event(), asyncio.Event()
    loop = proxy._loop
    serving = threading.Thread(target=lambda: loop.run_until_complete(proxy._serve(ready.set, over)), daemon=True)
    serving.start()
    assert ready.wait(10)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(over.set)
        serving.join(10)
        loop.close()
