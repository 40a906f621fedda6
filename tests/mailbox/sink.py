"""A mail server at the far end: it keeps what it takes, and refuses whom it does not know."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, Envelope, Session

from workflow.adapters.mail.doorway import Doorway


@dataclass
class Sink:
    """`unknown` are the addresses it answers with 550, `busy` those with 450; `taken` what came to the others."""

    unknown: set[str] = field(default_factory=set)
    busy: set[str] = field(default_factory=set)
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.unknown:
            return "550 5.1.1 no such person here"
        if address in self.busy:
            return "450 4.2.1 come again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        self.taken += [(address, envelope.original_content or b"") for address in envelope.rcpt_tos]
        return "250 2.0.0 OK"

    def of(self, address: str) -> list[bytes]:
        return [mail for to, mail in self.taken if to == address]


@contextmanager
def sink(*unknown: str) -> Iterator[Sink]:
    far = Sink(set(unknown))

    def talk(loop: asyncio.AbstractEventLoop) -> SMTP:
        return SMTP(far, hostname="mx.far.example", enable_SMTPUTF8=True, loop=loop)

    door = Doorway("127.0.0.1", 0, talk)
    far.port = door.start()
    try:
        yield far
    finally:
        door.stop()
