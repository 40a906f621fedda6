"""A mail server that only remembers: what it took is fsynced before it is answered. `python -m tests.faults.sink`.

One line of JSON per mail whose final dot came: Message-ID, recipients, monotonic nanoseconds, whether it was kept, and
which units its text tells of.
"""

import argparse
import asyncio
import json
import os
import queue
import random
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from subprocess import PIPE, Popen

KEPT, NOT_KEPT = "kept", "not kept"
_MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)
_UNIT = re.compile(r"nämnd\s+(\d+)", re.IGNORECASE)  # a line may end in the middle of a name
_BIGGEST = 2**26  # bytes of one mail
_USUAL = {
    "greeting": "220 sink.example",
    "ehlo": "250-sink.example\r\n250-8BITMIME\r\n250 SIZE 50000000",
    "mail": "250 2.1.0 ok",
    "rcpt": "250 2.1.5 ok",
    "data": "354 go",
    "dot": "250 2.0.0 kept",
    "rset": "250 ok",
    "quit": "221 bye",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens at a point instead of the usual reply: `reply` is a reply, "close" or "hang".

    `kept` says whether a mail is kept all the same; `times` how often (0: always); `wait` seconds pass first; `to` is
    part of a recipient's address, "" for everybody; at `rcpt` of the one who is being named.
    """

    point: str
    reply: str
    kept: bool = False
    times: int = 1
    wait: float = 0.0
    to: str = ""


def parse_fault(text: str) -> Fault:
    """`dot=close kept*3`, `rcpt=450 4.2.0 greylisted`, `quit=421 4.3.2 busy*0`."""
    point, _, rest = text.partition("=")
    reply, _, times = rest.partition("*")
    kept = reply.endswith(" kept")
    return Fault(point, reply.removesuffix(" kept"), kept=kept, times=int(times or 1))


@dataclass(frozen=True, slots=True)
class Dot:
    """One line of the truth."""

    message_id: str
    to: tuple[str, ...]
    at_ns: int
    phase: str
    tells: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        return self.phase == KEPT

    @property
    def message(self) -> str:
        """The mail's id in the ledger."""
        return self.message_id.strip("<>").partition("@")[0]


def name_of(number: int) -> str:
    """What a unit of a world is called, so that the sink knows it when it reads of it."""
    return f"Nämnd {number}"


def units_told_of(mail: bytes) -> tuple[str, ...]:
    """Their names, as the plain text of a mail has them."""
    parts = (part for part in message_from_bytes(mail).walk() if part.get_content_type() == "text/plain")
    found = {int(number) for part in parts for number in _UNIT.findall(_decoded(part))}
    return tuple(name_of(number) for number in sorted(found))


def _decoded(part: Message) -> str:
    content = part.get_payload(decode=True)
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else ""


def read_truth(path: Path) -> tuple[Dot, ...]:
    """Whole lines only: a killed sink may have left half of one, which it has not answered for."""
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    rows = [json.loads(line) for line in lines if line.endswith(b"\n")]
    return tuple(Dot(**row | {"to": tuple(row["to"]), "tells": tuple(row["tells"])}) for row in rows)


class _Book:
    """Writes and fsyncs in a thread of its own, all lines that wait at a time."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        self._loop = loop
        self._waiting: queue.SimpleQueue[tuple[bytes, asyncio.Future[None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    async def note(self, row: dict[str, object]) -> None:
        done: asyncio.Future[None] = self._loop.create_future()
        self._waiting.put((json.dumps(row).encode() + b"\n", done))
        await done

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join()
        os.close(self._file)

    def _write(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch = [first]
            while not self._waiting.empty() and (more := self._waiting.get()) is not None:
                batch.append(more)
            os.write(self._file, b"".join(line for line, _ in batch))
            os.fsync(self._file)
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(_tell, [done for _, done in batch])


def _tell(waiting: Sequence[asyncio.Future[None]]) -> None:
    for done in waiting:
        if not done.done():
            done.set_result(None)


class _OverError(Exception):
    """This conversation has ended."""


@dataclass
class Sink:
    """`delay` seconds at most pass before a final reply, at random by `seed`. `watch` hears of every point reached."""

    truth: Path
    faults: Sequence[Fault] = ()
    delay: float = 0.0
    seed: int = 0
    watch: Callable[[str, tuple[str, ...]], None] = lambda _point, _to: None
    port: int = 0
    used: dict[Fault, int] = field(default_factory=dict)

    async def serve(self, ready: Callable[[int], None], over: asyncio.Event) -> None:
        self._book = _Book(self.truth, asyncio.get_running_loop())
        self._random = random.Random(self.seed)  # noqa: S311 - a delay, no secret
        server = await asyncio.start_server(self._talk, "127.0.0.1", self.port, limit=_BIGGEST, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        ready(self.port)
        await over.wait()
        server.close()
        self._book.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(_OverError, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await _Talk(self, reader, writer).hold()
        with suppress(OSError, RuntimeError):
            writer.close()

    def fault(self, point: str, to: Sequence[str]) -> Fault | None:
        for fault in self.faults:
            left = fault.times == 0 or self.used.get(fault, 0) < fault.times
            if fault.point == point and left and any(fault.to in address for address in to or ("",)):
                self.used[fault] = self.used.get(fault, 0) + 1
                return fault
        return None

    async def keep(self, body: bytes, to: Sequence[str], *, kept: bool) -> None:
        found = _MESSAGE_ID.search(body)
        await self._book.note(
            {
                "message_id": found[1].decode() if found else "",
                "to": list(to),
                "at_ns": time.monotonic_ns(),
                "phase": KEPT if kept else NOT_KEPT,
                "tells": units_told_of(body),
            }
        )

    def pause(self) -> float:
        return self._random.uniform(0, self.delay) if self.delay else 0.0


class _Talk:
    def __init__(self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sink, self.reader, self.writer = sink, reader, writer
        self.to: list[str] = []

    async def hold(self) -> None:
        await self.answer("greeting")
        while line := await self.reader.readline():
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            await self.heed(verb.lower(), rest)

    async def heed(self, verb: str, rest: str) -> None:
        if verb in {"mail", "rset"}:
            self.to = []
        if verb == "rcpt":
            self.to.append(rest.partition("<")[2].partition(">")[0])
        if verb not in _USUAL or verb in {"greeting", "dot"}:
            await self.say("502 unknown")
            return
        said = await self.answer(verb, self.to[-1:] if verb == "rcpt" else self.to)
        if verb == "rcpt" and not said.startswith("2"):
            self.to.pop()
        if said.startswith("354"):
            await self.take()
        if verb == "quit":
            raise _OverError

    async def take(self) -> None:
        body = await self.reader.readuntil(b"\r\n.\r\n")
        fault = self.sink.fault("dot", self.to)
        await self.sink.keep(body, self.to, kept=fault.kept or fault.reply.startswith("2") if fault else True)
        self.sink.watch("dot", tuple(self.to))
        if pause := self.sink.pause():
            await asyncio.sleep(pause)
        await self.act("dot", fault)

    async def answer(self, point: str, to: Sequence[str] = ()) -> str:
        self.sink.watch(point, tuple(to))
        return await self.act(point, self.sink.fault(point, to))

    async def act(self, point: str, fault: Fault | None) -> str:
        if fault and fault.wait:
            await asyncio.sleep(fault.wait)
        reply = fault.reply if fault else _USUAL[point]
        if reply == "hang":
            await asyncio.Event().wait()
        if reply == "close":
            raise _OverError
        await self.say(reply)
        if reply.startswith("421"):
            raise _OverError
        return reply

    async def say(self, reply: str) -> None:
        self.writer.write(f"{reply}\r\n".encode())
        await self.writer.drain()


@contextmanager
def sink_here(sink: Sink) -> Iterator[Sink]:
    """Run it in a thread of this process, where a test can watch it."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        await sink.serve(lambda _port: ready.set(), over)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield sink
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()


@contextmanager
def sink_process(truth: Path, *, delay: float = 0.0, seed: int = 0, faults: Sequence[str] = ()) -> Iterator[int]:
    """Run it as a process of its own; gives its port."""
    argv = [sys.executable, "-m", "tests.faults.sink", "--truth", str(truth)]
    argv += ["--delay-ms", str(delay * 1000), "--seed", str(seed), *(f"--at={fault}" for fault in faults)]
    with Popen(argv, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="sink", description="Takes mail, keeps it in mind until standard input ends.")
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay-ms", type=float, default=0.0, help="longest random wait before a final reply")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--at", action="append", default=[], help="point=reply[ kept][*times]: see parse_fault")
    given = parser.parse_args(arguments)
    faults = [parse_fault(text) for text in given.at]
    sink = Sink(given.truth, faults, given.delay_ms / 1000, given.seed, port=given.port)

    async def serve() -> None:
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, over.set)
        with suppress(PermissionError):  # a file, not a pipe
            loop.add_reader(sys.stdin, over.set)  # nobody ever writes: whoever started this has ended
        await sink.serve(lambda port: print(port, flush=True), over)  # noqa: T201 - the port is the answer

    asyncio.run(serve())


if __name__ == "__main__":
    main()
