"""The day somebody asks for in a mail: a table of what people write, in both languages."""

from datetime import date

import pytest

from workflow.domain.asked_time import asked_day

TODAY = date(2027, 5, 24)  # Monday
LAST_DAY = date(2027, 5, 25)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Hej! Vi behöver till fredag.", date(2027, 5, 28)),
        ("Kan vi få till på fredag?", date(2027, 5, 28)),
        ("Kan vi få till nästa fredag?", date(2027, 6, 4)),
        ("Vi behöver till den 28 maj, tack", date(2027, 5, 28)),
        ("t.o.m. 3 juni", date(2027, 6, 3)),
        ("fr.o.m. i dag t o m torsdag", date(2027, 5, 27)),
        ("till och med torsdagen den 3 juni 2027", date(2027, 6, 3)),
        ("Could we have until Friday?", date(2027, 5, 28)),
        ("We need until next Wednesday.", date(2027, 6, 2)),
        ("until June 3rd", date(2027, 6, 3)),
        ("by the 3rd of June", date(2027, 6, 3)),
        ("till 28/5", date(2027, 5, 28)),
        ("28/5 går bra", date(2027, 5, 28)),
        ("senast 2027-06-01.", date(2027, 6, 1)),
        ("Vi hinner inte till 25 maj. Kan vi få till 1 juni?", date(2027, 6, 1)),
        ("till i övermorgon", date(2027, 5, 26)),
        ("Kan vi få en vecka till?", date(2027, 6, 1)),
        ("We need two more weeks", date(2027, 6, 8)),
        ("Tre dagar extra vore bra", date(2027, 5, 28)),
        ("till\nfredag", date(2027, 5, 28)),
        ("TILL FREDAG", date(2027, 5, 28)),
        ("till den 10 januari", date(2028, 1, 10)),
        ("till måndag", date(2027, 5, 31)),  # said on a Monday: the next one
        # nothing that would give more time
        ("Tack, vi svarar i dag.", None),
        ("Vi lämnar till tisdag", None),  # the last day itself
        ("Jag är tillbaka 1 mars 2027", None),
        ("Se punkt 3/4 i mallen", date(2028, 4, 3)),  # a proposal only: the coordinator sees the mail beside it
        ("den 31 juni", None),
        ("28/13", None),
        ("till 2029-05-28", None),  # a mistyped year
        ("Vi har haft två veckor på oss", None),
        ("marsipan 12", None),
        ("", None),
    ],
)
def test_what_people_write(text: str, day: date | None) -> None:
    assert asked_day(text, today=TODAY, last_day=LAST_DAY) == day


def test_a_week_more_counts_from_today_when_the_last_day_is_over() -> None:
    assert asked_day("en vecka till", today=TODAY, last_day=date(2027, 5, 7)) == date(2027, 5, 31)


def test_only_the_beginning_of_a_long_mail_is_read() -> None:
    assert asked_day("x " * 200_000 + "till fredag", today=TODAY, last_day=LAST_DAY) is None
