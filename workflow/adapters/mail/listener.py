"""The local SMTP listener: takes mail as a real server would and keeps it as files instead of sending it on."""

import argparse
import asyncio
import contextlib
import socket
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as Received

from workflow.adapters.clock import FileClock, SystemClock
from workflow.adapters.files import write_whole
from workflow.adapters.mail.doorway import Doorway
from workflow.adapters.mail.mailbox import Attachment, Envelope, MailFolder, StoredMail, read_attachment, read_mailbox
from workflow.adapters.processes import StopSignal, watch_parent
from workflow.domain.errors import TertialError
from workflow.ports import Clock

__all__ = ["Attachment", "MailListener", "StoredMail", "listening_port", "main", "read_attachment", "read_mailbox"]


class MailListener(Doorway):
    """Listens in a thread of its own. A mail gets its 250 only when file and log line are on disk."""

    def __init__(self, folder: Path, host: str = "127.0.0.1", port: int = 0, *, clock: Clock) -> None:
        super().__init__(host, port, self._talk)
        self._folder = folder
        self._clock = clock
        self._keeper: _Keeper | None = None

    def start(self) -> int:
        """See `Doorway.start`. What lies in the folder now is counted on from."""
        self._keeper = _Keeper(MailFolder(self._folder), self._clock)
        return super().start()

    def _talk(self, loop: asyncio.AbstractEventLoop) -> SMTP:
        return SMTP(self._keeper, hostname="localhost", enable_SMTPUTF8=True, loop=loop)


class _Keeper:
    """aiosmtpd's handler. It writes inside the loop's thread: one mail at a time keeps the numbers in order."""

    def __init__(self, folder: MailFolder, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    async def handle_DATA(self, server: SMTP, session: Session, received: Received) -> str:  # noqa: N802 - aiosmtpd's
        try:
            envelope = Envelope(
                sender=received.mail_from or "",
                recipients=tuple(received.rcpt_tos),
                received_at=self._clock.now(),
            )
            path = self._folder.store(received.original_content or b"", envelope)
        except (OSError, TertialError) as error:  # disk or clock file; aiosmtpd would turn it into a refusal for good
            return f"452 4.3.1 The mail cannot be kept now ({type(error).__name__})"
        return f"250 2.0.0 kept as {path.name}"


def main(arguments: list[str] | None = None) -> int:
    """Run as a child of `tertial up`: write the port to a file, listen until told to stop."""
    parser = argparse.ArgumentParser(prog="listener", description="Keeps mail as files.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--clock-file", type=Path)
    options = parser.parse_args(arguments)
    clock: Clock = FileClock(options.clock_file) if options.clock_file else SystemClock()
    with StopSignal() as stop:
        watch_parent()
        try:
            listener, port = _started(options.folder, options.port, options.port_file, clock)
            write_whole(options.port_file, f"{port}\n".encode(), durable=False)
        except OSError as error:
            sys.stderr.write(f"The mail listener cannot start: {error}\n")
            return 1
        stop.wait()
        listener.stop()
    return 0


def _started(folder: Path, port: int, port_file: Path, clock: Clock) -> tuple[MailListener, int]:
    """Without a wanted port: last time's if it is free, so that senders find a restarted listener."""
    for choice in (port,) if port else (_published(port_file), 0):
        listener = MailListener(folder, port=choice, clock=clock)
        try:
            return listener, listener.start()
        except OSError:
            if choice == port:
                raise
    raise OSError("no free port")


def listening_port(port_file: Path) -> int | None:
    """Give the port of the listener that wrote `port_file`, None until it answers; for whoever waits for it."""
    port = _published(port_file)
    with contextlib.suppress(OSError):
        if port:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return port
    return None


def _published(port_file: Path) -> int:
    with contextlib.suppress(OSError, ValueError):
        return int(port_file.read_text(encoding="ascii"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
