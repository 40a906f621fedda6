"""The staged SMTP sender: at every moment it knows whether the server can have accepted the mail."""

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Generator, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from workflow.adapters.mail.aside import Aside, Wire
from workflow.adapters.mail.conversation import Conversation
from workflow.adapters.mail.refusals import with_copies
from workflow.adapters.mail.replies import CLOSING, is_accepting, is_refusal, judged, worded
from workflow.adapters.mail.tokens import XOAUTH2, BearerToken
from workflow.adapters.mail.transaction import Mail, StoppedError, dialogue, read_reply, send_dot
from workflow.ports import Handover, Outcome, Phase, Preparation, RefusedCopy

FINAL_TIMEOUT = 600.0  # RFC 5321 §4.5.3.2.6: a shorter wait for the reply to the dot makes duplicates
_STEPS = 4  # of opening a connection: it has so many times the patience with one reply, in all
QUIT_TIMEOUT = 5.0  # the mail is delivered by then; nothing depends on a polite goodbye

_BETWEEN_COMMANDS = frozenset({Phase.MAIL, Phase.RCPT, Phase.DATA})  # where RSET brings both sides back to the start
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class SmtpPostman:
    """Connects to one mail server. Timeouts are seconds; `final_timeout` is the wait after the dot.

    `oauth_token_file` holds a bearer token (XOAUTH2), read anew at each login; it goes before the password.
    `tls_context` replaces the verifying default (a site's own root certificate); `ehlo_name` the name we greet with.
    """

    host: str
    port: int
    _: KW_ONLY
    security: Literal["none", "starttls", "tls"] = "none"
    user: str = ""
    password: str = field(default="", repr=False)
    oauth_token_file: str = ""
    timeout: float = 30.0
    final_timeout: float = FINAL_TIMEOUT
    ehlo_name: str = ""
    tls_context: ssl.SSLContext | None = None

    @contextlib.contextmanager
    def connect(self) -> Iterator["SmtpChannel"]:
        """See `workflow.ports.Postman`."""
        channel = SmtpChannel(self)
        try:
            yield channel
        finally:
            channel.quit()


class SmtpChannel:
    """One connection, made with the first mail and renewed after trouble.

    When no connection can be had, all later mails hear why.
    """

    def __init__(self, postman: SmtpPostman) -> None:
        self._postman = postman
        self._opening: Aside[smtplib.SMTP] | None = None
        self._server: Conversation | None = None
        self._served = 0
        self._is_in_a_mail = False
        self._closed_door: Handover | None = None
        self._stopped_at_dot: Handover | None = None
        self._left_out: tuple[RefusedCopy, ...] = ()

    def prepare(self, sender: str, recipients: Sequence[str], data: bytes, *, waits: bool = True) -> Preparation:
        """See `workflow.ports.Channel`."""
        mail = Mail(sender, tuple(recipients), data, waits=waits)
        if fault := mail.fault():
            return fault
        reused = self._served > 0
        ended = yield from self._attempt(mail)
        if ended and reused and self._is_of_the_line(ended):
            self.drop()
            ended = yield from self._attempt(mail)
        return ended

    def send_dot(self) -> None:
        """See `workflow.ports.Channel`; the long wait for the reply is counted from here."""
        try:
            send_dot(self._prepared(), self._postman.final_timeout)
            self._stopped_at_dot = None
        except StoppedError as stopped:
            self._stopped_at_dot = stopped.handover

    def waits_on(self) -> int | None:
        """See `workflow.ports.Channel`."""
        if self._opening is not None:
            return self._opening.fileno()
        if self._server is None or self._stopped_at_dot is not None:
            return None
        return self._server.fileno()

    def has_answered(self) -> bool:
        """See `workflow.ports.Channel`."""
        if self._stopped_at_dot is not None:
            return True
        server = self._prepared()
        try:
            return server.is_heard() or (server.hear() and server.is_heard())
        except OSError:
            return True  # `read_reply` tells

    def read_reply(self) -> Handover:
        """See `workflow.ports.Channel`."""
        handover = self._stopped_at_dot or self._reply()
        self._stopped_at_dot = None
        self._settle(handover)
        return with_copies(handover, self._left_out)

    def drop(self) -> None:
        """See `workflow.ports.Channel`."""
        if self._opening is not None:
            self._opening.give_up()
        if self._server is not None:
            self._server.close()
        self._opening = self._server = None
        self._served = 0
        self._is_in_a_mail = False

    def quit(self) -> None:
        """Say goodbye; whatever the server answers changes nothing (a 421 here came after the 250)."""
        if self._server is not None:
            with contextlib.suppress(OSError):
                self._server.send(b"QUIT\r\n", patience=QUIT_TIMEOUT)
                self._server.listen()
        self.drop()

    def _attempt(self, mail: Mail) -> Preparation:
        try:
            server = yield from self._connected()
            self._served += 1
            self._left_out = yield from dialogue(server, mail)
        except StoppedError as stopped:
            self._settle(stopped.handover)
            return stopped.handover
        return None

    def _is_of_the_line(self, ended: Handover) -> bool:
        """Whether a connection that has served others may be to blame, and not this mail.

        The server had closed it, or counts its mails. A refusal for good may be a second reply to the last dot.
        """
        if ended.phase is not Phase.MAIL:
            return False
        return self._server is None if ended.outcome is Outcome.RETRY else ended.code is not None

    def _prepared(self) -> Conversation:
        if self._server is None:
            raise RuntimeError("there is no prepared mail to release")
        return self._server

    def _reply(self) -> Handover:
        try:
            return read_reply(self._prepared())
        except StoppedError as stopped:
            return stopped.handover

    def _connected(self) -> Generator[None, None, Conversation]:
        if self._server is not None and not (yield from self._is_at_start(self._server)):
            self.drop()
        if self._closed_door:
            raise StoppedError(self._closed_door)
        if self._server is None:
            try:
                self._server = Conversation((yield from self._opened()))
            except StoppedError as stopped:
                self._closed_door = stopped.handover
                raise
        return self._server

    def _opened(self) -> Generator[None, None, smtplib.SMTP]:
        opening = self._opening = Aside(partial(_open, self._postman), _STEPS * self._postman.timeout)
        yield
        self._opening = None
        try:
            return opening.wait()
        except TimeoutError as error:
            reached = Phase.GREETING if opening.has_reached() else Phase.CONNECT
            raise _stopped(Outcome.RETRY, reached, "E-postservern svarar inte.", error) from error

    def _is_at_start(self, server: Conversation) -> Generator[None, None, bool]:
        """Whether it is there, waits for a mail, and has said nothing that would be taken for the next reply."""
        with contextlib.suppress(OSError):
            if server.has_spoken():
                return False
            if not self._is_in_a_mail:
                return True
            server.send(b"RSET\r\n")
            while (reply := server.reply()) is None:
                yield
                server.listen()
            self._is_in_a_mail = False
            return is_accepting(reply[0]) and not server.has_spoken()
        return False

    def _settle(self, handover: Handover) -> None:
        """Keep the connection only where both sides agree on what comes next."""
        if self._server is None or handover.phase is Phase.DONE:
            return
        self._is_in_a_mail = handover.phase in _BETWEEN_COMMANDS
        is_known = self._is_in_a_mail or handover.phase is Phase.DOT
        if self._server.is_out_of_step or not is_known or not _is_answered(handover):
            self.drop()


