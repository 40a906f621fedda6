"""Our bytes say the same as those of EmailMessage, which stays the measure of what a mail is."""

import sys
import unicodedata
from base64 import encodebytes
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.adapters.mail.emailmessage import by_library
from workflow.adapters.mail.addresses import HeaderRefusedError, clean
from workflow.adapters.mail.assembly import file_part
from workflow.adapters.mail.mime import MimeEnvelopes
from workflow.domain.messages import Enclosure, Frozen
from workflow.ports import LINK_SECRET

REPLY_TO = "naringsliv@stadsledningskontoret.example"
ENVELOPES = MimeEnvelopes("stadsledningskontoret.example", REPLY_TO)
SECRET = "Ab-9_x.~Q"
TYPES = (
    "application/octet-stream",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "text/calendar; method=PUBLISH; charset=utf-8",
)
# What is hard in a body: other line ends, white space last on a line, lines that mean something to mail programs.
PIECES = ("\r", "\n", "\r\n", " ", "\t", ".", "=", "From ", "--", "--=_0_", "\x00", "\x85", "\u2028", LINK_SECRET)
FROZEN = Frozen(
    subject="Lämna underlag senast onsdag 19 maj – Hägersten-Älvsjö stadsdelsnämnd",
    text="Hej!\n",
    html='<!doctype html>\n<html lang="sv"><body>Hej!</body></html>\n',
    sender_name="Uppföljning näringsliv, Stockholms stad",
    sender_email=REPLY_TO,
    to_name="Åsa Exempel",
    to_email="asa.exempel@hagersten-alvsjo.example",
    copies=(),
    message_id="<m1@stadsledningskontoret.example>",
    date=datetime(2027, 5, 3, 6, 30, tzinfo=UTC),
    kind="invitation",
)

words = st.text(max_size=120).filter(lambda text: not _is_refused(text))
bodies = st.lists(
    st.one_of(st.sampled_from(PIECES), st.text(max_size=90), st.integers(60, 1100).map(lambda n: "ö" * n)), max_size=12
).map("".join)
locals_ = st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,30}(\.[a-z0-9+-]{1,20})?", fullmatch=True)
addresses = locals_.map(lambda local: f"{local}@forvaltning.example")
named = st.builds("{} <{}>".format, words.map(lambda name: name.replace("<", "").replace(">", "")), addresses)
enclosures = st.builds(
    Enclosure,
    name=st.one_of(words, st.from_regex(r"[A-Za-z0-9._-]{1,60}\.docx", fullmatch=True)).filter(str.strip),
    media_type=st.sampled_from(TYPES),
    content=st.binary(max_size=400),
)
letters = st.builds(
    Frozen,
    subject=words,
    text=bodies,
    html=bodies.map(lambda body: f'<!doctype html>\n<html lang="sv">{body}</html>'),
    sender_name=words,
    sender_email=addresses,
    to_name=words,
    to_email=addresses,
    copies=st.lists(st.one_of(addresses, named), max_size=3).map(tuple),
    message_id=locals_.map(lambda local: f"<{local}@stadsledningskontoret.example>"),
    date=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    kind=st.sampled_from(("", "invitation", "last_day")),
    attachments=st.lists(enclosures, max_size=3).map(tuple),
)


def _is_refused(text: str) -> bool:
    try:
        clean(text, field="x")
    except HeaderRefusedError:
        return True
    return False


def assembled(frozen: Frozen) -> bytes:
    return ENVELOPES.assemble(frozen, secret=SECRET)


def said(data: bytes) -> tuple[Any, ...]:
    """All that a mail program can tell; boundaries and the inner parts' MIME-Version mean nothing."""
    mail = message_from_bytes(data, policy=default)
    assert isinstance(mail, EmailMessage)
    top = sorted((name, str(value)) for name, value in mail.items() if name != "Content-Type")
    return top, [_part(part) for part in mail.walk()]


def _part(part: Any) -> tuple[Any, ...]:
    parameters = sorted((key, value) for key, value in part["Content-Type"].params.items() if key != "boundary")
    content = [] if part.is_multipart() else part.get_content()
    return (
        part.get_content_type(),
        parameters,
        part.get_content_disposition(),
        part.get_filename(),
        part["Content-Transfer-Encoding"],
        content,
        [type(defect) for defect in part.defects],
    )


