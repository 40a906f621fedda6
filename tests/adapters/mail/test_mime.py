"""The mail's bytes: always the same, 7-bit, and with exactly the recipients that were meant."""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import compat32, default
from email.utils import getaddresses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.adapters.mail.addresses import AddressRefusedError, HeaderRefusedError, copied, mailbox
from workflow.adapters.mail.mime import MimeEnvelopes
from workflow.domain.messages import Enclosure, Frozen
from workflow.ports import LINK_SECRET, Envelopes

ENVELOPES = MimeEnvelopes("stadsledningskontoret.example", "naringsliv@stadsledningskontoret.example")
SECRET = "Ab-9_x.~Q"
LINK = f"https://tertial.example/l/k7Qd.{LINK_SECRET}"
WORD = Enclosure(name="underlag 2027-T1 Älvsjö.docx", media_type="application/octet-stream", content=bytes(range(256)))
CALENDAR = Enclosure(
    name="sista-dag.ics", media_type="text/calendar; method=PUBLISH; charset=utf-8", content="BEGIN Ö\r\n".encode()
)
FROZEN = Frozen(
    subject="Lämna underlag senast onsdag 19 maj – Hägersten-Älvsjö stadsdelsnämnd",
    text=f"Hej Åsa!\n\n{LINK}\n\n.\nFrom början\n-- \nslut\n",
    html=f'<!DOCTYPE html><html lang="sv"><body><a href="{LINK}">Öppna</a>{"ö" * 3000}</body></html>',
    sender_name="Uppföljning näringsliv, Stockholms stad",
    sender_email="naringsliv@stadsledningskontoret.example",
    to_name="Åsa Exempel",
    to_email="asa.exempel@hagersten-alvsjo.example",
    copies=("Joel Exempel <joel@hagersten-alvsjo.example>", "chef@hagersten-alvsjo.example"),
    message_id="<m1@stadsledningskontoret.example>",
    date=datetime(2027, 5, 3, 6, 30, tzinfo=UTC),
    attachments=(CALENDAR, WORD),
)
NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cf"]), max_size=90).map(
    lambda name: " ".join(name.split())
)


def assembled(frozen: Frozen = FROZEN, secret: str = SECRET) -> bytes:
    return ENVELOPES.assemble(frozen, secret=secret)


def read(data: bytes) -> EmailMessage:
    mail = message_from_bytes(data, policy=default)
    assert isinstance(mail, EmailMessage)
    assert not mail.defects
    return mail


def people(data: bytes, field: str) -> list[tuple[str, str]]:
    """By the older of the library's parsers: the newer adds a space between the encoded words of a long name."""
    unfolded = message_from_bytes(data, policy=compat32)[field].replace("\r\n", "")
    return [(str(make_header(decode_header(name))), address) for name, address in getaddresses([unfolded])]


def test_it_fulfils_the_port() -> None:
    envelopes: Envelopes = ENVELOPES
    assert envelopes is ENVELOPES


def test_headers_say_what_was_frozen() -> None:
    data = assembled()
    mail = read(data)
    assert people(data, "From") == [(FROZEN.sender_name, FROZEN.sender_email)]
    assert people(data, "To") == [(FROZEN.to_name, FROZEN.to_email)]
    assert people(data, "Cc") == [
        ("Joel Exempel", "joel@hagersten-alvsjo.example"),
        ("", "chef@hagersten-alvsjo.example"),
    ]
    assert people(data, "Reply-To") == [("", "naringsliv@stadsledningskontoret.example")]
    assert mail["Subject"] == FROZEN.subject
    assert mail["Date"].datetime == FROZEN.date
    assert mail["Message-ID"] == FROZEN.message_id
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Content-Language"] == "sv"
    assert "Cc" not in read(assembled(replace(FROZEN, copies=())))


def test_parts_and_attachments_come_through_whole() -> None:
    mail = read(assembled())
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/octet-stream",
    ]
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == FROZEN.text.replace(LINK_SECRET, SECRET)
    assert html.get_content().rstrip() == FROZEN.html.replace(LINK_SECRET, SECRET)
    calendar, word = mail.iter_attachments()
    assert calendar.get_param("method") == "PUBLISH"
    assert calendar.get_payload(decode=True) == CALENDAR.content
    assert (word.get_filename(), word.get_content()) == (WORD.name, WORD.content)


def test_bytes_are_seven_bit_in_short_crlf_lines() -> None:
    data = assembled()
    assert max(data) < 128
    assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))


def test_the_same_letter_gives_the_same_bytes_in_another_process() -> None:
    program = "import sys; from tests.adapters.mail.test_mime import assembled; sys.stdout.buffer.write(assembled())"
    other = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert other.stdout == assembled()


def test_boundaries_differ_between_mails_and_between_parts() -> None:
    other = assembled(replace(FROZEN, message_id="<m2@stadsledningskontoret.example>"))
    found = [re.findall(rb'boundary="([^"]+)"', data) for data in (assembled(), other)]
    assert len({boundary for pair in found for boundary in pair}) == 4


