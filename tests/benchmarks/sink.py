"""A mail server that takes everything and keeps nothing, as fast as Python allows: what sending is measured against."""

import asyncio
import sys
from contextlib import suppress

_HELLO = {False: b"250 sink.example\r\n", True: b"250-sink.example\r\n250 PIPELINING\r\n"}
_REPLIES = {b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}
_OK = b"250 2.0.0 ok\r\n"
_END = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    """`delay` seconds for every reply, one after another, `after_dot` more after the final dot: a slow relay.

    `pipelines`: it says that it takes several commands in one write (RFC 2920), as Postfix, Exim and Exchange do.
    """

    def __init__(self, delay: float, after_dot: float, *, pipelines: bool) -> None:
        self._delay, self._after_dot = delay, after_dot
        self._replies = {**_REPLIES, b"EHLO": _HELLO[pipelines]}
        self._said_until = 0.0
        self._in_body = False
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink.example\r\n")

    def data_received(self, data: bytes) -> None:
        if self._in_body:
            self._body(data)
            return
        self._held += data
        while b"\n" in self._held:
            line, _, self._held = self._held.partition(b"\n")
            verb = line[:4].upper()
            self._say(self._replies.get(verb, _OK), self._delay)
            if verb == b"DATA":
                self._begin_body()
                return

    def _begin_body(self) -> None:
        self._in_body, tail, self._held = True, self._held, b""
        if tail:
            self._body(tail)

    def _body(self, data: bytes) -> None:
        seen = self._held + data
        if seen.endswith(_END):
            self._in_body, self._held = False, b""
            self._say(_OK, self._delay + self._after_dot)
        else:
            self._held = seen[-len(_END) :]

    def _say(self, reply: bytes, delay: float) -> None:
        if delay:
            loop = asyncio.get_running_loop()
            self._said_until = max(loop.time(), self._said_until) + delay
            loop.call_at(self._said_until, self._transport.write, reply)
        else:
            self._transport.write(reply)


async def serve(delay: float, after_dot: float, *, pipelines: bool) -> None:
    """Print the port, then serve until the other end of standard input is closed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(delay, after_dot, pipelines=pipelines), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(*(float(each) for each in sys.argv[1:3] or ("0", "0")), pipelines="pipelining" in sys.argv))
