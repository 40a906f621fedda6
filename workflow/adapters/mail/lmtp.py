"""The inbox for mail servers that deliver into it: LMTP (RFC 2033), where a 250 means that it is in the database."""

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Final

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from workflow.adapters.mail.doorway import Doorway
from workflow.adapters.mail.imap import ENCODED, ROOM, TRIES, GiveUp, TakeIn
from workflow.adapters.mail.incoming import read_mail
from workflow.domain.incoming import IncomingMail
from workflow.ports import NotNowError

MOST_RECIPIENTS: Final = 100
AGAIN: Final = "451 4.3.0 not taken in now, try again"
_log = structlog.get_logger(__name__)


class LmtpDoor(Doorway):
    """Takes mail from a mail server and hands it on at once; what is refused for now stays in that server's queue.

    `max_mb` megabytes of files are taken with one mail; the server is told the limit before it sends. `give_up` is
    told, with "" for a folder, of a mail that it has come with in vain some times.
    """

    def __init__(
        self, host: str, port: int, take_in: TakeIn, give_up: GiveUp | None = None, *, max_mb: int = 20
    ) -> None:
        largest = int(max_mb * 1024 * 1024 * ENCODED) + ROOM

        failures: Counter[str] = Counter()

        def talk(loop: asyncio.AbstractEventLoop) -> SMTP:
            handler = _Taker(take_in, give_up, max_mb, failures)
            return LMTP(handler, data_size_limit=largest, hostname="tertial", enable_SMTPUTF8=True, loop=loop)

        super().__init__(host, port, talk)


class _Taker:
    """aiosmtpd's handler."""

    def __init__(self, take_in: TakeIn, give_up: GiveUp | None, max_mb: int, failures: Counter[str]) -> None:
        self._take_in = take_in
        self._give_up = give_up
        self._max_mb = max_mb
        self._failures = failures

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
        except NotNowError:
            _log.exception("a mail was not taken in now", digest=mail.digest)
            return AGAIN
        except Exception:  # noqa: BLE001 - whatever it is: the other server keeps the mail and comes again
            _log.exception("a mail was not taken in", digest=mail.digest)
            self._count(mail)
            return AGAIN
        self._failures.pop(mail.digest, None)
        return f"250 2.0.0 taken in as {mail.digest[:16]}"

    def _count(self, mail: IncomingMail) -> None:
        """Told of before the other server gives up."""
        self._failures[mail.digest] += 1
        if self._give_up and self._failures[mail.digest] == TRIES:
            with suppress(Exception):  # told of at the next try then
                self._give_up(mail, "")
                return
            self._failures[mail.digest] -= 1
