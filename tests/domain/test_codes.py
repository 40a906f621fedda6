"""Codes: how they are spelt and read, and how often one may be asked for."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW
from workflow.domain.codes import (
    ALPHABET,
    CODE_LIFE,
    DAY,
    LENGTH,
    MOST_TRIES,
    Code,
    CodeError,
    ExpiredCodeError,
    NoCodeError,
    TriesSpentError,
    UsedCodeError,
    masked,
    next_free,
    read_code,
    spell,
    written,
)

CODE = Code(id="c-1", link="l-1", address="a@x.example", browser_sha256="b", created_at=NOW, expires_at=NOW + CODE_LIFE)


def free_at(codes: list[Code], link: str = "l-1") -> datetime | None:
    return next_free(codes, link=link, address="a@x.example", now=NOW)


def asked(*minutes: float, **changes: Any) -> list[Code]:
    return [replace(CODE, created_at=NOW - timedelta(minutes=each), **changes) for each in minutes]


@given(st.integers(min_value=0, max_value=2**256 - 1))
def test_what_is_written_is_read_however_it_is_typed(number: int) -> None:
    code = spell(number)
    assert len(code) == LENGTH
    for typed in (
        code,
        written(code),
        written(code).lower(),
        f" {code[:3]} {code[3:]}\u00a0",
        written(code).replace("-", "–"),
    ):
        assert read_code(typed) == code


def test_every_code_is_as_likely_as_any_other() -> None:
    assert len({spell(number) for number in range(len(ALPHABET) ** 2)}) == len(ALPHABET) ** 2
    assert not set(ALPHABET) & set("01OIL5S6BZAEU")
    assert len(ALPHABET) ** LENGTH > 2**35


@pytest.mark.parametrize("typed", ["", "ABC", "CDFG-HJK", "CDFG-HJKMM", "CDFG-HJK0", "åäö\u202e", "C" * 10_000])
def test_what_is_no_code_is_said_to_be_none(typed: str) -> None:
    with pytest.raises(NoCodeError, match="åtta tecken"):
        read_code(typed)


def test_three_in_ten_minutes_and_ten_a_day_of_a_link() -> None:
    assert free_at(asked(1, 2)) is None
    assert free_at(asked(1, 2, 9)) == NOW + timedelta(minutes=1)
    assert free_at(asked(1, 2, 10)) is None
    spread = asked(*(60 * hour for hour in range(1, 11)))
    assert free_at(spread) == NOW - timedelta(hours=10) + DAY
    assert free_at(spread[:9]) is None


def test_an_address_with_many_links_has_a_limit_of_its_own() -> None:
    others = [code for number in range(5) for code in asked(1, 2, link=f"l-{number}")]
    assert free_at(others, "l-9") == NOW - timedelta(minutes=2) + CODE_LIFE
    assert free_at(others[:9], "l-9") is None
    assert free_at([replace(each, address="b@x.example") for each in others], "l-9") is None


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"used_at": NOW}, UsedCodeError),
        ({"tries": MOST_TRIES}, TriesSpentError),
        ({"expires_at": NOW}, ExpiredCodeError),
    ],
)
def test_why_a_code_is_dead(changes: dict[str, Any], kind: type[CodeError]) -> None:
    dead = replace(CODE, **changes)
    assert CODE.is_live(NOW)
    assert not dead.is_live(NOW)
    assert type(dead.why_dead()) is kind


def test_an_address_is_shown_to_its_owner_only() -> None:
    assert masked("asa.pahittad@norrby.example") == "a…@norrby.example"
