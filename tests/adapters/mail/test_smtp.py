"""Every row of what can happen between a client and a mail server, and what the staged sender says of it."""

import base64
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pytest

from tests.adapters.mail import faulty_smtp
from tests.adapters.mail.faulty_smtp import CLOSE, HANG, KEEP, RESET, Do, FaultySmtp, faulty
from tests.adapters.mail.handing import hand_over, prepared
from workflow.adapters.mail.smtp import SmtpPostman
from workflow.ports import Channel, Handover, Outcome, Phase, Postman, RefusedCopy

SENDER = "kansli@stad.example"
UNIT = ("norrmalm@stad.example",)
MAIL = b"Subject: hej\r\n\r\nen rad\r\n"


@pytest.fixture(autouse=True, params=[False, True], ids=["in turn", "in one"])
def pipelines(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Every row twice: against a server that wants one command at a time, and one that takes several (RFC 2920)."""
    offers: bool = request.param
    if offers:
        greets = replace(faulty_smtp.POLITE["EHLO"], say=f"250-PIPELINING\r\n{faulty_smtp.POLITE['EHLO'].say}")
        monkeypatch.setattr(faulty_smtp, "POLITE", {**faulty_smtp.POLITE, "EHLO": greets})
    return offers


@dataclass
class Marker:
    """Stands for the transaction that commits the marker."""

    answer: bool = True
    asked: int = 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.answer


def hand(channel: Channel, marker: Callable[[], bool] | None = None, **mail: object) -> Handover:
    to = mail.get("to", UNIT)
    data = mail.get("data", MAIL)
    assert isinstance(to, Sequence)
    assert isinstance(data, bytes)
    return hand_over(channel, SENDER, to, data, before_dot=marker or Marker())


def one_mail(postman: Postman, marker: Marker | None = None, **mail: object) -> tuple[Outcome, Phase, int | None]:
    with postman.connect() as channel:
        handover = hand(channel, marker, **mail)
    return handover.outcome, handover.phase, handover.code


BEFORE_THE_MARKER = [
    ("greeting", Do("421 4.3.2 busy", CLOSE), Outcome.RETRY, Phase.GREETING, 421),
    ("greeting", Do("554 5.7.1 your address is listed", CLOSE), Outcome.BLOCKED, Phase.GREETING, 554),
    ("greeting", Do(then=CLOSE), Outcome.RETRY, Phase.GREETING, None),
    ("greeting", Do(then=HANG), Outcome.RETRY, Phase.GREETING, None),
    ("EHLO", Do(then=CLOSE), Outcome.RETRY, Phase.GREETING, None),
    ("MAIL", Do(then=CLOSE), Outcome.RETRY, Phase.MAIL, None),
    ("MAIL", Do("421 4.7.0 later", CLOSE), Outcome.RETRY, Phase.MAIL, 421),
    ("MAIL", Do("451 4.3.0 later"), Outcome.RETRY, Phase.MAIL, 451),
    ("MAIL", Do("553 5.1.8 no such sender"), Outcome.REFUSED, Phase.MAIL, 553),
    ("MAIL", Do("530 Authentication required"), Outcome.BLOCKED, Phase.MAIL, 530),
    ("MAIL", Do("432 4.3.2 Concurrent connections limit exceeded"), Outcome.BLOCKED, Phase.MAIL, 432),
    ("MAIL", Do("what?"), Outcome.RETRY, Phase.MAIL, -1),
    ("RCPT", Do("450 4.2.0 greylisted"), Outcome.RETRY, Phase.RCPT, 450),
    ("RCPT", Do("451 4.7.1 greylisted"), Outcome.RETRY, Phase.RCPT, 451),
    ("RCPT", Do("421 4.4.5 closing", CLOSE), Outcome.RETRY, Phase.RCPT, 421),
    ("RCPT", Do("550 5.1.1 unknown"), Outcome.REFUSED, Phase.RCPT, 550),
    ("RCPT", Do("550 5.7.30 Basic authentication is not supported"), Outcome.BLOCKED, Phase.RCPT, 550),
    ("DATA", Do("554 5.5.1 no"), Outcome.REFUSED, Phase.DATA, 554),
    ("DATA", Do("452 4.3.1 no room"), Outcome.RETRY, Phase.DATA, 452),
    ("DATA", Do("250 what?"), Outcome.RETRY, Phase.DATA, 250),
    ("DATA", Do(then=HANG), Outcome.RETRY, Phase.DATA, None),
]


@pytest.mark.parametrize(("point", "action", "outcome", "phase", "code"), BEFORE_THE_MARKER)
def test_trouble_before_the_marker_never_asks_for_it(
    point: str, action: Do, outcome: Outcome, phase: Phase, code: int | None
) -> None:
    marker = Marker()
    with faulty({point: action}) as (server, postman):
        assert one_mail(postman, marker) == (outcome, phase, code)
        assert marker.asked == 0
        assert server.accepted == []


AFTER_THE_DOT = [
    (Do("250 2.0.0 ok", keep=True), Outcome.ACCEPTED, Phase.DONE, 250),
    (Do("250 2.0.0 ok", CLOSE, keep=True), Outcome.ACCEPTED, Phase.DONE, 250),
    (Do("451 4.3.0 later"), Outcome.RETRY, Phase.DOT, 451),
    (Do("421 4.3.2 going down", CLOSE), Outcome.RETRY, Phase.DOT, 421),
    (Do("552 5.3.4 too big"), Outcome.REFUSED, Phase.DOT, 552),
    (Do("554 5.6.0 content refused"), Outcome.REFUSED, Phase.DOT, 554),
    (Do("554 Transaction failed"), Outcome.REFUSED, Phase.DOT, 554),
    (Do("550 5.7.1 policy"), Outcome.BLOCKED, Phase.DOT, 550),
    (Do(then=CLOSE), Outcome.UNKNOWN, Phase.DOT, None),
    (Do(then=CLOSE, keep=True), Outcome.UNKNOWN, Phase.DOT, None),
    (Do(then=RESET, keep=True), Outcome.UNKNOWN, Phase.DOT, None),
    (Do(then=HANG, keep=True), Outcome.UNKNOWN, Phase.DOT, None),
    (Do("250-half a repl", CLOSE, keep=True), Outcome.UNKNOWN, Phase.DOT, None),
    (Do("nonsense", keep=True), Outcome.UNKNOWN, Phase.DOT, None),
    (Do("5" * 9000, keep=True), Outcome.UNKNOWN, Phase.DOT, None),
]


@pytest.mark.parametrize(("action", "outcome", "phase", "code"), AFTER_THE_DOT)
def test_what_the_reply_to_the_dot_means(action: Do, outcome: Outcome, phase: Phase, code: int | None) -> None:
    marker = Marker()
    with faulty({"dot": action}) as (server, postman):
        assert one_mail(postman, marker) == (outcome, phase, code)
        assert marker.asked == 1
        assert server.accepted == ([MAIL] if action.keep else [])


def test_421_to_quit_after_the_250_changes_nothing() -> None:
    with faulty({"QUIT": Do("421 4.3.2 bye", CLOSE)}) as (server, postman):
        assert one_mail(postman)[0] is Outcome.ACCEPTED
        assert server.accepted == [MAIL]


def test_a_server_that_never_answers_quit_does_not_undo_the_mail() -> None:
    with faulty({"QUIT": Do(then=CLOSE)}) as (_, postman):
        assert one_mail(postman)[0] is Outcome.ACCEPTED


@pytest.mark.parametrize("action", [Do("421 4.3.2 down", CLOSE), Do(then=CLOSE), Do(then=RESET), Do("552 too big")])
def test_a_server_that_breaks_off_in_the_body_is_found_out_before_the_dot(action: Do) -> None:
    with faulty({"body": action}) as (server, postman):

        def marker() -> bool:
            assert server.body_seen.wait(5)  # by now the server has spoken or hung up; the dot is not sent
            return True

        with postman.connect() as channel:
            handover = hand(channel, marker)
        expected = Outcome.REFUSED if action.say.startswith("552") else Outcome.RETRY
        assert handover.outcome is expected
        assert handover.phase in {Phase.BODY, Phase.MARKER}
        assert server.accepted == []


def test_withdrawn_mail_is_dropped_without_the_dot() -> None:
    with faulty() as (server, postman):
        with postman.connect() as channel:
            handover = hand(channel, Marker(answer=False))
            assert (handover.outcome, handover.phase) == (Outcome.WITHDRAWN, Phase.MARKER)
            assert hand(channel, data=b"Subject: two\r\n\r\n").outcome is Outcome.ACCEPTED
        assert server.accepted == [b"Subject: two\r\n\r\n"]
        assert len(server.heard) == 2


def test_an_exception_from_the_marker_propagates_and_nothing_is_accepted() -> None:
    def marker() -> bool:
        raise LookupError("database is gone")

    with faulty() as (server, postman), postman.connect() as channel:
        with pytest.raises(LookupError):
            hand(channel, marker)
        assert hand(channel).outcome is Outcome.ACCEPTED
        assert server.accepted == [MAIL]


def test_the_body_is_with_the_server_before_the_marker_and_the_dot_is_not() -> None:
    with faulty({"body": Do(keep=True)}) as (server, postman):

        def marker() -> bool:
            return server.body_seen.wait(5) and len(server.accepted) == 1  # the body's first line is there, no dot

        with postman.connect() as channel:
            assert hand(channel, marker).outcome is Outcome.ACCEPTED
        assert len(server.accepted) == 2


def test_one_connection_serves_a_batch_and_goes_on_after_a_refusal() -> None:
    with faulty({"RCPT 2": Do("550 5.1.1 unknown"), "dot 3": Do("451 later")}) as (server, postman):
        with postman.connect() as channel:
            outcomes = [hand(channel).outcome for _ in range(5)]
        assert outcomes == [
            Outcome.ACCEPTED,
            Outcome.REFUSED,
            Outcome.ACCEPTED,
            Outcome.RETRY,
            Outcome.ACCEPTED,
        ]
        assert len(server.heard) == 1
        assert sum(line.upper() == "RSET" for line in server.heard[0]) == 1
        assert len(server.accepted) == 3


def test_a_new_connection_after_trouble() -> None:
    with faulty({"dot": Do(then=CLOSE)}, {}) as (server, postman):
        with postman.connect() as channel:
            assert hand(channel).outcome is Outcome.UNKNOWN
            assert hand(channel).outcome is Outcome.ACCEPTED
        assert len(server.heard) == 2


@pytest.mark.parametrize("goodbye", [Do("421 4.4.2 idle too long", CLOSE), Do(then=CLOSE), Do(then=RESET)])
def test_a_connection_closed_between_two_mails_costs_the_second_nothing(goodbye: Do) -> None:
    marker = Marker()
    with faulty({"MAIL 2": goodbye}, {}) as (server, postman):
        with postman.connect() as channel:
            assert [hand(channel, marker).outcome for _ in range(2)] == [Outcome.ACCEPTED] * 2
        assert marker.asked == 2
        assert len(server.accepted) == 2


def test_the_long_wait_is_for_the_dot_alone() -> None:
    with faulty({"MAIL 2": Do(then=HANG)}) as (_, postman):
        with replace(postman, final_timeout=60).connect() as channel:
            assert hand(channel).outcome is Outcome.ACCEPTED
            begun = time.monotonic()
            hand(channel)
        assert time.monotonic() - begun < 20


def test_after_the_server_has_gone_the_rest_of_the_batch_hears_why_at_once() -> None:
    with faulty({"dot": Do("250 ok", CLOSE, keep=True)}, {"greeting": Do("421 full", CLOSE)}) as (server, postman):
        with postman.connect() as channel:
            outcomes = [hand(channel).outcome for _ in range(4)]
        assert outcomes == [Outcome.ACCEPTED, Outcome.RETRY, Outcome.RETRY, Outcome.RETRY]
        assert len(server.heard) == 2


REFUSED_IN_ONE = {"EHLO": Do("250-x\r\n250 PIPELINING"), "RCPT 1": Do("550 5.1.1 no such user")}


@pytest.mark.parametrize(("data", "connections"), [(Do("554 no valid recipients"), 1), (Do("354 go"), 2)])
def test_a_refusal_among_commands_in_one_write_never_becomes_a_mail(data: Do, connections: int) -> None:
    """A server that would take the mail all the same waits for a dot: only hanging up is safe."""
    with faulty({**REFUSED_IN_ONE, "DATA 1": data}, REFUSED_IN_ONE | {"RCPT 1": Do("250 ok")}) as (server, postman):
        with postman.connect() as channel:
            first = hand(channel)
            assert hand(channel).outcome is Outcome.ACCEPTED
        assert (first.outcome, first.phase, first.code) == (Outcome.REFUSED, Phase.RCPT, 550)
        assert len(server.heard) == connections
        assert len(server.accepted) == 1


@pytest.mark.parametrize("point", ["MAIL", "RCPT"])
def test_a_refusal_stands_even_if_the_line_dies_before_the_other_replies(point: str) -> None:
    with faulty({"EHLO": REFUSED_IN_ONE["EHLO"], point: Do("550 5.1.8 no", CLOSE)}) as (server, postman):
        assert one_mail(postman) == (Outcome.REFUSED, Phase.MAIL if point == "MAIL" else Phase.RCPT, 550)
        assert server.accepted == []


READER, COPY, OTHER = "a@stad.example", "b@stad.example", "c@stad.example"


def test_a_refused_reader_refuses_the_whole_mail_and_no_address_is_told() -> None:
    script = {"RCPT 1": Do(f"550 5.1.1 <{READER}>: unknown")}
    with faulty(script) as (server, postman):
        with postman.connect() as channel:
            handover = hand(channel, to=(READER, COPY, OTHER))
        assert (handover.outcome, handover.phase, handover.code) == (Outcome.REFUSED, Phase.RCPT, 550)
        assert handover.text == "1 av 3 mottagare: 5.1.1 <adress>: unknown"
        assert (handover.nobody, handover.left_out) == ((READER,), ())
        assert server.accepted == []


def test_a_refused_copy_is_left_out_and_the_mail_goes_to_the_others() -> None:
    with faulty({"RCPT 2": Do(f"550 5.1.1 <{COPY}>: unknown")}) as (server, postman), postman.connect() as channel:
        handover = hand(channel, to=(READER, COPY, OTHER))
        assert (handover.outcome, handover.phase, handover.code) == (Outcome.ACCEPTED, Phase.DONE, 250)
        assert handover.left_out == (RefusedCopy(COPY, "550 5.1.1 <adress>: unknown", is_nobody=True),)
        assert handover.nobody == (COPY,)
        assert "1 i kopia togs inte emot: 550 5.1.1 <adress>: unknown" in handover.text
        assert len(server.accepted) == 1
        after = hand(channel)
        assert (after.outcome, after.left_out, after.nobody) == (Outcome.ACCEPTED, (), ())


@pytest.mark.parametrize(
    "reply", ["552 5.2.2 full", "550 5.7.1 members only", "450 4.2.0 greylisted", "452 4.2.2 full"]
)
def test_what_a_server_says_of_a_copy_says_nothing_of_the_mail_or_of_us(reply: str) -> None:
    with faulty({"RCPT 2": Do(reply)}) as (server, postman), postman.connect() as channel:
        handover = hand_over(channel, SENDER, (READER, COPY), MAIL, before_dot=Marker(), waits=False)
        assert handover.outcome is Outcome.ACCEPTED
        assert handover.left_out == (RefusedCopy(COPY, reply, is_nobody=False),)
        assert len(server.accepted) == 1


def test_a_mail_that_can_wait_does_for_a_copy_that_is_refused_for_now() -> None:
    with faulty({"RCPT 2": Do("450 4.2.0 greylisted"), "RCPT 3": Do("550 5.1.1 no")}, {}) as (server, postman):
        with postman.connect() as channel:
            handover = hand(channel, to=(READER, COPY, OTHER))
            assert (handover.outcome, handover.phase, handover.code) == (Outcome.RETRY, Phase.RCPT, 450)
            assert hand(channel, to=(READER, COPY)).outcome is Outcome.ACCEPTED
        assert len(server.accepted) == 1


@pytest.mark.parametrize("ending", [Do("421 4.3.2 busy", CLOSE), Do(then=CLOSE)])
def test_a_line_that_ends_at_a_copy_has_taken_nothing(ending: Do) -> None:
    with faulty({"RCPT 2": ending}) as (server, postman), postman.connect() as channel:
        handover = hand_over(channel, SENDER, (READER, COPY), MAIL, before_dot=Marker(), waits=False)
        assert (handover.outcome, handover.left_out) == (Outcome.RETRY, ())
        assert server.accepted == []


def test_a_lost_reply_keeps_what_was_said_of_the_copies() -> None:
    with faulty({"RCPT 2": Do("550 5.1.1 no"), "dot": Do(then=CLOSE)}) as (_, postman), postman.connect() as channel:
        handover = hand(channel, to=(READER, COPY))
        assert (handover.outcome, handover.nobody) == (Outcome.UNKNOWN, (COPY,))


@pytest.mark.parametrize(
    "copy", ["b@x.example, c@x.example", "b@x.example\r\nRCPT TO:<c@x.example>", "", "kö@x.example"]
)
def test_a_copy_that_cannot_be_named_is_left_out_unasked(copy: str) -> None:
    with faulty() as (server, postman), postman.connect() as channel:
        handover = hand(channel, to=(READER, copy))
        assert handover.outcome is Outcome.ACCEPTED
        assert [(each.address, each.is_nobody) for each in handover.left_out] == [(copy, False)]
        assert sum(line.startswith("RCPT") for line in server.heard[0]) == 1


@pytest.mark.parametrize("pipelines", [True, False])
@pytest.mark.parametrize(
    ("reply", "is_nobody"),
    [
        ("550 5.1.1 no such user", True),
        ("554 5.1.2 no such domain", True),
        ("556 5.1.10 takes no mail", True),
        ("550 No such user here", True),
        ("551 User not local", True),
        ("553 mailbox name unknown", True),
        ("552 mailbox full", False),
        ("550 5.1.8 sender", False),
        ("550 5.1.0 rejected", False),
        ("550 5.2.1 switched off", False),
        ("552 5.2.2 mailbox full", False),
        ("550 5.7.1 relaying denied", False),
        ("550 Relaying denied", False),
        ("550 blocked by a list", False),
        ("553 Sender is not welcome", False),
        ("450 4.1.1 perhaps later", False),
        ("450 5.1.1 of two minds", False),
    ],
)
def test_which_refusals_say_that_nobody_has_the_address(reply: str, *, is_nobody: bool, pipelines: bool) -> None:
    script = {"RCPT": Do(reply)} | ({"EHLO": REFUSED_IN_ONE["EHLO"]} if pipelines else {})
    with faulty(script) as (_, postman), postman.connect() as channel:
        assert hand(channel, to=UNIT).nobody == (UNIT if is_nobody else ())


def test_what_becomes_of_the_mail_is_what_is_said_of_its_reader() -> None:
    with faulty({"RCPT 1": Do("450 4.2.0 later"), "RCPT 2": Do("550 5.1.1 unknown")}) as (_, postman):
        assert one_mail(postman, to=(READER, COPY)) == (Outcome.RETRY, Phase.RCPT, 450)
    with faulty({"RCPT 1": Do("550 5.1.1 unknown"), "RCPT 2": Do("450 4.2.0 later")}) as (_, postman):
        assert one_mail(postman, to=(READER, COPY)) == (Outcome.REFUSED, Phase.RCPT, 550)


@pytest.mark.parametrize(
    "to",
    [
        (),
        ("",),
        ("a@x.example, b@y.example",),
        ("a@x.example\r\nRCPT TO:<b@y.example>",),
        ("a b@x.example",),
        ("<a@x.example>",),
        ("a\udc80@x.example",),
    ],
)
def test_addresses_that_are_not_one_mailbox_never_reach_the_server(to: tuple[str, ...]) -> None:
    with faulty() as (server, postman):
        with postman.connect() as channel:
            handover = hand(channel, to=to)
            assert (handover.outcome, handover.phase) == (Outcome.REFUSED, Phase.RCPT)
            assert hand(channel).outcome is Outcome.ACCEPTED
        assert not any("y.example" in line for line in server.heard[0])


def test_an_address_beyond_ascii_is_refused_unless_the_server_takes_it() -> None:
    to = ("södermalm@stad.example",)
    with faulty() as (_, postman):
        assert one_mail(postman, to=to) == (Outcome.REFUSED, Phase.MAIL, None)
    with faulty({"EHLO": Do("250-faulty.example\r\n250 SMTPUTF8")}) as (server, postman):
        assert one_mail(postman, to=to)[0] is Outcome.ACCEPTED
        assert any(line.endswith("SMTPUTF8") for line in server.heard[0])


@pytest.mark.parametrize(
    ("data", "arrives"),
    [
        (b".dot\r\n..two\r\n.\r\nend", b".dot\r\n..two\r\n.\r\nend\r\n"),
        (b"a\nb\rc\r\nd\n", b"a\r\nb\r\nc\r\nd\r\n"),
        (b"smuggled\n.\nMAIL FROM:<x@y.example>\n", b"smuggled\r\n.\r\nMAIL FROM:<x@y.example>\r\n"),
        ("å\r\n".encode(), "å\r\n".encode()),
    ],
)
def test_lines_and_dots_arrive_as_written(data: bytes, arrives: bytes) -> None:
    with faulty() as (server, postman):
        assert one_mail(postman, data=data)[0] is Outcome.ACCEPTED
        assert server.accepted == [arrives]
        assert any("BODY=8BITMIME" in line for line in server.heard[0]) == (not data.isascii())


# --- several at once -------------------------------------------------------------------------------------------------


def test_preparing_pauses_at_every_reply_so_that_others_can_go_on_meanwhile(*, pipelines: bool) -> None:
    with faulty() as (server, postman), postman.connect() as one, postman.connect() as two:
        turns = [one.prepare(SENDER, UNIT, MAIL), two.prepare(SENDER, ["a@stad.example", *UNIT], MAIL)]
        for preparing in (*turns, *turns):
            next(preparing)  # while it connects, and while MAIL is answered
        assert len(server.heard) == 2  # both are connected before the first reply to MAIL is read
        pauses = [sum(1 for _ in preparing) for preparing in turns]
        assert pipelines or pauses == [2, 3]  # RCPT (once each), DATA
        assert server.accepted == []


def test_all_dots_can_leave_before_the_first_reply_is_read() -> None:
    with faulty() as (server, postman), postman.connect() as one, postman.connect() as two:
        for channel in (one, two):
            assert prepared(channel.prepare(SENDER, UNIT, MAIL)) is None
        for channel in (one, two):
            channel.send_dot()
        assert server.kept.acquire(timeout=5)
        assert server.kept.acquire(timeout=5)
        assert [channel.read_reply().outcome for channel in (one, two)] == [Outcome.ACCEPTED] * 2


def test_the_wait_for_the_reply_counts_from_the_dot_and_not_from_the_reading() -> None:
    with faulty({"dot": Do(then=HANG)}) as (_, postman):
        patient = replace(postman, final_timeout=0.5)
        with patient.connect() as one, patient.connect() as two, patient.connect() as three:
            for channel in (one, two, three):
                prepared(channel.prepare(SENDER, UNIT, MAIL))
                channel.send_dot()
            begun = time.monotonic()
            assert {channel.read_reply().outcome for channel in (one, two, three)} == {Outcome.UNKNOWN}
        assert time.monotonic() - begun < 1


def test_an_answer_is_seen_without_waiting_for_it() -> None:
    with faulty() as (server, postman), postman.connect() as channel:
        assert prepared(channel.prepare(SENDER, UNIT, MAIL)) is None
        assert not channel.has_answered()
        channel.send_dot()
        assert server.kept.acquire(timeout=5)
        until = time.monotonic() + 5
        while not channel.has_answered():
            assert time.monotonic() < until
        assert channel.read_reply().outcome is Outcome.ACCEPTED


def test_a_server_that_hangs_has_not_answered() -> None:
    with faulty({"dot": Do(then=HANG)}) as (_, postman), postman.connect() as channel:
        prepared(channel.prepare(SENDER, UNIT, MAIL))
        channel.send_dot()
        assert not channel.has_answered()
        channel.drop()


def test_nothing_is_connected_before_there_is_a_mail() -> None:
    with faulty() as (server, postman):
        with postman.connect():
            pass
        assert server.heard == []


def test_what_was_not_prepared_cannot_be_released() -> None:
    with faulty() as (_, postman), postman.connect() as channel, pytest.raises(RuntimeError):
        channel.send_dot()


# --- no server, wrong server, wrong password -------------------------------------------------------------------------


def test_connect_does_not_raise_when_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    marker = Marker()
    assert one_mail(SmtpPostman("127.0.0.1", port, timeout=1), marker) == (Outcome.RETRY, Phase.CONNECT, None)
    assert marker.asked == 0


@pytest.mark.parametrize("host", ["no-such-host.invalid", "smtp..example", "a" * 70 + ".example"])
def test_a_name_that_leads_nowhere_blocks_the_channel(host: str) -> None:
    assert one_mail(SmtpPostman(host, 25, timeout=1)) == (Outcome.BLOCKED, Phase.CONNECT, None)


def test_tls_with_a_server_that_speaks_none_blocks_the_channel() -> None:
    with faulty() as (_, postman):
        assert one_mail(replace(postman, security="tls")) == (Outcome.BLOCKED, Phase.CONNECT, None)


def test_starttls_that_is_not_offered_blocks_the_channel_rather_than_send_in_clear() -> None:
    with faulty() as (server, postman):
        assert one_mail(replace(postman, security="starttls")) == (Outcome.BLOCKED, Phase.GREETING, None)
        assert server.accepted == []


AUTH = "250-faulty.example\r\n250 AUTH PLAIN"


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        ("535 5.7.8 wrong", Outcome.BLOCKED, 535),
        ("550 no more", Outcome.BLOCKED, 550),
        ("550 5.7.30 Basic authentication is not supported", Outcome.BLOCKED, 550),
        ("454 4.7.0 later", Outcome.RETRY, 454),
    ],
)
def test_a_refused_login_is_not_the_mails_fault(answer: str, outcome: Outcome, code: int) -> None:
    with faulty({"EHLO": Do(AUTH), "AUTH": Do(answer)}) as (server, postman):
        assert one_mail(replace(postman, user="u", password="p")) == (outcome, Phase.AUTH, code)
        assert server.accepted == []


def test_login_that_works_and_login_that_is_not_offered() -> None:
    with faulty({"EHLO": Do(AUTH), "AUTH": Do("235 ok")}) as (_, postman):
        assert one_mail(replace(postman, user="u", password="p"))[0] is Outcome.ACCEPTED
    with faulty() as (_, postman):
        assert one_mail(replace(postman, user="u", password="p")) == (Outcome.BLOCKED, Phase.AUTH, None)
    with faulty({"EHLO": Do(AUTH)}) as (_, postman):
        assert one_mail(replace(postman, user="u", password="pö")) == (Outcome.BLOCKED, Phase.AUTH, None)


BEARER = "eyJ.a-b_c~d+/="
XOAUTH2 = Do("250-faulty.example\r\n250 AUTH LOGIN XOAUTH2")


def bearing(postman: SmtpPostman, tmp_path: Path, token: str = BEARER) -> SmtpPostman:
    file = tmp_path / "token"
    file.write_text(f"{token}\n", encoding="utf-8")
    return replace(postman, user="utskick@stad.example", oauth_token_file=str(file))


def test_a_bearer_token_logs_in_and_is_read_anew_each_time(tmp_path: Path) -> None:
    with faulty({"EHLO": XOAUTH2, "AUTH": Do("235 2.7.0 ok")}) as (server, postman):
        for token in ("first", "second"):
            assert one_mail(bearing(postman, tmp_path, token))[0] is Outcome.ACCEPTED
        said = [line.split(" ")[1:] for heard in server.heard for line in heard if line.startswith("AUTH")]
        assert [mechanism for mechanism, _ in said] == ["XOAUTH2", "XOAUTH2"]
        assert [base64.b64decode(response) for _, response in said] == [
            b"user=utskick@stad.example\x01auth=Bearer first\x01\x01",
            b"user=utskick@stad.example\x01auth=Bearer second\x01\x01",
        ]


def test_a_challenge_is_answered_with_nothing_and_then_the_server_says_no(tmp_path: Path) -> None:
    challenge = base64.b64encode(b'{"status":"401","schemes":"bearer"}').decode()
    script = {"EHLO": XOAUTH2, "AUTH": Do(f"334 {challenge}"), "": Do("535 5.7.3 unsuccessful")}
    with faulty(script) as (server, postman):
        assert one_mail(bearing(postman, tmp_path)) == (Outcome.BLOCKED, Phase.AUTH, 535)
        assert "" in server.heard[0]
        assert server.accepted == []


@pytest.mark.parametrize("token", ["", "two words", "å", "a\x01b"])
def test_a_file_without_a_token_blocks_the_channel_before_anything_is_said(tmp_path: Path, token: str) -> None:
    with faulty({"EHLO": XOAUTH2, "AUTH": Do("235 ok")}) as (server, postman):
        assert one_mail(bearing(postman, tmp_path, token)) == (Outcome.BLOCKED, Phase.AUTH, None)
        assert not any(line.startswith("AUTH") for line in server.heard[0])


def test_no_file_and_no_offer_block_the_channel_and_say_why(tmp_path: Path) -> None:
    with faulty({"EHLO": XOAUTH2}) as (_, postman):
        lost = replace(bearing(postman, tmp_path), oauth_token_file=str(tmp_path / "gone"))
        with lost.connect() as channel:
            assert "SMTP_OAUTH_TOKEN_FILE" in hand(channel).text
    with faulty({"EHLO": Do(AUTH), "AUTH": Do("235 ok")}) as (server, postman):
        assert one_mail(bearing(postman, tmp_path)) == (Outcome.BLOCKED, Phase.AUTH, None)
        assert not any(line.startswith("AUTH") for line in server.heard[0])


def test_neither_token_nor_password_leaves_in_clear_for_another_machine(tmp_path: Path) -> None:
    with faulty({"EHLO": XOAUTH2, "AUTH": Do("235 ok")}) as (server, postman):
        away = replace(postman, host="127.1")  # this machine too, but not by a name that says so
        for logging_in in (bearing(away, tmp_path), replace(away, user="u", password="p")):
            assert one_mail(logging_in) == (Outcome.BLOCKED, Phase.AUTH, None)
        assert not any(line.startswith("AUTH") for heard in server.heard for line in heard)


def test_the_password_is_in_no_repr() -> None:
    assert "hush" not in repr(SmtpPostman("smtp.example", 25, password="hush"))


@dataclass(frozen=True, slots=True)
class Authority:
    """Vouches for a server's name: `root` is what a site would be given, `signed` the server's key and certificate."""

    root: Path
    signed: Path

    def serving(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.signed)
        return context

    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.root))


SHAKING_HANDS = 10.0  # seconds, on a busy machine
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """It has signed for 127.0.0.1 and for no other name."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    root, root_key, key, request, signed, name = (
        folder / file for file in ("root.pem", "root.key", "own.key", "own.csr", "own.pem", "name.cnf")
    )
    name.write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n", encoding="ascii")
    vouched = ["-CA", root, "-CAkey", root_key, "-CAcreateserial", "-days", "2", "-extfile", name]
    for command in (
        ["req", "-x509", *NEW_KEY, "-days", "2", "-subj", "/CN=Test CA", "-keyout", root_key, "-out", root],
        ["req", *NEW_KEY, "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", request],
        ["x509", "-req", "-in", request, *vouched, "-out", signed],
    ):
        subprocess.run([openssl, *map(str, command)], check=True, capture_output=True)
    signed.write_bytes(key.read_bytes() + signed.read_bytes())
    return Authority(root, signed)


