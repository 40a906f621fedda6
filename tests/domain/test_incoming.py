"""What a mail is held to be, and the marks by which ours are known again."""

from dataclasses import replace

import pytest

from workflow.domain.incoming import DeliveryReport, EnclosedFile, IncomingKind, IncomingMail, kind_of
from workflow.domain.marks import LONGEST_INBOX, Mark, Marked, read_mark, with_mark

PLAIN = IncomingMail(
    digest="d",
    message_id="",
    sender="asa.pahittad@norrby.example",
    sender_name="",
    subject="",
    delivered_to=(),
    references=(),
    automatic="",
    reports=(),
    text="",
    files=(),
)
REPORT = DeliveryReport(action="failed", status="5.1.1", recipient="", diagnostic="")


def reported(*actions: str) -> IncomingMail:
    return replace(PLAIN, reports=tuple(replace(REPORT, action=each) for each in actions), automatic="DSN")


@pytest.mark.parametrize(
    ("mail", "is_matched", "is_form", "kind"),
    [
        (PLAIN, True, False, IncomingKind.REPLY),
        (PLAIN, True, True, IncomingKind.FORM),
        (PLAIN, False, True, IncomingKind.FORM),
        (PLAIN, False, False, IncomingKind.STRAY),
        (reported("failed"), True, False, IncomingKind.BOUNCE),
        (reported("delivered", "failed"), True, False, IncomingKind.BOUNCE),
        (reported("delivered", "delayed"), True, False, IncomingKind.DELAYED),
        (reported("relayed"), True, False, IncomingKind.DELIVERED),
        (reported("failed"), False, False, IncomingKind.STRAY),
        (reported("failed"), False, True, IncomingKind.STRAY),  # what a machine says is never an answer
        (replace(PLAIN, automatic="x"), True, False, IncomingKind.AUTO),
        (replace(PLAIN, automatic="x"), True, True, IncomingKind.AUTO),
        (replace(PLAIN, automatic="x"), False, True, IncomingKind.STRAY),
    ],
)
def test_the_signs_decide(mail: IncomingMail, is_matched: bool, is_form: bool, kind: IncomingKind) -> None:
    mail = replace(mail, files=(EnclosedFile(name="svar.docx", media_type="", content=b""),))
    assert kind_of(mail, is_matched=is_matched, is_form=is_form) is kind


@pytest.mark.parametrize("mark", Mark)
def test_a_mark_is_read_again_whatever_became_of_its_letters(mark: Mark) -> None:
    address = with_mark("svar@tertial.example", mark, "k7qd2", "abcdefghij")
    assert address == f"svar+{mark}-k7qd2.abcdefghij@tertial.example"
    for written in (address, address.upper(), f" <{address}> "):
        assert read_mark(written) == Marked(mark, "k7qd2", "abcdefghij")


def test_the_longest_inbox_leaves_room_for_a_mark() -> None:
    longest = with_mark("x" * LONGEST_INBOX + "@tertial.example", Mark.BOUNCE, "a" * 26, "a" * 10)
    assert len(longest.partition("@")[0]) == 64


@pytest.mark.parametrize(
    "address",
    [
        "",
        "svar@tertial.example",
        "svar+b-k7qd2@tertial.example",
        "svar+x-k7qd2.abcdefghij@tertial.example",
        "svar+b-k7qd2.abc@tertial.example",
        "svar+b-k7 qd2.abcdefghij@tertial.example",
        "svar+b-k7qd2.abcdefghij@tertial.example, x@y.example",
        "svar+b-" + "a" * 65 + ".abcdefghij@tertial.example",
    ],
)
def test_what_is_no_mark_of_ours(address: str) -> None:
    assert read_mark(address) is None
