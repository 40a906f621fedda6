"""Letters that differ only in names, filled into one rendering: exactly what their templates make of each."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.mails.samples import ALL, common
from workflow.adapters.mail.render import JinjaRenderer, _chosen, _environment, wrapped_line
from workflow.domain.errors import ConfigError
from workflow.domain.letters import Approved, CodeLetter, Letter, Reminder, UnitLetter
from workflow.ports import LINK_SECRET, Rendered

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
LINKS = st.sampled_from(
    [
        f"https://tertial.example/l/k-1.{LINK_SECRET}",
        "https://tertial.example/?a=1&b=2",
        "https://tertial.example/ " + "a b\n" * 30,
        "",
    ]
)


COMPOSED = [  # a name in a text of the template's own
    "{% if unit ~ '' == 'Norrby' %}ja{% else %}nej{% endif %}",
    "{% set title = unit ~ ', ' ~ round %}{% if title in ['Norrby, x'] or title < 'O' %}ja{% else %}nej{% endif %}",
    "{% if 'nämnd' in 'till ' ~ unit %}ja{% else %}nej{% endif %}",
    "{{ {'Norrby': 'ja'}.get(unit ~ '', 'nej') }}",
    "{% macro who(n) %}{{ n }}{% endmacro %}{% if who(unit) == 'Norrby' %}ja{% else %}nej{% endif %}",
    "{% set t %}{{ unit }}{% endset %}{% if t == 'Norrby' %}ja{% else %}nej{% endif %}",
    "{% if [first_name, unit]|join(' ') == 'Alva Norrby' %}ja{% else %}nej{% endif %}",
    "{{ 'Norrby Ås'.find(unit ~ '') }}",
    "{% if unit|default('') == 'Norrby' %}ja{% endif %}",
    "{{ unit ~ 1 }} {{ '%s' % unit }}",
    "{{ '%-20s|' % unit }}",
    "{{ '{:>20}'.format(unit) }} {{ '{}'.format(unit) == 'Norrby' }}",
    "{{ ('a' ~ unit) * 2 }}",
    "{% if (unit ~ '') > 'P' %}ja{% else %}nej{% endif %}",
    "{% for l in (unit ~ '').split('o') %}{{ l }}-{% endfor %}",
    "{{ unit ~ '' }}{{ '' if unit else 'x' }}",
    "{% if unit is defined and unit != '' %}a{% endif %}",
    "{% if not unit ~ '' %}a{% endif %}",
    "{{ [unit, 'b']|sort|join }}",
    *(
        f"{{{{ (unit ~ ' och ' ~ first_name)|{name} }}}}"
        for name in ("upper", "wordwrap(9)", "truncate(9)", "center(40)", "length", "title", "int", "tojson", "string")
    ),
    "{{ ('a\\nb' ~ unit)|paragraphs|join('-') }}",
    "{% filter upper %}{{ unit }}{% endfilter %}",
    "{{ [unit ~ '', unit ~ '', first_name]|unique|list|length }}",
]
IN_OUR_WORDS = "{% macro who(n) %}{{ n }}{% endmacro %}{% set ours = namespace(who=who, t='') %}"
UNESCAPED = "{% autoescape false %}{% set ours.t = [t]|join %}{% endautoescape %}{{ ours.t }}"
OTHERWISE = [  # what else differs from name to name
    "{{ [unit] }}",
    "{{ namespace(a=unit) }}",
    "{% if unit.upper is defined %}ja{% endif %}",
    "{% if unit[0] is defined %}ja{% endif %}",
    "{% if [1][unit] is defined %}ja{% endif %}",
    "{{ [unit]|join('-', attribute=0) }}",
    "{{ {unit: 1, 'Norrby': 2}|length }}",
    "{% for a, b in [unit] %}{{ a }}{% else %}nej{% endfor %}",
    "{% autoescape false %}{{ unit }}{% endautoescape %}{% autoescape true %}{{ unit }}{% endautoescape %}",
    f"{IN_OUR_WORDS}{{% autoescape false %}}{{% set ours.t = ours.who(unit) %}}{{% endautoescape %}}{{{{ ours.t }}}}",
    f"{IN_OUR_WORDS}{{% autoescape false %}}{{% set ours.t = [unit]|join %}}{{% endautoescape %}}{{{{ ours.t }}}}",
    f"{IN_OUR_WORDS}{{% set t = ours.who(unit) %}}{UNESCAPED}",
    "<b title='{{ unit }}' class='x'>a</b>",
    "<style>.Norrby { color: red }</style><b class='{{ unit }}'>a</b>",
    "<style>.{{ unit }} { color: red }</style><b class='Norrby'>a</b>",
    "<table>{{ unit }}<tr><td class=a>a</table>",
    "{% include 'approved/' ~ unit ignore missing %}",
]

# Templates at random. An expression is built of smaller ones; `{}` is where they stand.
NAMED = ["unit", "first_name", "link", "round"]
LITERALS = ["'Norrby'", "'<b>'", "''", "'%s'", "2", "'<i>'|safe"]
ONE = [
    "({} ~ '')",
    "[{}]",
    "({}, 'Norrby')",
    "(not {})",
    "{}[:2]",
    "{}[0]",
    "{}.upper()",
    "'%-9s' % {}",
    "'{{}}'.format({})",
]
ONE += ["{{'Norrby': 'ja'}}.get({})", "{{'k': {}}}.k", "who({})", "({} is string)", "({} is defined)", "{}|join('&')"]
ONE += [f"{{}}|{name}" for name in ("upper", "length", "default('x')", "list", "first", "paragraphs", "int", "safe")]
TWO = [
    "({} ~ {})",
    "({} == {})",
    "({} in {})",
    "({} < {})",
    "({} or {})",
    "({} + {})",
    "[{}, {}]",
    "({} if {})",
    "{}[{}]",
]
WHOLE = ["{{% if {0} %}}ja{{% else %}}nej{{% endif %}}", "{{% for each in {0} %}}{{{{ each }}}}-{{% endfor %}}"]
WHOLE += [
    "{{% set t = {0} %}}{{{{ t }}}}{{{{ t ~ 'Norrby' }}}}",
    "{{% set t %}}{{{{ {0} }}}}{{% endset %}}{{{{ t == 'Norrby' }}}}",
]
WHOLE += [
    "{{{{ {0} }}}}",
    "<b>{{{{ {0} }}}}</b>",
    "<b title='{{{{ {0} }}}}'>x</b>",
    "{{% filter e %}}{{{{ {0} }}}}{{% endfilter %}}",
]
WHOLE += ["{{% autoescape false %}}{{{{ {0} }}}}{{% set t = {0} %}}{{% endautoescape %}}{{{{ {0} }}}}"]
EXPRESSIONS = st.recursive(
    st.sampled_from([*NAMED, *NAMED, *LITERALS]),
    lambda smaller: st.one_of(
        st.builds(str.format, st.sampled_from(ONE), smaller),
        st.builds(str.format, st.sampled_from(TWO), smaller, smaller),
    ),
    max_leaves=4,
)
TEMPLATE_TEXTS = st.lists(st.builds(str.format, st.sampled_from(WHOLE), EXPRESSIONS), min_size=1, max_size=3).map(
    lambda parts: "{% macro who(n) %}<u>{{ n }}</u>{% endmacro %}Till " + "\n".join(parts)
)
SOME_NAMES = st.sampled_from(["Norrby", "Ås", "R & D <b>\"'", "12", "%s {}", "Norrby nämnd", "o" * 80])
VALUES = st.fixed_dictionaries({"unit": SOME_NAMES, "first_name": SOME_NAMES})


def of_a_site(folder: Path, written: str) -> JinjaRenderer:
    """A site whose mail of approval says this in all its parts."""
    _environment.cache_clear()  # the folder may be another's
    own = folder / "approved" / "sv"
    own.mkdir(parents=True, exist_ok=True)
    for name, whole in (
        ("subject.txt", "{}"),
        ("body.txt", "{}"),
        ("body.html", "<html><body><p>{}</p></body></html>"),
    ):
        (own / name).write_text(whole.format(written), encoding="utf-8")
    return JinjaRenderer([folder, TEMPLATES])


def outcome(render: Callable[[Letter], Rendered], letter: Letter) -> Rendered | str:
    try:
        return render(letter)
    except (ConfigError, SyntaxError, TypeError, ValueError, LookupError, AttributeError) as fault:
        return repr(fault)


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


@pytest.mark.parametrize("letter", [letter for _, letter in ALL], ids=[name for name, _ in ALL])
def test_the_shipped_letters_are_filled_in(letter: Letter) -> None:
    unit = {"unit": "Norrby nämnd"} if hasattr(letter, "unit") else {}
    values = {"first_name": "Bo", "link": letter.link or "https://tertial.example"} | unit
    likeness = RENDERER._likeness(replace(letter, **dict.fromkeys(values, "https://tertial.example/x")))
    filled = likeness.fill(values, choose=_chosen, wrap=wrapped_line)
    assert filled == RENDERER.render_alone(replace(letter, **values))


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
        *COMPOSED,
        *OTHERWISE,
    ],
)
def test_what_a_site_makes_of_a_name_is_made_of_each(tmp_path: Path, written: str) -> None:
    renderer = of_a_site(tmp_path, f"Till {{{{ unit }}}}: {written}")
    for unit in ("Söderby", "Norrby", "Ås", "Västerby nämnd", "index", "R & D \"x\" 'y'"):
        letter = Approved(**common("sv") | {"unit": unit})
        assert outcome(renderer.render, letter) == outcome(renderer.render_alone, letter)


@pytest.mark.parametrize(
    "written",
    [
        "{{ unit }} – {{ unit ~ ', ' ~ round }}",
        "{% set title = unit ~ '!' %}{{ title }}",
        "{% macro who(name) %}<b>{{ name }}</b>{% endmacro %}{{ who(unit) }} {{ who(who(unit)) }}",
        "{% set title %}<b>{{ unit }}</b>{% endset %}{{ title ~ '<i>' }}",
        "{{ [unit, '<b>', 3]|join('<br>'|safe) }} {{ ['<b>'|safe, 'a & b']|join(' & ') }}",
        "{% for name, value in [('a', unit), ('b', round)] if value %}{{ value|paragraphs|join(' ') }}{% endfor %}",
        "{{ (unit if round else first_name) or 'x' }}{% if first_name %} {{ first_name|default('x') }}{% endif %}",
        "{% macro framed() %}[{{ caller(unit) }}]{% endmacro %}{% call(name) framed() %}{{ name }}{% endcall %}",
        "{% for each in [[[]]] recursive %}{{ unit }}{{ loop(each) }}{% endfor %}",
        "{% if unit in [unit] %}{{ cycler(unit, 'x').next() }}{% endif %}{{ dict(a=unit).a }}{{ namespace(x=unit).x }}",
        "<a href='{{ link }}'>{{ link }}</a>",
    ],
)
def test_a_name_that_is_shown_or_put_beside_other_words_is_filled_in(tmp_path: Path, written: str) -> None:
    """Else a site with templates of its own would be right, and slow."""
    renderer = of_a_site(tmp_path, f"Till {{{{ unit }}}}: {written}")
    letter, other = (Approved(**common("sv") | {"unit": unit}) for unit in ("Ås", "R & D <b>\"'"))
    values = {name: getattr(other, name) for name in ("unit", "first_name", "link")}
    filled = renderer._likeness(letter).fill(values, choose=_chosen, wrap=wrapped_line)
    assert filled == renderer.render_alone(other)


def test_whatever_a_site_writes_a_letter_says_what_it_would_say_alone(tmp_path: Path) -> None:
    """Templates at random: most do something forbidden with a name, many only show it."""

    @given(written=TEMPLATE_TEXTS, values=st.lists(VALUES, min_size=2, max_size=4))
    @settings(max_examples=300, deadline=None)
    def says_the_same(written: str, values: list[dict[str, str]]) -> None:
        renderer = of_a_site(tmp_path, written)
        for each in (values[0], *values):
            letter = Approved(**common("sv") | each)
            assert outcome(renderer.render, letter) == outcome(renderer.render_alone, letter)

    says_the_same()


def test_what_is_not_a_name_makes_another_likeness() -> None:
    reminder = next(letter for letter in LETTERS if isinstance(letter, Reminder))
    for left in ("5 arbetsdagar", "1 arbetsdag", "5 arbetsdagar"):
        letter = replace(reminder, left=left)
        assert RENDERER.render(letter) == RENDERER.render_alone(letter)
