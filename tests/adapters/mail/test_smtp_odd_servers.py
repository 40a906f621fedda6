"""Mail servers that say odd things, too much, too slowly, or at the wrong moment."""

import contextlib
import select
import smtplib
import socket
import ssl
import threading
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from tests.adapters.mail.faulty_smtp import CLOSE, HANG, Do, faulty
from tests.adapters.mail.handing import hand_over, prepared
from workflow.adapters.mail.aside import Aside, Wire
from workflow.adapters.mail.conversation import Conversation
from workflow.adapters.mail.replies import worded
from workflow.adapters.mail.smtp import SmtpPostman
from workflow.ports import Channel, Handover, Outcome, Phase

SENDER, READER = "kansli@stad.example", "norrmalm@stad.example"
MAIL = b"Subject: hej\r\n\r\nen rad\r\n"


def hand(channel: Channel, *to: str) -> Handover:
    return hand_over(channel, SENDER, to or (READER,), MAIL, before_dot=lambda: True)


def one_mail(postman: SmtpPostman) -> Handover:
    with postman.connect() as channel:
        return hand(channel)


# --- words that no database would keep -------------------------------------------------------------------------------


@pytest.mark.parametrize("point", ["greeting", "MAIL", "RCPT", "DATA", "dot"])
def test_what_a_server_says_is_kept_without_its_control_characters(point: str) -> None:
    """PostgreSQL keeps no NUL in a text: one mail's reply would undo the results of all that are in the air."""
    with faulty({point: Do("554 5.0.0 no\x00t\x1b[2J \x7f\x9btoday", CLOSE)}) as (_, postman):
        said = one_mail(postman)
    assert said.text == "5.0.0 no t [2J today"


def test_an_error_of_the_connection_is_worded_like_a_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no\x00way to\r\nkansli@stad.example \udc80")

    monkeypatch.setattr("socket.create_connection", unreachable)
    handover = one_mail(SmtpPostman("smtp.example", 25))
    assert (handover.outcome, handover.phase) == (Outcome.RETRY, Phase.CONNECT)
    assert handover.text == "E-postservern svarar inte. no way to <adress>"


def test_no_character_of_control_is_left_in_words() -> None:
    everything = "".join(map(chr, range(0x10000)))
    kept = {unicodedata.category(sign) for at in range(0, 0x10000, 100) for sign in worded(everything[at : at + 100])}
    assert "L" in {each[0] for each in kept}
    assert not kept & {"Cc", "Cs"}


# --- a word too many -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pipelines", [True, False])
@pytest.mark.parametrize("first", ["250 kept", "552 5.3.4 too big"])
@pytest.mark.parametrize("then", ["554 5.6.0 no copy in the archive", "550 5.7.1 policy", "250 kept twice"])
def test_two_replies_to_one_dot_are_not_taken_for_one_to_the_next_mail(
    first: str, then: str, *, pipelines: bool
) -> None:
    greets = {"EHLO": Do("250-x\r\n250 PIPELINING")} if pipelines else {}
    with faulty({**greets, "dot": Do(f"{first}\r\n{then}", keep=True)}, greets) as (server, postman):
        with postman.connect() as channel:
            assert hand(channel).code == int(first[:3])
            assert hand(channel).outcome is Outcome.ACCEPTED
        assert [sum(line.startswith("MAIL") for line in heard) for heard in server.heard] == [1, 1]


@pytest.mark.parametrize("late", ["500 5.5.1 unknown command", "550 5.7.1 policy"])
def test_a_refusal_of_the_sender_on_a_used_line_is_asked_for_again_on_a_new_one(late: str) -> None:
    """A second reply to the last dot may come only now; the mail would fail for good, with another's words."""
    with faulty({"MAIL 2": Do(f"{late}\r\n250 ok")}, {}) as (server, postman):
        with postman.connect() as channel:
            assert [hand(channel).outcome for _ in range(3)] == [Outcome.ACCEPTED] * 3
        assert len(server.heard) == 2


def test_a_sender_refused_on_a_new_line_too_is_refused() -> None:
    no = Do("553 5.1.8 no such sender")
    with faulty({"MAIL 2": no}, {"MAIL": no}) as (_, postman), postman.connect() as channel:
        assert hand(channel).outcome is Outcome.ACCEPTED
        refused = hand(channel)
    assert (refused.outcome, refused.phase, refused.code) == (Outcome.REFUSED, Phase.MAIL, 553)


def test_a_server_that_hangs_up_unasked_between_two_mails_is_not_spoken_to_again() -> None:
    with faulty({"dot": Do("250 kept\r\n421 4.4.2 closing", CLOSE, keep=True)}, {}) as (server, postman):
        with postman.connect() as channel:
            assert [hand(channel).outcome for _ in range(2)] == [Outcome.ACCEPTED] * 2
        assert [sum(line.startswith("MAIL") for line in heard) for heard in server.heard] == [1, 1]


# --- too much, and not quite by the book -----------------------------------------------------------------------------


