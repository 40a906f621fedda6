"""One mail through an open connection, stage by stage, with a pause wherever the server has to answer."""

import contextlib
import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

from workflow.adapters.mail.conversation import Conversation, Reply
from workflow.adapters.mail.replies import CLOSING, is_accepting, is_refusal, judged, judged_recipient, worded
from workflow.ports import Handover, Outcome, Phase

_CRLF = b"\r\n"
_DOT = b".\r\n"
_DATA = b"DATA\r\n"
_OK = 250
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

    def options(self, server: Conversation) -> list[str]:
        """ESMTP parameters of MAIL (RFC 1870, 6152, 6531), each only where the server offers it."""
        wanted = {"size": f"SIZE={len(self.data)}"}
        if not self.data.isascii():
            wanted["8bitmime"] = "BODY=8BITMIME"
        if not all(address.isascii() for address in (self.sender, *self.recipients)):
            wanted["smtputf8"] = "SMTPUTF8"
            if not server.client.has_extn("smtputf8"):
                text = "E-postservern tar inte emot adresser med å, ä, ö eller andra sådana tecken."
                raise StoppedError(Handover(Outcome.REFUSED, Phase.MAIL, None, text))
        return [parameter for extension, parameter in wanted.items() if server.client.has_extn(extension)]


def _is_mailbox(address: str) -> bool:
    return address.isprintable() and _MAILBOX.fullmatch(address) is not None


Dialogue = Generator[None, None, None]
"""Pauses where it would wait for the server's next reply."""

Naming = Sequence[tuple[str, bytes]]
"""Each recipient's address with the line that names them to the server."""

_GO_ON = 354
_NAMED = frozenset({250, 251})


def dialogue(server: Conversation, mail: Mail) -> Dialogue:
    """Hand all but the dot over. Raises StoppedError with the verdict wherever it ends before."""
    with _stage(Phase.MAIL):
        options = mail.options(server)
        charset = "utf-8" if "SMTPUTF8" in options else "ascii"
        opening = " ".join([f"MAIL FROM:<{mail.sender}>", *options]).encode(charset) + _CRLF
        naming = [(each, f"RCPT TO:<{each}>\r\n".encode(charset)) for each in mail.recipients]
    yield from (_in_one(server, opening, naming) if server.pipelines else _in_turn(server, opening, naming))
    with _stage(Phase.BODY):
        server.send(_stuffed(mail.data))
    _expect_silence(server, Phase.BODY)


def _in_turn(server: Conversation, opening: bytes, naming: Naming) -> Dialogue:
    code, words = yield from _asked(server, Phase.MAIL, opening)
    if code != _OK:
        raise StoppedError(judged(Phase.MAIL, code, words))
    refused = []
    for address, line in naming:
        code, words = yield from _asked(server, Phase.RCPT, line)
        if code not in _NAMED:
            refused.append(judged_recipient(address, code, words))
        if code == CLOSING:
            break
    _stop_for(refused, len(naming))
    code, words = yield from _asked(server, Phase.DATA, _DATA)
    if code != _GO_ON:
        raise StoppedError(judged(Phase.DATA, code, words))


def _in_one(server: Conversation, opening: bytes, naming: Naming) -> Dialogue:
    """All three commands in one write (RFC 2920 §3.1). Every reply is read, so that both sides know where they are.

    Where the server would take the mail although something was refused, the line can only be closed: a dot would
    hand over a mail that the ledger counts as unsent.
    """
    with _stage(Phase.MAIL):
        server.send(b"".join((opening, *(line for _, line in naming), _DATA)))
    server.is_out_of_step = True
    code, words = yield from _heard(server, Phase.MAIL)
    stopped = [] if code == _OK else [judged(Phase.MAIL, code, words)]
    if code == CLOSING:
        raise StoppedError(stopped[0])
    refused = []
    for address, _ in naming:
        code, words = yield from _heard(server, Phase.RCPT, stopped)
        if code not in _NAMED:
            refused.append(judged_recipient(address, code, words))
        if code == CLOSING:
            break
    else:
        code, words = yield from _heard(server, Phase.DATA, [*stopped, *refused])
        server.is_out_of_step = code == _GO_ON
    if stopped:
        raise StoppedError(stopped[0])
    _stop_for(refused, len(naming))
    if code != _GO_ON:
        raise StoppedError(judged(Phase.DATA, code, words))


def _stop_for(refused: list[Handover], named: int) -> None:
    """All or none: whoever is refused, the others must not get a mail that the ledger counts as unsent."""
    if refused:
        worst = min(refused, key=lambda handover: _WORST_FIRST.index(handover.outcome))
        counted = f"{len(refused)} av {named} mottagare: " if named > 1 else ""
        nobody = tuple(address for each in refused for address in each.nobody)
        raise StoppedError(Handover(worst.outcome, Phase.RCPT, worst.code, counted + worst.text, nobody))


def _asked(server: Conversation, phase: Phase, line: bytes) -> Generator[None, None, Reply]:
    with _stage(phase):
        server.send(line)
    return (yield from _heard(server, phase))


def _heard(server: Conversation, phase: Phase, before: Sequence[Handover] = ()) -> Generator[None, None, Reply]:
    """The next reply. `before` is what has been refused already: that stands, even if the line dies now."""
    while True:
        try:
            with _stage(phase):
                if reply := server.reply():
                    return reply
            yield
            with _stage(phase):
                if not server.has_reply():
                    server.listen()
        except StoppedError as stopped:
            raise StoppedError(before[0]) if before else stopped from stopped


def send_dot(server: Conversation, patience: float) -> None:
    """The one step that cannot be taken back. Raises StoppedError where it was not taken, or perhaps was (UNKNOWN).

    From here the wait for the reply is `patience` seconds.
    """
    _expect_silence(server, Phase.MARKER)
    with _stage(Phase.DOT, lost=Outcome.UNKNOWN):
        server.send(_DOT, patience=patience)


def read_reply(server: Conversation) -> Handover:
    """Wait for the reply to the dot. From here on silence means that nobody knows."""
    with _stage(Phase.DOT, lost=Outcome.UNKNOWN):
        while (reply := server.reply()) is None:
            server.listen()
    code, words = reply
    if is_accepting(code):
        return Handover(Outcome.ACCEPTED, Phase.DONE, code, worded(words))
    if not is_refusal(code):
        return Handover(Outcome.UNKNOWN, Phase.DOT, None, f"Svaret går inte att tolka: {worded(words)}")
    return judged(Phase.DOT, code, words)


def _expect_silence(server: Conversation, phase: Phase) -> None:
    """Stop at a server that closes or speaks before the dot: it has not accepted, and that is still certain."""
    with _stage(phase):
        if not server.is_readable():
            return
        while (reply := server.reply()) is None:
            server.listen()
    raise StoppedError(judged(phase, *reply))


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
