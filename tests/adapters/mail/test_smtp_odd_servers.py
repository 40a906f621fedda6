"""Mail servers that say odd things, too much, too slowly, or at the wrong moment."""

import unicodedata

import pytest

from tests.adapters.mail.faulty_smtp import CLOSE, Do, faulty
from tests.adapters.mail.handing import hand_over
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

    monkeypatch.setattr("smtplib.SMTP", unreachable)
    handover = one_mail(SmtpPostman("smtp.example", 25))
    assert (handover.outcome, handover.phase) == (Outcome.RETRY, Phase.CONNECT)
    assert handover.text == "E-postservern svarar inte. no way to <adress>"


def test_no_character_of_control_is_left_in_words() -> None:
    everything = "".join(map(chr, range(0x10000)))
    kept = {unicodedata.category(sign) for at in range(0, 0x10000, 100) for sign in worded(everything[at : at + 100])}
    assert "L" in {each[0] for each in kept}
    assert not kept & {"Cc", "Cs"}
