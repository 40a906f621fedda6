"""One mail through an open connection, stage by stage, with a pause wherever the server has to answer."""

import contextlib
import re
import select
import smtplib
import socket
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from workflow.adapters.mail.replies import CLOSING, is_accepting, is_refusal, judged, worded
from workflow.ports import Handover, Outcome, Phase

_CRLF = b"\r\n"
_DOT = b".\r\n"
_WORST_FIRST = (Outcome.BLOCKED, Outcome.REFUSED, Outcome.RETRY)
_MAILBOX = re.compile(r"""[^\s<>()\[\],;:"\\@]+@[^\s<>()\[\],;:"\\@]+""")


class StoppedError(Exception):
    """Ends a stage early with its verdict."""

    def __init__(self, handover: Handover) -> None:
        super().__init__(handover)
        self.handover = handover


@dataclass(frozen=True, slots=True)
class Mail:
    """What is handed over."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes

    def fault(self) -> Handover | None:
        """Find what no server should be asked: addresses that would become two, or commands of their own."""
        if self.sender and not _is_mailbox(self.sender):
            return Handover(Outcome.REFUSED, Phase.MAIL, None, "Avsändarens adress går inte att skicka från.")
        wrong = sum(not _is_mailbox(recipient) for recipient in self.recipients)
        if wrong or not self.recipients:
            text = f"{wrong} av {len(self.recipients)} mottagaradresser går inte att skicka till."
            return Handover(Outcome.REFUSED, Phase.RCPT, None, text)
        return None

    def options(self, client: smtplib.SMTP) -> list[str]:
        """ESMTP parameters of MAIL (RFC 1870, 6152, 6531), each only where the server offers it."""
        wanted = {"size": f"SIZE={len(self.data)}"}
        if not self.data.isascii():
            wanted["8bitmime"] = "BODY=8BITMIME"
        if not all(address.isascii() for address in (self.sender, *self.recipients)):
            wanted["smtputf8"] = "SMTPUTF8"
            if not client.has_extn("smtputf8"):
                text = "E-postservern tar inte emot adresser med å, ä, ö eller andra sådana tecken."
                raise StoppedError(Handover(Outcome.REFUSED, Phase.MAIL, None, text))
        return [parameter for extension, parameter in wanted.items() if client.has_extn(extension)]


def _is_mailbox(address: str) -> bool:
    return address.isprintable() and _MAILBOX.fullmatch(address) is not None


Dialogue = Generator[None, None, None]
"""Pauses where it would wait for the server's next reply."""


def dialogue(client: smtplib.SMTP, mail: Mail) -> Dialogue:
    """Hand all but the dot over. Raises StoppedError with the verdict wherever it ends before.

    Each wait is as long as the client's own timeout.
    """
    with _stage(Phase.MAIL):
        socket_of(client).settimeout(client.timeout)  # the mail before may have left the long one
        options = mail.options(client)
        client.command_encoding = "utf-8" if "SMTPUTF8" in options else "ascii"
        client.putcmd(" ".join([f"MAIL FROM:<{mail.sender}>", *options]))
    yield
    _expect(250, Phase.MAIL, client)
    yield from _name_recipients(client, mail.recipients)
    with _stage(Phase.DATA):
        client.putcmd("DATA")
    yield
    _expect(354, Phase.DATA, client)
    with _stage(Phase.BODY):
        client.send(_stuffed(mail.data))
    _expect_silence(client, Phase.BODY)


def _name_recipients(client: smtplib.SMTP, recipients: tuple[str, ...]) -> Dialogue:
    """All or none: whoever is refused, the others must not get a mail that the ledger counts as unsent."""
    refused = []
    for recipient in recipients:
        with _stage(Phase.RCPT):
            client.putcmd(f"RCPT TO:<{recipient}>")
        yield
        with _stage(Phase.RCPT):
            code, words = client.getreply()
        if code not in {250, 251}:
            refused.append(judged(Phase.RCPT, code, words))
        if code == CLOSING:
            break
    if refused:
        worst = min(refused, key=lambda handover: _WORST_FIRST.index(handover.outcome))
        counted = f"{len(refused)} av {len(recipients)} mottagare: " if len(recipients) > 1 else ""
        raise StoppedError(Handover(worst.outcome, Phase.RCPT, worst.code, counted + worst.text))


def send_dot(client: smtplib.SMTP) -> None:
    """The one step that cannot be taken back. Raises StoppedError where it was not taken, or perhaps was (UNKNOWN)."""
    _expect_silence(client, Phase.MARKER)
    with _stage(Phase.DOT, lost=Outcome.UNKNOWN):
        client.send(_DOT)


def read_reply(client: smtplib.SMTP, patience: float) -> Handover:
    """Wait `patience` seconds for the reply to the dot. From here on silence means that nobody knows."""
    with _stage(Phase.DOT, lost=Outcome.UNKNOWN):
        socket_of(client).settimeout(patience)
        code, words = client.getreply()
    if is_accepting(code):
        return Handover(Outcome.ACCEPTED, Phase.DONE, code, worded(words))
    if not is_refusal(code):
        return Handover(Outcome.UNKNOWN, Phase.DOT, None, f"Svaret går inte att tolka: {worded(words)}")
    return judged(Phase.DOT, code, words)


def _expect(wanted: int, phase: Phase, client: smtplib.SMTP) -> None:
    with _stage(phase):
        code, words = client.getreply()
    if code != wanted:
        raise StoppedError(judged(phase, code, words))


def _expect_silence(client: smtplib.SMTP, phase: Phase) -> None:
    """Stop at a server that closes or speaks before the dot: it has not accepted, and that is still certain."""
    with _stage(phase):
        if not is_readable(client):
            return
        code, words = client.getreply()
    raise StoppedError(judged(phase, code, words))


def is_readable(client: smtplib.SMTP) -> bool:
    """Whether the server has said something or has gone. Raises OSError for a connection that is closed here."""
    poller = select.poll()
    poller.register(socket_of(client), select.POLLIN)
    return bool(poller.poll(0))


@contextlib.contextmanager
def _stage(phase: Phase, *, lost: Outcome = Outcome.RETRY) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # every error of smtplib is one
        text = "Förbindelsen bröts efter slutpunkten." if lost is Outcome.UNKNOWN else "Förbindelsen bröts."
        raise StoppedError(Handover(lost, phase, None, f"{text} {worded(str(error))}")) from error


def _stuffed(data: bytes) -> bytes:
    """CRLF everywhere, a dot doubled at the start of a line (RFC 5321 §4.5.2), ready for the final dot."""
    if not data.count(b"\r") == data.count(b"\n") == data.count(_CRLF):
        data = re.sub(rb"\r\n|\r|\n", _CRLF, data)
    data = data.replace(b"\r\n.", b"\r\n..")
    opening = b"." if data.startswith(b".") else b""
    return opening + data + (b"" if data.endswith(_CRLF) else _CRLF)


def socket_of(client: smtplib.SMTP) -> socket.socket:
    if client.sock is None:
        raise smtplib.SMTPServerDisconnected("closed")
    return client.sock
