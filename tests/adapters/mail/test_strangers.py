"""Nobody's name, link or secret is in another's mail, whatever they are called and whoever else is written to."""

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from itertools import permutations
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.mails.samples import ALL
from workflow.adapters.mail.assembly import _quoted
from workflow.adapters.mail.mime import MimeEnvelopes
from workflow.adapters.mail.render import JinjaRenderer
from workflow.domain.letters import UnitLetter
from workflow.domain.messages import Frozen
from workflow.ports import LINK_SECRET

TEMPLATES = Path(__file__).resolve().parents[3] / "email_templates"
RENDERER = JinjaRenderer([TEMPLATES])
ENVELOPES = MimeEnvelopes("tertial.example", "naringsliv@tertial.example")
LETTERS = [letter for _, letter in ALL if isinstance(letter, UnitLetter)]
MARKS = ("Zqa7", "Zqb8", "Zqc9")  # one for each person: in their names, link and secret, and nowhere else
HABITS = [  # `{}` is where the mark stands
    "{}",
    "{} nämnd",
    "nämnd {} ",
    "unit {} first_name",
    "\ue010unit\ue011 {}",
    "\ue0000\ue001{}\ue0001\ue001",
    ">\ue0000\ue001<{}",
    unicodedata.normalize("NFD", "Hägersten-Älvsjö {} stadsdelsnämnd"),
    "Hägersten-Älvsjö {} stadsdelsnämnd",
    "\u200f\u05d0\u05d1 {}\u200e",
    "Ord " * 30 + "{}",
    "{}" + "ö" * 120,
    "{} </td></tr></table><style>p {{ display: none }}</style>",
    "{} {{{{ unit }}}} {{% raw %}}",
    f"{{}} https://{LINK_SECRET.replace('{', '{{').replace('}', '}}')} https://tertial.example/l/",
    "{} & Co: <b>'\"",
    "-- {}",
    "=?utf-8?b?{}?=",
]
PERSONS = st.tuples(st.sampled_from(HABITS), st.sampled_from(HABITS))


def mail(renderer: JinjaRenderer, letter: UnitLetter, mark: str, habits: tuple[str, str]) -> bytes:
    unit, name = (habit.format(mark) for habit in habits)
    link = f"https://tertial.example/l/{mark}.{LINK_SECRET}"
    words = renderer.render(replace(letter, unit=unit, first_name=name, link=link))
    frozen = Frozen(
        subject=words.subject,
        text=words.text,
        html=words.html,
        sender_name="Uppföljning näringsliv",
        sender_email="naringsliv@tertial.example",
        to_name=mark,
        to_email=f"{mark}@tertial.example",
        copies=(),
        message_id=f"<{mark}@tertial.example>",
        date=datetime(2027, 5, 3, 6, 30, tzinfo=UTC),
    )
    return ENVELOPES.assemble(frozen, secret=f"secret-{mark}")


def said(data: bytes) -> str:
    """All that a reader, or their mail program, can see."""
    whole = message_from_bytes(data, policy=default)
    parts = [part.get_content() for part in whole.walk() if not part.is_multipart()]
    return "\n".join([*map(str, whole.values()), *parts])


@given(letter=st.sampled_from(LETTERS), persons=st.lists(PERSONS, min_size=len(MARKS), max_size=len(MARKS)))
@example(letter=LETTERS[0], persons=[(HABITS[0], HABITS[1]), (HABITS[1], HABITS[0]), (HABITS[0], HABITS[0])])
@settings(max_examples=60, deadline=None)
def test_each_mail_is_what_it_would_be_if_there_were_no_other(
    letter: UnitLetter, persons: list[tuple[str, str]]
) -> None:
    of_all = dict(zip(MARKS, persons, strict=True))
    alone = {}
    for mark, habits in of_all.items():
        _quoted.cache_clear()
        alone[mark] = mail(JinjaRenderer([TEMPLATES]), letter, mark, habits)
    for order in permutations(MARKS):
        for mark in order:
            assert mail(RENDERER, letter, mark, of_all[mark]) == alone[mark]
    for mark, data in alone.items():
        seen = said(data)
        assert mark in seen
        assert not any(other in seen for other in MARKS if other != mark)


def test_mails_made_at_the_same_time_in_threads_are_each_ones_own() -> None:
    renderer = JinjaRenderer([TEMPLATES])

    def own(turn: int) -> bool:
        mark, habits = MARKS[turn % len(MARKS)], (HABITS[turn % len(HABITS)], HABITS[-1 - turn % len(HABITS)])
        seen = said(mail(renderer, LETTERS[turn // 40], mark, habits))
        return mark in seen and not any(other in seen for other in MARKS if other != mark)

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(own, range(400)))
