"""Names made safe, limits kept, and the fingerprint that holds the list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import a_file, an_answer
from workflow.domain.attachments import (
    KINDS,
    LONGEST_NAME,
    LONGEST_NAME_BYTES,
    FilesTooLargeError,
    FileTooLargeError,
    Limits,
    TooManyFilesError,
    ending_of,
    free_name,
    safe_name,
    size_words,
)
from workflow.domain.submissions import answers_sha256

SMALL = Limits(each_mb=1, total_mb=2, files=3)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Bilaga 1.pdf", "Bilaga 1.pdf"),
        ("RAPPORT.PDF", "RAPPORT.pdf"),
        ("Årsrapport – åäö 🚲.pdf", "Årsrapport – åäö 🚲.pdf"),
        ("A\u030arsrapport.pdf", "Årsrapport.pdf"),
        (r"C:\Users\asa\Skrivbord\a.pdf", "a.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("rapport\u202efdp.exe.pdf", "rapportfdp.exe.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie_ x=1.pdf"),
        ('a"b<c>d|e?.pdf', "a_b_c_d_e_.pdf"),
        ("   .pdf", "bilaga.pdf"),
        (".pdf", "bilaga.pdf"),
        ("...pdf", "bilaga.pdf"),
        ("", "bilaga.pdf"),
        ("con.pdf", "_con.pdf"),
        ("LPT1.pdf", "_LPT1.pdf"),
        ("utan ändelse", "utan ändelse.pdf"),
        ("x" * 400 + ".pdf", "x" * (LONGEST_NAME - 5) + ".pdf"),
        ("\N{BICYCLE}" * 120 + ".pdf", "\N{BICYCLE}" * 62 + ".pdf"),
        ("x" * 114 + "\N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}.pdf", "x" * 114 + ".pdf"),
        ("x" * 114 + "q\u0302\u0302.pdf", "x" * 114 + ".pdf"),
        ("a\u200d\u030a.pdf", "å.pdf"),
    ],
)
def test_a_name_is_made_safe_and_stays_readable(sent: str, kept: str) -> None:
    assert safe_name(sent, "pdf") == kept


def test_a_photograph_keeps_its_own_ending() -> None:
    assert safe_name("bild.JPEG", "jpg") == "bild.jpeg"
    assert ending_of("bild.JPEG") == "jpg"


@given(st.text(), st.sampled_from(sorted(KINDS)))
def test_whatever_is_sent_the_name_is_safe_once_and_for_all(sent: str, kind: str) -> None:
    name = safe_name(sent, kind)
    assert 0 < len(name) <= LONGEST_NAME
    assert len(name.encode()) <= LONGEST_NAME_BYTES
    assert len(free_name(name, [name]).encode()) <= LONGEST_NAME_BYTES
    assert not set(name) & set('\\/:*?"<>|\r\n\0')
    assert ending_of(name) == kind
    assert name == name.strip()
    assert safe_name(name, kind) == name


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert free_name("a.pdf", ["b.pdf"]) == "a.pdf"
    assert free_name("A.pdf", ["a.PDF"]) == "A (2).pdf"
    assert free_name("a.pdf", ["a.pdf", "a (2).pdf"]) == "a (3).pdf"


def test_limits_hold_for_each_and_for_all() -> None:
    million = a_file(size=1_000_000)
    SMALL.check(million, [million])
    with pytest.raises(FileTooLargeError):
        SMALL.check(a_file(size=1_000_001), [])
    with pytest.raises(FilesTooLargeError):
        SMALL.check(a_file(size=1), [million, million])
    with pytest.raises(TooManyFilesError):
        SMALL.check(a_file(size=1), [a_file(size=1)] * 3)


def test_the_fingerprint_holds_name_content_and_size_of_each() -> None:
    answers = {"mark": an_answer("mark")}
    alone, first = answers_sha256(answers), answers_sha256(answers, [a_file()])
    changed = [a_file(name="b.pdf"), a_file(sha256="0" * 64), a_file(size=5)]
    every = {alone, first, *(answers_sha256(answers, [each]) for each in changed)}
    assert len(every) == 5
    assert answers_sha256(answers, ()) == alone
    assert answers_sha256(answers, [a_file(), changed[0]]) == answers_sha256(answers, [changed[0], a_file()])


@pytest.mark.parametrize(
    ("size", "words"), [(1, "1 kB"), (340_400, "340 kB"), (999_999, "1000 kB"), (1_240_000, "1,2 MB")]
)
def test_a_size_in_words(size: int, words: str) -> None:
    assert size_words(size, "sv") == words
    assert size_words(1_240_000, "en") == "1.2 MB"