@pytest.mark.parametrize("reply", ["250 2.0.0 queued\r", "250 2.0.0 queued as \rabc", "250-one\r\r\n250 2.0.0 two"])
def test_a_stray_carriage_return_does_not_hide_that_a_mail_was_accepted(reply: str) -> None:
    with faulty({"dot": Do(reply, keep=True)}) as (_, postman):
        handover = one_mail(postman)
    assert (handover.outcome, handover.code) == (Outcome.ACCEPTED, 250)


def test_a_reply_without_end_is_given_up_long_before_the_patience_is_over() -> None:
    endless = Do("\r\n".join(["250-" + 70 * "x"] * 4000), HANG, keep=True)
    with faulty({"dot": endless}) as (_, postman), replace(postman, final_timeout=600.0).connect() as channel:
        assert prepared(channel.prepare(SENDER, (READER,), MAIL)) is None
        channel.send_dot()
        begun = time.monotonic()
        while not channel.has_answered():
            assert time.monotonic() - begun < 20
        handover = channel.read_reply()
        assert time.monotonic() - begun < 20  # the server hangs for longer
    assert (handover.outcome, handover.phase, handover.code) == (Outcome.UNKNOWN, Phase.DOT, None)


# --- too slow --------------------------------------------------------------------------------------------------------


@dataclass
class Clock:
    now: float = 0.0

    def monotonic(self) -> float:
        return self.now


def spoken_over(ours: socket.socket, timeout: float) -> Conversation:
    client = smtplib.SMTP(timeout=timeout)
    client.sock = ours
    return Conversation(client)


def test_every_reply_has_the_whole_patience_and_no_half_of_one_renews_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of commands in one write, as where each has its own: a server may take its time over every reader."""
    clock = Clock()
    monkeypatch.setattr("workflow.adapters.mail.conversation.time", clock)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        line = spoken_over(ours, timeout=10)
        line.send(b"MAIL and RCPT and DATA\r\n")
        for _ in range(3):
            clock.now += 8
            theirs.sendall(b"250 ok\r\n")
            line.listen()
            assert line.reply() == (250, b"ok")
            assert not line.is_heard()
        clock.now += 8
        theirs.sendall(b"250-half")
        line.listen()
        clock.now += 8
        assert line.is_heard()
        assert line.reply() is None


def anonymous(side: int) -> ssl.SSLContext:
    """Needs no certificate."""
    context = ssl.SSLContext(side)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AECDH-AES128-SHA:@SECLEVEL=0")
    return context


@dataclass
class Records:
    """A server's side of TLS by hand: the test decides how much of a record leaves."""

    wire: socket.socket
    arrives: ssl.MemoryBIO = field(default_factory=ssl.MemoryBIO)
    leaves: ssl.MemoryBIO = field(default_factory=ssl.MemoryBIO)

    def __post_init__(self) -> None:
        context = anonymous(ssl.PROTOCOL_TLS_SERVER)
        self.secured = context.wrap_bio(self.arrives, self.leaves, server_side=True)

    def shake_hands(self, client: ssl.SSLSocket) -> None:
        client.settimeout(0)
        self.wire.settimeout(0)
        for shake in 3 * (client.do_handshake, self.secured.do_handshake):
            with contextlib.suppress(ssl.SSLWantReadError):
                shake()
            self.wire.sendall(self.leaves.read())
            with contextlib.suppress(BlockingIOError):
                self.arrives.write(self.wire.recv(65536))

    def record(self, words: bytes) -> bytes:
        self.secured.write(words)
        return self.leaves.read()