@given(frozen=letters)
@settings(max_examples=150, deadline=None)
@example(replace(FROZEN, text="", html=""))
@example(replace(FROZEN, text=" \n\t\n. \n.\n=\n" + "x " * 400, html="\r\r\n\n\r" + "å" * 77))
@example(replace(FROZEN, attachments=(Enclosure(name="b.docx", media_type=TYPES[1], content=b""),)))
def test_our_bytes_say_what_emailmessage_says(frozen: Frozen) -> None:
    ours = assembled(frozen)
    assert said(ours) == said(by_library(frozen, secret=SECRET, reply_to=REPLY_TO))
    assert assembled(frozen) == ours


@given(frozen=letters)
@settings(max_examples=60, deadline=None)
def test_lines_are_short_and_seven_bit(frozen: Frozen) -> None:
    data = assembled(frozen)
    assert data.isascii()
    assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
    assert b"\x00" not in data
    assert max(map(len, data.split(b"\r\n"))) <= 200  # an address may be long, but it stands whole
    body = data.partition(b"\r\n\r\n")[2]
    assert all(len(line) <= 78 for line in body.split(b"\r\n") if not line.startswith(b"Content-"))


@given(
    words=st.text(max_size=40).map(lambda text: f"A{text.replace('<', '')}B"),
    where=st.sampled_from(("to_name", "sender_name", "subject", "copies", "attachments")),
)
@settings(max_examples=150, deadline=None)
@example("A\r\nBcc: evil@x.example", "subject")
@example("A\x00B", "attachments")
def test_whatever_is_typed_adds_no_header_or_is_refused(words: str, where: str) -> None:
    values: dict[str, Any] = {
        "copies": (f"{words} <a@x.example>",),
        "attachments": (Enclosure(name=words, media_type=TYPES[0], content=b"x"),),
    }
    try:
        data = assembled(replace(FROZEN, **{where: values.get(where, words)}))
    except HeaderRefusedError:
        return
    assert not any(unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} for each in words)
    assert headers(data) - {"Cc"} == headers(assembled(FROZEN))


def headers(data: bytes) -> set[str]:
    found = message_from_bytes(data, policy=default).keys()
    assert len(found) == len(set(found))
    return set(found)


def test_exactly_the_characters_that_end_or_disguise_a_header_are_hidden() -> None:
    turning = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    every = [chr(number) for number in range(sys.maxunicode + 1)]
    expected = {each for each in every if unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"}} | turning
    assert {each for each in every if _is_refused(each)} == expected


@pytest.mark.parametrize("kind", ["x\r\nBcc: evil@x.example", "påminnelse", "a b", "\n"])
def test_a_kind_is_one_word(kind: str) -> None:
    with pytest.raises(ValueError, match="not a word"):
        assembled(replace(FROZEN, kind=kind))


@given(name=st.from_regex(r"[A-Za-z0-9._-]{1,50}", fullmatch=True), media_type=st.sampled_from(TYPES))
@settings(max_examples=150, deadline=None)
@example(name="2" * 32, media_type=TYPES[1])
@example(name="2" * 33, media_type=TYPES[1])  # about here the library begins a new line
@example(name="2" * 50, media_type=TYPES[1])
@example(name="stand-in", media_type=TYPES[0])
def test_a_plain_file_name_gives_the_librarys_own_line(name: str, media_type: str) -> None:
    mail = EmailMessage(policy=default.clone(linesep="\r\n"))
    kind, *parameters = media_type.split("; ")
    maintype, subtype = kind.split("/")
    mail.set_content(
        b"x",
        maintype=maintype,
        subtype=subtype,
        disposition="attachment",
        filename=name,
        params=dict(each.split("=") for each in parameters),
    )
    del mail["MIME-Version"]
    ours = file_part(Enclosure(name=name, media_type=media_type, content=b"x"), name)
    assert ours.partition(b"\r\n\r\n")[0] == mail.as_bytes().partition(b"\r\n\r\n")[0]


@given(st.binary(max_size=1000))
def test_base64_is_that_of_the_standard_library(content: bytes) -> None:
    ours = file_part(Enclosure(name="f.bin", media_type=TYPES[0], content=content), "f.bin")
    assert ours.partition(b"\r\n\r\n")[2] == encodebytes(content).replace(b"\n", b"\r\n")


def test_a_date_in_another_zone_is_the_same_moment() -> None:
    moved = replace(FROZEN, date=FROZEN.date + timedelta(hours=1))
    assert assembled(moved) != assembled(FROZEN)
