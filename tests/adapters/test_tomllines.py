"""The line finder, against texts whose keys say their own line."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.adapters.tomllines import Place, find_lines, nearest_line, places

ROOT = Path(__file__).parents[2]

TEXT = """\
# comment = 0 with "quotes and [brackets]
top = 2

[table]          # [not.this]
a.b = 5
"quoted # key" = 'x'
'literal' = 7
long = \"\"\"
fake = 1
[fake]
\\\"\"\" still \"\"\"\"
after = 12
list = [ # 13
  "a, ]",
  [1, 2],  # 15
  { x = 1, y = "}" },
]
last = 18

[[many]]
n = 21
[[many.inner]]
n = 23
[many.inner.deep]
n = 25
[[many]]
n = 27
[[many.inner]]
n = 29
raw = '''
[x] '' '''
n2 = 32
"""


def test_every_key_is_found_on_its_line() -> None:
    lines = find_lines(TEXT)

    assert lines["top",] == 2
    assert lines["table",] == 4
    assert lines["table", "a", "b"] == 5
    assert lines["table", "quoted # key"] == 6
    assert lines["table", "literal"] == 7
    assert lines["table", "long"] == 8
    assert lines["table", "after"] == 12
    assert [lines["table", "list", number] for number in range(3)] == [14, 15, 16]
    assert lines["table", "list", 1, 1] == 15
    assert lines["table", "list", 2, "y"] == 16
    assert lines["table", "last"] == 18
    assert lines["many", 0, "n"] == 21
    assert lines["many", 0, "inner", 0, "n"] == 23
    assert lines["many", 0, "inner", 0, "deep", "n"] == 25
    assert lines["many", 1, "n"] == 27
    assert lines["many", 1, "inner", 0, "n"] == 29
    assert lines["many", 1, "inner", 0, "n2"] == 32


def leaves(value: object, place: Place = ()) -> Iterator[Place]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*place, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*place, number))
    else:
        yield place


@pytest.mark.parametrize(
    "text",
    [TEXT, *(path.read_text(encoding="utf-8") for path in [*ROOT.glob("config/**/*.toml"), ROOT / "pyproject.toml"])],
)
def test_it_finds_exactly_the_values_that_tomllib_reads(text: str) -> None:
    lines = find_lines(text)
    assert set(leaves(tomllib.loads(text))) <= set(lines)
    assert len(list(places(text))) == len(lines), "nothing stands twice in a text that is valid"


def test_what_is_missing_has_the_line_of_what_it_is_missing_in() -> None:
    lines = find_lines(TEXT)
    assert nearest_line(lines, ("many", 1, "inner", 0, "gone", 3)) == 28
    assert nearest_line(lines, ("gone",)) == 1


@given(st.text(alphabet="ab=[]{}\"'#,.\n \\1\x00", max_size=60))
def test_it_ends_quietly_on_whatever_it_is_given(text: str) -> None:
    assert all(1 <= line <= text.count("\n") + 1 for _, line in places(text))