STARTTLS = {"EHLO": Do("250-faulty.example\r\n250 STARTTLS"), "STARTTLS": Do("220 go")}


@pytest.mark.parametrize(("security", "phase"), [("starttls", Phase.GREETING), ("tls", Phase.CONNECT)])
def test_tls_sends_only_to_a_certificate_that_verifies_for_the_name_that_was_called(
    authority: Authority, security: Literal["starttls", "tls"], phase: Phase
) -> None:
    script = STARTTLS if security == "starttls" else {}
    with faulty(script, tls=authority.serving(), is_implicit=security == "tls") as (server, postman):
        stranger = replace(postman, security=security, timeout=SHAKING_HANDS)
        friend = replace(stranger, tls_context=authority.trusted())
        for not_verified in (stranger, replace(friend, host="localhost")):
            with not_verified.connect() as channel:
                refused = hand(channel)
            assert (refused.outcome, refused.phase) == (Outcome.BLOCKED, phase)
            assert "certificate verify failed" in refused.text
        assert server.accepted == []
        before = len(server.heard)
        with friend.connect() as channel:
            assert [hand(channel).outcome for _ in range(2)] == [Outcome.ACCEPTED] * 2
        assert server.accepted == [MAIL, MAIL]
        assert len(server.heard) - before == 1


def test_a_login_refused_inside_tls_blocks_the_channel_and_was_never_said_in_clear(authority: Authority) -> None:
    refusing = {"EHLO": Do(AUTH), "AUTH": Do("550 5.7.30 Basic authentication is not supported")}
    with faulty(refusing, tls=authority.serving(), is_implicit=True) as (server, postman):
        inside = replace(postman, security="tls", timeout=SHAKING_HANDS, tls_context=authority.trusted())
        assert one_mail(replace(inside, user="u", password="p")) == (Outcome.BLOCKED, Phase.AUTH, 550)
        assert any(line.startswith("AUTH PLAIN") for line in server.heard[0])
        assert server.accepted == []


def test_the_faulty_server_sees_a_lost_reply_that_plain_resending_would_double() -> None:
    """The harness must be able to see the fault: sending again after UNKNOWN gives two copies."""
    with faulty({"dot": Do(then=CLOSE, keep=True)}, {"dot": KEEP}) as (server, postman):
        one_mail(postman)
        one_mail(postman)
        assert _copies(server) == 2


def _copies(server: FaultySmtp) -> int:
    return server.accepted.count(MAIL)
