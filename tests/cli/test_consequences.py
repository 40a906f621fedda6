"""What a change does to the mails, in a sentence."""

from datetime import timedelta

import pytest

from tests.builders import NOW
from tests.domain.test_preview_diff import a_mail
from workflow.cli.consequences import counted, say_consequences
from workflow.domain.preview import PreviewedMail
from workflow.domain.preview_diff import preview_diff

LATER = NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ([], [], "No mails change."),
        ([a_mail()], [a_mail(at=LATER)], "1 mail moves."),
        (
            [a_mail(), a_mail(unit="a"), a_mail(unit="b"), a_mail(unit="c")],
            [a_mail(at=LATER), a_mail(unit="a", at=LATER), a_mail(unit="d")],
            "2 mails move, 2 fall away, 1 is added.",
        ),
        (
            [a_mail(), a_mail(unit="a")],
            [a_mail(state="held", suppressed="Väntar"), a_mail(unit="a", copies=("b@b.example",))],
            "1 mail is held, 1 gets other recipients.",
        ),
    ],
)
def test_the_sentence(before: list[PreviewedMail], after: list[PreviewedMail], sentence: str) -> None:
    assert counted(preview_diff(before, after)) == sentence


def test_each_mail_stands_below(capsys: pytest.CaptureFixture[str]) -> None:
    say_consequences(preview_diff([a_mail()], [a_mail(at=LATER)]))
    told = capsys.readouterr().out
    assert "Mon 2027-05-10 09:00 -> Tue 2027-05-11 09:00" in told
    assert "norrby" in told