def _is_answered(handover: Handover) -> bool:
    return handover.code is not None and is_refusal(handover.code) and handover.code != CLOSING


# --- from nothing to a server that listens ---------------------------------------------------------------------------


class _Client(smtplib.SMTP):
    """Shows its socket as soon as there is one. With `tls` it is secured before anything is said."""

    def __init__(self, postman: SmtpPostman, wire: Wire, tls: ssl.SSLContext | None) -> None:
        self._wire, self._tls = wire, tls
        super().__init__(postman.host, postman.port, _ehlo_name(postman), timeout=postman.timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        line = socket.create_connection((host, port), timeout)
        self._wire.hold(line)
        return self._tls.wrap_socket(line, server_hostname=host) if self._tls else line


def _open(postman: SmtpPostman, wire: Wire) -> smtplib.SMTP:
    context = postman.tls_context or (None if postman.security == "none" else ssl.create_default_context())
    with _opening(Phase.CONNECT):
        client = _Client(postman, wire, context if postman.security == "tls" else None)
    try:
        _introduce(client, postman, context)
    except BaseException:
        client.close()
        raise
    return client


def _introduce(client: smtplib.SMTP, postman: SmtpPostman, context: ssl.SSLContext | None) -> None:
    if client.sock is None:
        raise smtplib.SMTPServerDisconnected("closed")
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else Nagle holds the dot back for 40 ms
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
            _log_in(client, postman)


def _log_in(client: smtplib.SMTP, postman: SmtpPostman) -> None:
    if not postman.oauth_token_file:
        client.login(postman.user, postman.password)
        return
    if XOAUTH2 not in client.esmtp_features.get("auth", "").upper().split():
        raise smtplib.SMTPNotSupportedError(f"E-postservern erbjuder inte {XOAUTH2}.")
    client.auth(XOAUTH2, BearerToken(postman.user, Path(postman.oauth_token_file)))


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
        raise _stopped(Outcome.RETRY, reached, "Förbindelsen bröts.", error) from error
    except (smtplib.SMTPException, ssl.SSLError, socket.gaierror, ValueError, OverflowError) as error:
        raise _stopped(Outcome.BLOCKED, phase, "Det går inte att ansluta.", error) from error
    except OSError as error:
        raise _stopped(Outcome.RETRY, phase, "E-postservern svarar inte.", error) from error


def _stopped(outcome: Outcome, phase: Phase, text: str, error: Exception) -> StoppedError:
    return StoppedError(Handover(outcome, phase, None, f"{text} {worded(str(error))}"))


def _turned_away(phase: Phase, error: smtplib.SMTPResponseException) -> Handover:
    """Judge a refusal before any mail was named: never the mail's fault; 4xx passes, 5xx holds the channel."""
    handover = judged(phase, error.smtp_code, error.smtp_error)
    outcome = Outcome.BLOCKED if handover.outcome is Outcome.REFUSED else handover.outcome
    return Handover(outcome, phase, handover.code, handover.text)