def test_a_mail_without_attachments_is_an_alternative() -> None:
    assert read(assembled(replace(FROZEN, attachments=()))).get_content_type() == "multipart/alternative"


def test_an_identifier_without_a_right_side_gets_ours() -> None:
    assert read(assembled(replace(FROZEN, message_id="m7")))["Message-ID"] == "<m7@stadsledningskontoret.example>"


@given(name=NAMES, subject=NAMES)
@settings(max_examples=60, deadline=None)
def test_no_name_becomes_another_recipient(name: str, subject: str) -> None:
    frozen = replace(FROZEN, to_name=name, sender_name=name, subject=subject, attachments=())
    data = assembled(frozen)
    assert people(data, "To") == [(name, FROZEN.to_email)]
    assert people(data, "From") == [(name, FROZEN.sender_email)]
    assert read(data)["Subject"] == subject


@pytest.mark.parametrize(
    "name",
    [
        "Long plain name, with comma " * 4,
        "Åsa, evil@x.example",
        "=?utf-8?q?x?=",
        'Kalle "Kula" Exempel',
        "Efternamn, Förnamn <x@evil.example>",
        "Ö" * 120,
    ],
)
def test_difficult_names_stay_one_mailbox(name: str) -> None:
    assert people(assembled(replace(FROZEN, to_name=name)), "To") == [(name.strip(), FROZEN.to_email)]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ingen",
        "a@b",
        "b@x.example, evil@y.example",
        "b@x.example\r\nBcc: evil@y.example",
        "b@x.example\n",
        "b@x.example ",
        "<b@x.example>",
        "B <b@x.example>",
        "b@x.example;c@y.example",
        "b@c@x.example",
        '"b c"@x.example',
        "b..c@x.example",
        "b@-x.example",
        "b@[127.0.0.1]",
        "b\x00@x.example",
        "b\ud800@x.example",
        "åsa@x.example",
        "asa@å.example",
        "a" * 65 + "@x.example",
        "a@" + "x" * 60 + ".y" * 100 + ".example",
    ],
)
def test_what_is_not_one_mailbox_is_refused(address: str) -> None:
    for frozen in (replace(FROZEN, to_email=address), replace(FROZEN, sender_email=address)):
        with pytest.raises(AddressRefusedError):
            assembled(frozen)
    with pytest.raises(AddressRefusedError):
        MimeEnvelopes("x.example", address)


def test_the_refusal_can_be_printed_and_logged() -> None:
    with pytest.raises(AddressRefusedError) as raised:
        mailbox("b\ud800\r\n@x.example")
    assert str(raised.value).isprintable()
    str(raised.value).encode()


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        ("a@x.example", Address("", addr_spec="a@x.example")),
        ("Åsa <a@x.example>", Address("Åsa", addr_spec="a@x.example")),
        ('"Exempel, Åsa" <a@x.example>', Address("Exempel, Åsa", addr_spec="a@x.example")),
        ("Exempel, Åsa <a@x.example>", Address("Exempel, Åsa", addr_spec="a@x.example")),
        ("<a@x.example>", Address("", addr_spec="a@x.example")),
    ],
)
def test_copies_may_have_names(copy: str, expected: Address) -> None:
    assert copied(copy) == expected


@pytest.mark.parametrize("copy", ["a@x.example, b@y.example", "A <a@x.example>, b@y.example", "A <>", ""])
def test_a_copy_is_one_mailbox(copy: str) -> None:
    with pytest.raises(AddressRefusedError):
        assembled(replace(FROZEN, copies=(copy,)))


@pytest.mark.parametrize("hidden", ["\r\nBcc: x@evil.example", "\n", "\x00", "\x85", "\u2028", "\ud800", "\u202e"])
def test_hidden_characters_are_refused_in_every_header(hidden: str) -> None:
    words = f"Åsa{hidden}Exempel"
    for change in (
        {"to_name": words},
        {"sender_name": words},
        {"subject": words},
        {"copies": (f"{words} <a@x.example>",)},
        {"attachments": (replace(WORD, name=words),)},
    ):
        with pytest.raises(HeaderRefusedError, match=r"U\+[0-9A-F]{4}"):
            assembled(replace(FROZEN, **change))


@pytest.mark.parametrize(
    "fault",
    [
        lambda: assembled(secret=""),
        lambda: assembled(secret='"><script>'),
        lambda: assembled(replace(FROZEN, date=datetime(2027, 5, 3, 6, 30))),  # noqa: DTZ001 - the fault under test
        lambda: assembled(replace(FROZEN, message_id="a b")),
        lambda: assembled(replace(FROZEN, message_id="<a@b>\r\nBcc: x@evil.example")),
        lambda: assembled(replace(FROZEN, attachments=(replace(WORD, media_type="text/plain\r\nX: 1"),))),
    ],
)
def test_what_the_program_itself_got_wrong_is_a_value_error(fault: Callable[[], bytes]) -> None:
    with pytest.raises(ValueError, match=r"."):
        fault()


def test_a_mail_without_a_link_needs_no_secret() -> None:
    assert assembled(replace(FROZEN, text="Hej", html='<html lang="en">Hi</html>'), secret="")