def test_half_a_tls_record_is_no_reply_yet_and_nobody_waits_for_the_other_half() -> None:
    ours, theirs = socket.socketpair()
    with anonymous(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(ours, do_handshake_on_connect=False) as secured, theirs:
        server = Records(theirs)
        server.shake_hands(secured)
        line = spoken_over(secured, timeout=5)
        line.send(b".\r\n")
        record = server.record(b"250 kept\r\n")
        theirs.sendall(record[:10])
        line.listen()
        assert not line.is_heard()
        assert line.fileno() == secured.fileno()
        theirs.sendall(record[10:])
        line.listen()
        assert line.reply() == (250, b"kept")


def test_words_that_come_byte_by_byte_in_records_of_their_own_are_one_reply() -> None:
    ours, theirs = socket.socketpair()
    with anonymous(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(ours, do_handshake_on_connect=False) as secured, theirs:
        server = Records(theirs)
        server.shake_hands(secured)
        line = spoken_over(secured, timeout=5)
        line.send(b".\r\n")
        theirs.sendall(b"".join(server.record(bytes([sign])) for sign in b"250-one\r\n250 two\r\n"))
        while (reply := line.reply()) is None:
            line.listen()
        assert reply == (250, b"one\ntwo")


def test_a_body_that_the_server_takes_in_slowly_arrives_whole() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        body = bytes(range(256)) * 4000
        sending = threading.Thread(target=spoken_over(ours, timeout=30).send, args=(body,))
        sending.start()
        with theirs.makefile("rb") as arrived:
            assert arrived.read(len(body)) == body
        sending.join(30)


def test_a_server_that_takes_in_ever_less_is_given_up() -> None:
    """Every byte that it takes is room for one more: the patience is for the whole."""
    ours, theirs = socket.socketpair()
    over = threading.Event()

    def sip() -> None:
        while not over.is_set() and theirs.recv(4096):
            over.wait(0.02)

    with ours, theirs:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        sipping = threading.Thread(target=sip)
        sipping.start()
        try:
            with pytest.raises(TimeoutError):
                spoken_over(ours, timeout=0.2).send(bytes(20_000_000))
        finally:
            over.set()
            sipping.join(30)


def test_nobody_waits_for_a_server_to_forget_the_mail_that_it_refused() -> None:
    with faulty({"RCPT": Do("550 5.1.1 unknown"), "RSET": Do(then=HANG)}) as (server, postman):
        begun = time.monotonic()
        with replace(postman, timeout=600.0).connect() as channel:
            assert hand(channel).outcome is Outcome.REFUSED
            next(channel.prepare(SENDER, (READER,), MAIL))
            channel.drop()
        assert time.monotonic() - begun < 20  # the server hangs for longer
        assert len(server.heard) == 1


@pytest.mark.parametrize("forgets", [Do(then=HANG), Do(then=CLOSE), Do("502 unknown"), Do("250 ok\r\n250 ok")])
def test_a_server_that_does_not_forget_the_mail_that_it_refused_gets_the_next_on_a_new_line(forgets: Do) -> None:
    with faulty({"RCPT 1": Do("550 5.1.1 unknown"), "RSET": forgets}, {}) as (server, postman):
        with postman.connect() as channel:
            assert [hand(channel).outcome for _ in range(2)] == [Outcome.REFUSED, Outcome.ACCEPTED]
        assert [sum(line.startswith("MAIL") for line in heard) for heard in server.heard] == [1, 1]


# --- on the way to a server ------------------------------------------------------------------------------------------


@contextlib.contextmanager
def greeting_for_ever(gap: float) -> Iterator[tuple[SmtpPostman, threading.Event]]:
    """A server that never comes to the end of its greeting, and an event for when it is hung up on."""
    left, over = threading.Event(), threading.Event()

    def greet(listening: socket.socket) -> None:
        visitor, _ = listening.accept()
        with visitor, contextlib.suppress(OSError):
            while not over.is_set():
                visitor.sendall(b"220-please wait\r\n")
                over.wait(gap)
            return
        left.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        greeting = threading.Thread(target=greet, args=(listening,))
        greeting.start()
        try:
            yield SmtpPostman("127.0.0.1", listening.getsockname()[1], timeout=0.5), left
        finally:
            over.set()
            greeting.join(30)


def test_a_greeting_without_end_is_hung_up_on() -> None:
    """Every line of it comes in time: the patience is for the whole."""
    with greeting_for_ever(gap=0.02) as (postman, left):
        handover = one_mail(postman)
        assert (handover.outcome, handover.phase, handover.code) == (Outcome.RETRY, Phase.GREETING, None)
        assert left.wait(20)


def test_what_is_dropped_on_its_way_is_hung_up_on() -> None:
    with greeting_for_ever(gap=0.02) as (postman, left), replace(postman, timeout=600.0).connect() as channel:
        next(channel.prepare(SENDER, (READER,), MAIL))
        channel.drop()
        assert channel.waits_on() is None
        assert left.wait(20)


def test_others_go_on_while_a_connection_is_on_its_way_and_hear_when_it_is_there() -> None:
    with greeting_for_ever(gap=0.02) as (slow, _), replace(slow, timeout=600.0).connect() as other:
        next(other.prepare(SENDER, (READER,), MAIL))
        with faulty() as (_, postman), postman.connect() as channel:
            preparing = channel.prepare(SENDER, (READER,), MAIL)
            next(preparing)
            at = channel.waits_on()
            assert at is None or select.select([at], [], [], 20)[0]
            assert prepared(preparing) is None
        assert other.waits_on() is not None


def test_an_opening_that_is_given_up_is_closed_whenever_it_comes() -> None:
    may_go_on, closed = threading.Event(), threading.Event()

    @dataclass
    class Opened:
        def close(self) -> None:
            closed.set()

    def opening(_: Wire) -> Opened:
        may_go_on.wait(30)
        return Opened()

    for goes_first in (False, True):
        may_go_on.clear()
        closed.clear()
        aside = Aside(opening, patience=600)
        if goes_first:
            may_go_on.set()
            while aside.fileno() is not None:
                pass
        aside.give_up()
        may_go_on.set()
        assert closed.wait(20)


def test_a_line_that_comes_after_the_wait_for_it_is_closed_at_once() -> None:
    wire = Wire()
    wire.let_go(cut=True)
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(ConnectionAbortedError):
        wire.hold(ours)
    assert not wire.is_held()
    assert ours.fileno() == -1
