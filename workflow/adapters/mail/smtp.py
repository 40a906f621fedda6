"""The staged SMTP sender: at every moment it knows whether the server can have accepted the mail."""

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Literal

from workflow.adapters.mail.replies import CLOSING, is_accepting, is_refusal, judged
from workflow.adapters.mail.transaction import Mail, StoppedError, socket_of, transact
from workflow.ports import Handover, Outcome, Phase

FINAL_TIMEOUT = 600.0  # RFC 5321 §4.5.3.2.6: a shorter wait for the reply to the dot makes duplicates
QUIT_TIMEOUT = 5.0  # the mail is delivered by then; nothing depends on a polite goodbye

_BETWEEN_COMMANDS = frozenset({Phase.MAIL, Phase.RCPT, Phase.DATA})  # where RSET brings both sides back to the start
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class SmtpPostman:
    """Connects to one mail server. Timeouts are seconds; `final_timeout` is the wait after the dot.

    `tls_context` replaces the verifying default (a site's own root certificate); `ehlo_name` the name we greet with.
    """

    host: str
    port: int
    _: KW_ONLY
    security: Literal["none", "starttls", "tls"] = "none"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 30.0
    final_timeout: float = FINAL_TIMEOUT
    ehlo_name: str = ""
    tls_context: ssl.SSLContext | None = None

    @contextlib.contextmanager
    def connect(self) -> Iterator["SmtpChannel"]:
        """Open a channel for one batch. Never raises: what went wrong is the answer to every `hand_over`."""
        channel = SmtpChannel(self)
        try:
            yield channel
        finally:
            channel.quit()


class SmtpChannel:
    """One connection, renewed after trouble. When no connection can be had, the rest of the batch hears why."""

    def __init__(self, postman: SmtpPostman) -> None:
        self._postman = postman
        self._client: smtplib.SMTP | None = None
        self._served = 0
        self._closed_door: Handover | None = None
        with contextlib.suppress(StoppedError):
            self._connected()

    def hand_over(
        self,
        sender: str,
        recipients: Sequence[str],
        data: bytes,
        *,
        before_dot: Callable[[], bool],
    ) -> Handover:
        """See `workflow.ports.Channel`. One refused recipient refuses the whole mail."""
        mail = Mail(sender, tuple(recipients), data, before_dot)
        if fault := mail.fault():
            return fault
        reused = self._served > 0
        handover = self._attempt(mail)
        if reused and self._client is None and handover.phase is Phase.MAIL and handover.outcome is Outcome.RETRY:
            # The server had closed an idle connection, or counts mails per connection: not this mail's trouble.
            handover = self._attempt(mail)
        return handover

    def quit(self) -> None:
        """Say goodbye; whatever the server answers changes nothing (a 421 here came after the 250)."""
        if self._client is not None:
            with contextlib.suppress(OSError):
                socket_of(self._client).settimeout(QUIT_TIMEOUT)
                self._client.quit()
        self._drop()

    def _attempt(self, mail: "Mail") -> Handover:
        try:
            client = self._connected()
            self._served += 1
            handover = transact(client, mail, self._postman.final_timeout)
        except StoppedError as stopped:
            handover = stopped.handover
        except BaseException:
            self._drop()
            raise
        self._settle(handover)
        return handover

    def _connected(self) -> smtplib.SMTP:
        if self._closed_door:
            raise StoppedError(self._closed_door)
        if self._client is None:
            try:
                self._client = _open(self._postman)
            except StoppedError as stopped:
                self._closed_door = stopped.handover
                raise
            self._served = 0
        return self._client

    def _settle(self, handover: Handover) -> None:
        """Keep the connection only where both sides agree on what comes next."""
        if self._client is None or handover.phase is Phase.DONE:
            return
        if not (_is_answered(handover) and self._returns_to_start(handover.phase)):
            self._drop()

    def _returns_to_start(self, phase: Phase) -> bool:
        if phase is Phase.DOT:
            return True
        with contextlib.suppress(OSError):
            return self._client is not None and phase in _BETWEEN_COMMANDS and is_accepting(self._client.rset()[0])
        return False

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None
        self._served = 0


def _is_answered(handover: Handover) -> bool:
    return handover.code is not None and is_refusal(handover.code) and handover.code != CLOSING


# --- from nothing to a server that listens ---------------------------------------------------------------------------


def _open(postman: SmtpPostman) -> smtplib.SMTP:
    context = postman.tls_context or (None if postman.security == "none" else ssl.create_default_context())
    with _opening(Phase.CONNECT):
        if postman.security == "tls":
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                postman.host, postman.port, _ehlo_name(postman), timeout=postman.timeout, context=context
            )
        else:
            client = smtplib.SMTP(postman.host, postman.port, _ehlo_name(postman), timeout=postman.timeout)
    try:
        _introduce(client, postman, context)
    except BaseException:
        client.close()
        raise
    return client


def _introduce(client: smtplib.SMTP, postman: SmtpPostman, context: ssl.SSLContext | None) -> None:
    socket_of(client).setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else Nagle holds the dot back for 40 ms
    with _opening(Phase.GREETING):
        client.ehlo_or_helo_if_needed()
        if postman.security == "starttls":
            client.starttls(context=context)
            client.ehlo_or_helo_if_needed()
    if postman.user:
        if postman.security == "none" and postman.host not in _LOOPBACK:
            text = "Lösenordet skickas inte utan kryptering. Sätt SMTP_SECURITY till starttls eller tls."
            raise StoppedError(Handover(Outcome.BLOCKED, Phase.AUTH, None, text))
        with _opening(Phase.AUTH):
            client.login(postman.user, postman.password)


def _ehlo_name(postman: SmtpPostman) -> str:
    """Give a full name or an address literal (RFC 5321 §4.1.3), without asking a name server."""
    name = postman.ehlo_name or socket.gethostname()
    return name if "." in name or postman.ehlo_name else "[127.0.0.1]"


@contextlib.contextmanager
def _opening(phase: Phase) -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPConnectError as error:
        raise StoppedError(_turned_away(Phase.GREETING, error)) from error
    except smtplib.SMTPResponseException as error:
        raise StoppedError(_turned_away(phase, error)) from error
    except (smtplib.SMTPServerDisconnected, ssl.SSLEOFError) as error:
        reached = Phase.GREETING if phase is Phase.CONNECT else phase
        raise StoppedError(Handover(Outcome.RETRY, reached, None, f"Förbindelsen bröts. {error}")) from error
    except (smtplib.SMTPException, ssl.SSLError, socket.gaierror, ValueError, OverflowError) as error:
        raise StoppedError(Handover(Outcome.BLOCKED, phase, None, f"Det går inte att ansluta. {error}")) from error
    except OSError as error:
        raise StoppedError(Handover(Outcome.RETRY, phase, None, f"E-postservern svarar inte. {error}")) from error


def _turned_away(phase: Phase, error: smtplib.SMTPResponseException) -> Handover:
    """Judge a refusal before any mail was named: never the mail's fault; 4xx passes, 5xx holds the channel."""
    handover = judged(phase, error.smtp_code, error.smtp_error)
    outcome = Outcome.BLOCKED if handover.outcome is Outcome.REFUSED else handover.outcome
    return Handover(outcome, phase, handover.code, handover.text)
