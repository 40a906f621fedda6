"""A scripted SMTP server on loopback that fails exactly where it is told to, and knows what it has accepted."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from workflow.adapters.mail.smtp import SmtpPostman

GO, CLOSE, RESET, HANG = "go", "close", "reset", "hang"


@dataclass(frozen=True, slots=True)
class Do:
    """What the server does at a point: keep the mail or not, say something or nothing, then go on or break off."""

    say: str = ""
    then: str = GO
    keep: bool = False


KEEP = Do("250 2.0.0 ok", keep=True)
POLITE: Mapping[str, Do] = {
    "greeting": Do("220 faulty.example"),
    "EHLO": Do("250-faulty.example\r\n250-8BITMIME\r\n250 SIZE 1000000"),
    "MAIL": Do("250 ok"),
    "RCPT": Do("250 ok"),
    "DATA": Do("354 go"),
    "body": Do(),
    "dot": KEEP,
    "RSET": Do("250 ok"),
    "QUIT": Do("221 bye", CLOSE),
}


class _BrokenOffError(Exception):
    pass


@dataclass
class FaultySmtp:
    """`scripts[i]` changes POLITE for connection i (the last one serves all later ones); keys may be `RCPT 2`.

    `tls` is for STARTTLS, or with `is_implicit` from the first byte.
    """

    scripts: Sequence[Mapping[str, Do]] = ({},)
    tls: ssl.SSLContext | None = None
    is_implicit: bool = False
    accepted: list[bytes] = field(default_factory=list)
    heard: list[list[str]] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    body_seen: threading.Event = field(default_factory=threading.Event)
    kept: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def serve(self, listening: socket.socket) -> None:
        while not self.over.is_set():
            with contextlib.suppress(OSError):
                connection, _ = listening.accept()
                script = {**POLITE, **self.scripts[min(len(self.heard), len(self.scripts) - 1)]}
                self.heard.append([])
                talk = threading.Thread(target=self.talk, args=(connection, script, self.heard[-1]))
                self.threads.append(talk)
                talk.start()

    def talk(self, connection: socket.socket, script: Mapping[str, Do], heard: list[str]) -> None:
        conversation = _Conversation(connection, script, heard, self)
        with contextlib.suppress(_BrokenOffError, OSError):
            if self.is_implicit:
                conversation.secure()
            conversation.hold()
        conversation.close()


class _Conversation:
    def __init__(
        self, connection: socket.socket, script: Mapping[str, Do], heard: list[str], server: FaultySmtp
    ) -> None:
        self.connection, self.script, self.heard, self.server = connection, script, heard, server
        self.reader: BinaryIO = connection.makefile("rb")
        self.mails = 0

    def hold(self) -> None:
        self.do("greeting")
        while line := self.reader.readline():
            self.heard.append(line.decode("utf-8", "replace").strip())
            verb = self.heard[-1].partition(" ")[0].upper()
            said = self.do(verb, nth=sum(heard.upper().startswith(verb) for heard in self.heard))
            if verb == "DATA" and said.startswith("354"):
                self.take_body()
            if verb == "STARTTLS" and said.startswith("220"):
                self.secure()

    def take_body(self) -> None:
        lines: list[bytes] = []
        if self.script["body"] != Do():
            self.reader.readline()
            self.do("body")
        while (line := self.reader.readline()) != b".\r\n":
            if not line:
                raise _BrokenOffError
            lines.append(line)
        self.mails += 1
        self.do("dot", body=b"".join(line.removeprefix(b".") for line in lines), nth=self.mails)

    def secure(self) -> None:
        assert self.server.tls is not None
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.reader = self.connection.makefile("rb")

    def do(self, point: str, *, nth: int = 1, body: bytes = b"") -> str:
        action = self.script.get(f"{point} {nth}") or self.script.get(point) or Do("502 unknown")
        if action.keep:
            self.server.accepted.append(body)
            self.server.kept.release()
        if action.say:
            self.connection.sendall(f"{action.say}\r\n".encode())
        if point == "body" and action.then in {GO, HANG}:
            self.server.body_seen.set()  # else when it has hung up
        if action.then == HANG:
            self.server.over.wait(30)
        if action.then == RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if action.then != GO:
            raise _BrokenOffError
        return action.say

    def close(self) -> None:
        self.reader.close()
        self.connection.close()
        self.server.body_seen.set()


@contextlib.contextmanager
def faulty(
    *scripts: Mapping[str, Do], tls: ssl.SSLContext | None = None, is_implicit: bool = False
) -> Iterator[tuple[FaultySmtp, SmtpPostman]]:
    """A running server and a postman who knows its port and does not wait long."""
    server = FaultySmtp(scripts or ({},), tls, is_implicit)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        loop = threading.Thread(target=server.serve, args=(listening,))
        loop.start()
        try:
            port = listening.getsockname()[1]
            yield server, SmtpPostman("127.0.0.1", port, timeout=0.5, final_timeout=0.3)
        finally:
            server.over.set()
            with socket.create_connection(listening.getsockname()):  # wakes accept
                pass
            loop.join(5)
            for thread in server.threads:
                thread.join(5)
