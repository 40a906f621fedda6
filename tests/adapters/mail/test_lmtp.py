"""The LMTP door: what a mail server hears, and that it hears 250 only for what is kept."""

import smtplib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.adapters.mail.mailbag import POSTFIX, answer
from workflow.adapters.mail.lmtp import MOST_RECIPIENTS, LmtpDoor
from workflow.domain.incoming import IncomingMail
from workflow.ports import NotNowError

HERE = "127.0.0.1"
OURS = "naringsliv+b-17.abcdef@stadsledningskontoret.example"


@contextmanager
def listening(take_in: Callable[[IncomingMail], object], *, max_mb: int = 20) -> Iterator[int]:
    door = LmtpDoor(HERE, 0, take_in, max_mb=max_mb)
    try:
        yield door.start()
    finally:
        door.stop()


@pytest.fixture
def taken() -> list[IncomingMail]:
    return []


def test_a_mail_is_taken_in_with_the_envelopes_recipient_first(taken: list[IncomingMail]) -> None:
    with listening(taken.append) as port, smtplib.LMTP(HERE, port) as lmtp:
        assert lmtp.sendmail("", [OURS], POSTFIX) == {}
    assert taken[0].delivered_to[0] == OURS
    assert taken[0].reports[0].recipient == "anna.alm@namnden.example"


@pytest.mark.parametrize("error", [NotNowError(), ValueError("a defect of ours"), OSError("disk full")], ids=repr)
def test_what_cannot_be_taken_in_now_is_asked_for_again(error: Exception) -> None:
    def refuse(_: IncomingMail) -> None:
        raise error

    with listening(refuse) as port, smtplib.LMTP(HERE, port) as lmtp:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            lmtp.sendmail("a@n.example", [OURS], answer("Hej").as_bytes())
        assert caught.value.smtp_code == 451
        assert b"defect" not in caught.value.smtp_error


def test_what_comes_in_vain_again_and_again_is_told_of_once_and_a_house_that_is_away_is_not() -> None:
    told: list[tuple[str, str]] = []
    errors: list[Exception] = [NotNowError()] * 4 + [ValueError("a defect of ours")] * 4

    def refuse(_: IncomingMail) -> None:
        raise errors.pop(0)

    door = LmtpDoor(HERE, 0, refuse, lambda mail, folder: told.append((mail.subject, folder)))
    port = door.start()
    try:
        for left in range(8, 0, -1):
            with smtplib.LMTP(HERE, port) as lmtp, pytest.raises(smtplib.SMTPDataError):
                lmtp.sendmail("a@n.example", [OURS], answer("Hej", subject="Svar").as_bytes())
            assert len(told) == (left <= 2)
    finally:
        door.stop()
    assert told == [("Svar", "")]


def test_the_same_bytes_again_have_the_same_digest(taken: list[IncomingMail]) -> None:
    with listening(taken.append) as port:
        for _ in range(2):
            with smtplib.LMTP(HERE, port) as lmtp:
                lmtp.sendmail("a@n.example", [OURS], answer("Hej").as_bytes())
    assert len({mail.digest for mail in taken}) == 1


def said(port: int, *lines: bytes) -> list[bytes]:
    """A bare conversation: what the server answers, line by line."""
    with socket.create_connection((HERE, port), timeout=10) as client:
        client.sendall(b"\r\n".join((*lines, b"QUIT", b"")))
        with client.makefile("rb") as heard:
            return heard.read().splitlines()


def test_each_recipient_gets_an_answer_of_its_own(taken: list[IncomingMail]) -> None:
    with listening(taken.append) as port:
        lines = [b"LHLO mx", b"MAIL FROM:<>", b"RCPT TO:<a@k.example>", b"RCPT TO:<b@k.example>", b"DATA"]
        heard = said(port, *lines, b"Subject: hej", b"", b"hej", b".")
    after = heard[next(index for index, line in enumerate(heard) if line.startswith(b"354")) + 1 :]
    assert [line[:3] for line in after] == [b"250", b"250", b"221"]
    assert len(taken) == 1
    assert taken[0].delivered_to == ("a@k.example", "b@k.example")


def test_too_many_recipients_are_told_to_come_in_turns(taken: list[IncomingMail]) -> None:
    with listening(taken.append) as port:
        many = [b"RCPT TO:<a%d@k.example>" % number for number in range(MOST_RECIPIENTS + 1)]
        heard = said(port, b"LHLO mx", b"MAIL FROM:<>", *many)
    assert sum(line.startswith(b"452") for line in heard) == 1


def test_the_limit_is_told_before_and_kept(taken: list[IncomingMail]) -> None:
    with listening(taken.append, max_mb=1) as port, smtplib.LMTP(HERE, port) as lmtp:
        lmtp.ehlo()
        assert int(lmtp.esmtp_features["size"]) < 3_000_000
        with pytest.raises(smtplib.SMTPResponseException) as caught:
            lmtp.sendmail("a@n.example", [OURS], b"Subject: stor\r\n\r\n" + b"x" * 70 + (b"\r\n" + b"x" * 70) * 50_000)
        assert caught.value.smtp_code == 552
    assert taken == []


def test_a_sender_that_hangs_up_in_the_middle_has_handed_over_nothing(taken: list[IncomingMail]) -> None:
    with listening(taken.append) as port:
        with socket.create_connection((HERE, port), timeout=10) as client, client.makefile("rb") as heard:
            for line in (b"LHLO mx", b"MAIL FROM:<>", b"RCPT TO:<a@k.example>", b"DATA"):
                client.sendall(line + b"\r\n")
            while not heard.readline().startswith(b"354"):
                pass
            client.sendall(b"Subject: halv\r\n\r\nhej")
        with smtplib.LMTP(HERE, port) as lmtp:
            lmtp.sendmail("a@n.example", [OURS], answer("Hej").as_bytes())
    assert [mail.subject for mail in taken] == ["Sv: Tertialrapport"]
