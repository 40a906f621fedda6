"""The two ends of a line to a mail server: what is sent in one write, and replies that are heard without waiting."""

import re
import select
import smtplib
import socket
import ssl
import time
from typing import Final

_CHUNK: Final = 65536
_LONGEST_LINE: Final = 8192
_NOT_YET: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_REPLY: Final = re.compile(rb"(?:[^\n]{3}-[^\n]*\n)*(?:(?![^\n]{3}-)[^\n]*\n)")
_CODE: Final = 3  # digits

Reply = tuple[int, bytes]
"""Code and words; -1 for a line that begins with no code."""


class Conversation:
    """An open connection after its greeting: the library has opened and secured it, the rest is said here.

    `timeout` is the usual patience in seconds. Everything here raises OSError where the line is dead. Only `poll` ever
    waits, and so never for the rest of a TLS record.
    """

    def __init__(self, client: smtplib.SMTP) -> None:
        self.client = client
        self.timeout = float(client.timeout)
        self.pipelines = bool(client.has_extn("pipelining"))
        """RFC 2920: several commands in one write, their replies in order."""
        self.is_out_of_step = False
        """The server waits for a mail that is not to come: nothing else can be said to it."""
        self._socket = _socket_of(client)
        self._socket.settimeout(0)
        self._poll = _poll(self._socket, select.POLLIN)
        self._heard = b""
        self._until = 0.0

    def send(self, data: bytes, *, patience: float = 0.0) -> None:
        """All of it; the wait for what the server says to it begins now."""
        sent = self._push(data)
        if sent < len(data):
            self._push_on(memoryview(data)[sent:])
        self._until = time.monotonic() + (patience or self.timeout)

    def reply(self) -> Reply | None:
        """What was heard and not yet taken; None until it is whole. The wait for the next begins then."""
        found = _REPLY.match(self._heard)
        if not found:
            if self._is_too_much():
                raise smtplib.SMTPResponseException(500, "Line too long.")
            return None
        self._heard = self._heard[found.end() :]
        self._until = time.monotonic() + self.timeout
        return _understood(found[0])

    def listen(self) -> None:
        """Hear more, for as long as the patience lasts. Raises OSError when it is over or the server has gone.

        What is there already is heard even then.
        """
        if not self._has_decrypted():
            _wait(self._poll, self._until - time.monotonic())
        self.hear()

    def hear(self) -> bool:
        """What is there already, if anything. Raises OSError when the server has gone."""
        try:
            heard = self._socket.recv(_CHUNK)
        except _NOT_YET:
            return False
        if not heard:
            raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
        self._heard += heard
        return True

    def has_reply(self) -> bool:
        return bool(self._heard) and _REPLY.match(self._heard) is not None

    def is_heard(self) -> bool:
        """Whether the next step need not wait: there is a reply, or no end to it, or no patience left."""
        return self.has_reply() or self._is_too_much() or time.monotonic() >= self._until

    def has_spoken(self) -> bool:
        """Whether the server has said anything that is not taken yet. Raises OSError when it has gone."""
        return bool(self._heard) or ((self._has_decrypted() or bool(self._poll.poll(0))) and self.hear())

    def fileno(self) -> int | None:
        """What to poll for more; None where waiting there may be in vain."""
        return None if self.is_heard() or self._has_decrypted() else self._socket.fileno()

    def close(self) -> None:
        self.client.close()

    def _push(self, data: bytes | memoryview) -> int:
        """As much as there is room for."""
        try:
            return self._socket.send(data)
        except _NOT_YET:
            return 0

    def _push_on(self, rest: memoryview) -> None:
        room, until = _poll(self._socket, select.POLLOUT), time.monotonic() + self.timeout
        while rest:
            _wait(room, until - time.monotonic())
            rest = rest[self._push(rest) :]

    def _is_too_much(self) -> bool:
        return len(self._heard) > _CHUNK

    def _has_decrypted(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0


def _poll(line: socket.socket, what: int) -> "select.poll":
    poll = select.poll()
    poll.register(line, what)
    return poll


def _wait(poll: "select.poll", seconds: float) -> None:
    if not poll.poll(max(seconds, 0.0) * 1000):
        raise TimeoutError("timed out")


def _understood(said: bytes) -> Reply:
    lines = said.removesuffix(b"\n").split(b"\n")  # a stray CR ends none
    if any(len(line) > _LONGEST_LINE for line in lines):
        raise smtplib.SMTPResponseException(500, "Line too long.")
    code = lines[-1][:_CODE]
    words = b"\n".join(line[_CODE + 1 :].strip(b" \t\r\n") for line in lines)
    return (int(code) if code.isdigit() else -1), words


def _socket_of(client: smtplib.SMTP) -> socket.socket:
    if client.sock is None:
        raise smtplib.SMTPServerDisconnected("closed")
    return client.sock
