"""One mail through an open connection, stage by stage, with a pause wherever the server has to answer."""

import contextlib
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from workflow.adapters.mail.conversation import Conversation, Reply
from workflow.adapters.mail.refusals import verdict, without
from workflow.adapters.mail.replies import CLOSING, is_accepting, is_refusal, judged, judged_recipient, worded
from workflow.ports import Handover, Outcome, Phase, RefusedCopy

_CRLF = b"\r\n"
_DOT = b".\r\n"
_DATA = b"DATA\r\n"
_OK = 250
_MAILBOX = re.compile(r"""[^\s<>()\[\],;:"\\@]+@[^\s<>()\[\],;:"\\@]+""")

_NO_MAILBOX = Handover(Outcome.REFUSED, Phase.RCPT, None, "Adressen går inte att skicka till.")
_NO_UTF8 = Handover(
    Outcome.REFUSED,
    Phase.MAIL,
    None,
    "E-postservern tar inte emot adresser med å, ä, ö eller andra sådana tecken.",
)


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
    """The reader first."""
    data: bytes
    waits: bool = True
    """For those in copy who are refused for now."""

    def fault(self) -> Handover | None:
        """Find what no server should be asked: addresses that would become two, or commands of their own."""
        if self.sender and not _is_mailbox(self.sender):
            return Handover(Outcome.REFUSED, Phase.MAIL, None, "Avsändarens adress går inte att skicka från.")
        if not self.recipients or not _is_mailbox(self.recipients[0]):
            return Handover(Outcome.REFUSED, Phase.RCPT, None, "Mottagarens adress går inte att skicka till.")
        return None

    def unaskable_copies(self, server: Conversation) -> dict[str, Handover]:
        """Those in copy about whom this server should not be asked."""
        takes_utf8 = server.client.has_extn("smtputf8")
        found = {
            each: _NO_MAILBOX if not _is_mailbox(each) else _NO_UTF8
            for each in self.recipients[1:]
            if not _is_mailbox(each) or not (takes_utf8 or each.isascii())
        }
        return {each: why for each, why in found.items() if each != self.recipients[0]}

    def options(self, server: Conversation, named: Sequence[str]) -> list[str]:
        """ESMTP parameters of MAIL (RFC 1870, 6152, 6531), each only where the server offers it."""
        wanted = {"size": f"SIZE={len(self.data)}"}
        if not self.data.isascii():
            wanted["8bitmime"] = "BODY=8BITMIME"
        if not all(address.isascii() for address in (self.sender, *named)):
            wanted["smtputf8"] = "SMTPUTF8"
            if not server.client.has_extn("smtputf8"):
                raise StoppedError(_NO_UTF8)
        return [parameter for extension, parameter in wanted.items() if server.client.has_extn(extension)]


def _is_mailbox(address: str) -> bool:
    return address.isprintable() and _MAILBOX.fullmatch(address) is not None


Dialogue = Generator[None, None, tuple[RefusedCopy, ...]]
"""Pauses where it would wait for the server's next reply. Gives those in copy that the mail goes without."""

Naming = Mapping[str, bytes]
"""Each recipient's address with the line that names them to the server."""

Asking = Generator[None, None, dict[str, Handover]]
"""Gives whom the server refused."""

_GO_ON = 354
_NAMED = frozenset({250, 251})


def dialogue(server: Conversation, mail: Mail) -> Dialogue:
    """Hand all but the dot over. Raises StoppedError with the verdict wherever it ends before."""
    with _stage(Phase.MAIL):
        left_out = mail.unaskable_copies(server)
        named = [each for each in mail.recipients if each not in left_out]
        options = mail.options(server, named)
        charset = "utf-8" if "SMTPUTF8" in options else "ascii"
        opening = " ".join([f"MAIL FROM:<{mail.sender}>", *options]).encode(charset) + _CRLF
        naming = {each: f"RCPT TO:<{each}>\r\n".encode(charset) for each in named}
    ask = _in_one if server.pipelines else _in_turn
    refused = yield from ask(server, mail, opening, naming)
    with _stage(Phase.BODY):
        server.send(_stuffed(mail.data))
    _expect_silence(server, Phase.BODY)
    return without(left_out | refused)


def _in_turn(server: Conversation, mail: Mail, opening: bytes, naming: Naming) -> Asking:
    code, words = yield from _asked(server, Phase.MAIL, opening)
    if code != _OK:
        raise StoppedError(judged(Phase.MAIL, code, words))
    refused: dict[str, Handover] = {}
    for address, line in naming.items():
        code, words = yield from _asked(server, Phase.RCPT, line)
        if code not in _NAMED:
            refused[address] = judged_recipient(address, code, words)
        if code == CLOSING:
            break
    _stop_for(refused, mail, len(naming))
    code, words = yield from _asked(server, Phase.DATA, _DATA)
    if code != _GO_ON:
        raise StoppedError(judged(Phase.DATA, code, words))
    return refused


def _in_one(server: Conversation, mail: Mail, opening: bytes, naming: Naming) -> Asking:
    """All three commands in one write (RFC 2920 §3.1). Every reply is read, so that both sides know where they are.

    Where the server would take a mail that is not to go, the line can only be closed: a dot would hand over a mail
    that the ledger counts as unsent.
    """
    with _stage(Phase.MAIL):
        server.send(b"".join((opening, *naming.values(), _DATA)))
    server.is_out_of_step = True
    code, words = yield from _heard(server, Phase.MAIL)
    stopped = [] if code == _OK else [judged(Phase.MAIL, code, words)]
    if code == CLOSING:
        raise StoppedError(stopped[0])
    refused: dict[str, Handover] = {}
    for address in naming:
        code, words = yield from _heard(server, Phase.RCPT, stopped)
        if code not in _NAMED:
            refused[address] = judged_recipient(address, code, words)
        if code == CLOSING:
            break
    else:
        why = verdict(refused, mail.recipients[0], named=len(naming), waits=mail.waits)
        code, words = yield from _heard(server, Phase.DATA, [*stopped, *([why] if why else [])])
        server.is_out_of_step = code == _GO_ON
    if stopped:
        raise StoppedError(stopped[0])
    _stop_for(refused, mail, len(naming))
    if code != _GO_ON:
        raise StoppedError(judged(Phase.DATA, code, words))
    return refused


def _stop_for(refused: Mapping[str, Handover], mail: Mail, named: int) -> None:
    if why := verdict(refused, mail.recipients[0], named=named, waits=mail.waits):
        raise StoppedError(why)


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
        if not server.has_spoken():
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
