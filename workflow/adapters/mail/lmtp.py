"""The inbox for mail servers that deliver into it: LMTP (RFC 2033), where a 250 means that it is in the database."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from workflow.adapters.mail.doorway import Doorway
from workflow.adapters.mail.imap import ENCODED, ROOM
from workflow.adapters.mail.incoming import read_mail
from workflow.domain.incoming import IncomingMail

MOST_RECIPIENTS: Final = 100
_log = structlog.get_logger(__name__)


class LmtpDoor(Doorway):
    """Takes mail from a mail server and hands it on at once; what is refused for now stays in that server's queue.

    `max_mb` megabytes of files are taken with one mail; the server is told the limit before it sends.
    """

    def __init__(self, host: str, port: int, take_in: Callable[[IncomingMail], object], *, max_mb: int = 20) -> None:
        largest = int(max_mb * 1024 * 1024 * ENCODED) + ROOM

        def talk(loop: asyncio.AbstractEventLoop) -> SMTP:
            handler = _Taker(take_in, max_mb)
            return LMTP(handler, data_size_limit=largest, hostname="tertial", enable_SMTPUTF8=True, loop=loop)

        super().__init__(host, port, talk)


class _Taker:
    """aiosmtpd's handler."""

    def __init__(self, take_in: Callable[[IncomingMail], object], max_mb: int) -> None:
        self._take_in = take_in
        self._max_mb = max_mb

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        reply = self._reply(envelope)
        return "\r\n".join([reply] * len(envelope.rcpt_tos))  # RFC 2033 §4.2: one for each recipient

    def _reply(self, envelope: Envelope) -> str:
        raw = envelope.original_content or b""
        mail = read_mail(raw, envelope=envelope.rcpt_tos, max_mb=self._max_mb)
        try:
            self._take_in(mail)
        except Exception:  # noqa: BLE001 - whatever it is: the other server keeps the mail and comes again
            _log.exception("a mail was not taken in", digest=mail.digest)
            return "451 4.3.0 not taken in now, try again"
        return f"250 2.0.0 taken in as {mail.digest[:16]}"
