"""Letters that differ only in names, filled into one rendering: exactly what their templates make of each."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.mails.samples import ALL, common
from workflow.adapters.mail.render import JinjaRenderer, _chosen, wrapped_line
from workflow.domain.letters import Approved, CodeLetter, Reminder, UnitLetter
from workflow.ports import LINK_SECRET

TEMPLATES = Path(__file__).resolve().parents[3] / "email_templates"
RENDERER = JinjaRenderer([TEMPLATES])
LETTERS = [letter for _, letter in ALL if isinstance(letter, UnitLetter)]
NAMES = st.one_of(
    st.text(max_size=90),
    st.sampled_from(
        [
            "Ö" * 90,
            "a b " * 40,
            "R & D <b>\"'",
            "{{ 7 * 7 }}",
            f"se {LINK_SECRET}",
            "x\r\nBcc: y@evil.example",
            "\ue010unit\ue011",
            "",
            " ",
            "a:  " + "b " * 50,
            ". punkt",
        ]
    ),
)
CODES = [letter for letter in LETTERS if isinstance(letter, CodeLetter)]
LINKS = st.sampled_from([f"https://tertial.example/l/k-1.{LINK_SECRET}", "https://tertial.example/?a=1&b=2", ""])


def named(letter: UnitLetter, unit: str, first_name: str, link: str) -> UnitLetter:
    return replace(letter, unit=unit, first_name=first_name, link=link)


@given(letter=st.sampled_from(LETTERS), unit=NAMES, first_name=NAMES, link=LINKS)
@example(letter=CODES[0], unit="Ås", first_name='"', link=f"https://tertial.example/l/k-1.{LINK_SECRET}")
@settings(max_examples=300, deadline=None)
def test_a_filled_letter_is_the_rendered_letter(letter: UnitLetter, unit: str, first_name: str, link: str) -> None:
    for _ in range(2):
        RENDERER.render(letter)
    mine = named(letter, unit, first_name, link)
    assert RENDERER.render(mine) == RENDERER.render_alone(mine)


@pytest.mark.parametrize("letter", LETTERS, ids=[name for name, letter in ALL if isinstance(letter, UnitLetter)])
def test_the_shipped_letters_about_a_unit_are_filled_in(letter: UnitLetter) -> None:
    other = named(letter, "Norrby nämnd", "Bo", letter.link or "https://tertial.example")
    values = {"unit": other.unit, "first_name": other.first_name, "link": other.link}
    filled = RENDERER._likeness(named(letter, "Ås", "Li", "https://tertial.example/x")).fill(
        values, choose=_chosen, wrap=wrapped_line
    )
    assert filled == RENDERER.render_alone(other)


@pytest.mark.parametrize(
    "written",
    [
        "{{ unit|upper }}",
        "{{ unit.upper() }}",
        "{{ unit[:3] }}",
        "{{ (unit ~ '!')[:3] }}",
        "{{ (unit ~ '!').upper() }}",
        "{{ (unit ~ '!')|length }}",
        "{% if unit == 'Norrby' %}ja{% else %}nej{% endif %}",
        "{{ {'Norrby': 1}.get(unit, 2) }}",
        "{{ unit|replace('o', 'u') }}",
        "{% if 'o' in unit %}ja{% else %}nej{% endif %}",
        "{% if unit is string %}ja{% else %}nej{% endif %}",
        "{% for each in unit %}{{ each }}-{% endfor %}",
        "{{ unit|urlencode }}",
        "{{ [unit]|map('upper')|join }}",
    ],
)
def test_what_a_site_makes_of_a_name_is_made_of_each(tmp_path: Path, written: str) -> None:
    folder = tmp_path / "approved" / "sv"
    folder.mkdir(parents=True)
    for name in ("subject.txt", "body.txt", "body.html"):
        (folder / name).write_text(f"Till {{{{ unit }}}}: {written}", encoding="utf-8")
    renderer = JinjaRenderer([tmp_path, TEMPLATES])
    for unit in ("Söderby", "Norrby", "Ås", "Västerby"):
        letter = Approved(**common("sv") | {"unit": unit})
        assert renderer.render(letter) == renderer.render_alone(letter)


def test_what_is_not_a_name_makes_another_likeness() -> None:
    reminder = next(letter for letter in LETTERS if isinstance(letter, Reminder))
    for left in ("5 arbetsdagar", "1 arbetsdag", "5 arbetsdagar"):
        letter = replace(reminder, left=left)
        assert RENDERER.render(letter) == RENDERER.render_alone(letter)
