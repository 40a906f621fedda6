"""Letters in words: complete, safe against what people type, the same in both parts."""

import re
import textwrap
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import html as lxml_html

from tests.mails.samples import ALL, LANGUAGES, LINK, common
from workflow.adapters.mail.render import SUBJECT_WIDTH, TEXT_WIDTH, JinjaRenderer, wrapped_line
from workflow.domain.errors import ConfigError
from workflow.domain.letters import (
    LETTERS,
    Approved,
    Extension,
    Invitation,
    Letter,
    Overdue,
    Receipt,
    Returned,
    Several,
    UnitLetter,
)
from workflow.ports import LINK_SECRET

TEMPLATES = Path(__file__).resolve().parents[3] / "email_templates"
RENDERER = JinjaRenderer([TEMPLATES])
EVERY = pytest.mark.parametrize("letter", [letter for _, letter in ALL], ids=[name for name, _ in ALL])
WITHOUT_LINK = {"approved", "excused", "handed_over", "code", "details_refused"}  # nothing to do, or done on a page
LONGEST_UNIT = "Enskede-Årsta-Vantörs stadsdelsnämnd"
LONGEST_DAYS = {"sv": "torsdag 30 september", "en": "Wednesday 30 September"}
CHOICES = {"language", "state", "copies", "announces", "link", "code", "key"}  # chosen by the product, never typed
PAYLOADS = ["<script>alert(1)</script>", "{{7*7}}", "{% raw %}", "R & D", "\"'><img src=x onerror=y>", "</td></table>"]


def parsed(letter: Letter) -> Any:
    return lxml_html.document_fromstring(RENDERER.render(letter).html)


def seen(html: str) -> str:
    return " ".join(str(lxml_html.document_fromstring(html).xpath("string()")).split())


def filled_with(value: Any, words: str, key: str = "") -> Any:
    """The same letter with `words` in every field that a person may have typed."""
    if key in CHOICES:
        return value
    if isinstance(value, str):
        return words
    if isinstance(value, tuple):
        return tuple(filled_with(each, words, key) for each in value)
    if hasattr(value, "__dataclass_fields__"):
        return replace(value, **{f.name: filled_with(getattr(value, f.name), words, f.name) for f in fields(value)})
    return value


def skeleton(letter: Letter) -> list[tuple[str, list[str]]]:
    return [(str(element.tag), sorted(element.attrib)) for element in parsed(letter).iter()]


def links_of(letter: Letter) -> list[str]:
    if isinstance(letter, Several):
        return [item.link for item in letter.items if item.link]
    return [] if letter.kind in WITHOUT_LINK else [LINK]


def test_letters_and_folders_are_the_same_set() -> None:
    folders = {path.name for path in TEMPLATES.iterdir() if path.name != "_base"}
    assert folders == {letter.folder or str(letter.kind) for letter in LETTERS}
    for folder in folders:
        for language in LANGUAGES:
            files = {path.name for path in (TEMPLATES / folder / language).iterdir()}
            assert files == {"subject.txt", "body.txt", "body.html"}


def test_every_letter_has_samples() -> None:
    assert {type(letter) for _, letter in ALL} == set(LETTERS)


@EVERY
def test_html_is_whole_and_sober(letter: Letter) -> None:
    page = parsed(letter)
    assert page.get("lang") == letter.language
    assert page.findtext(".//title") == RENDERER.render(letter).subject
    assert len(page.findall(".//h1")) == 1
    assert not page.xpath("//img | //script | //link | //iframe | //form | //@src | //@background")
    links = [href for href in page.xpath("//a/@href") if not href.startswith("mailto:")]
    assert links == links_of(letter)
    assert "prefers-color-scheme: dark" in page.xpath("string(//style)")
    assert all("style" in element.attrib for element in page.xpath("//p | //h1 | //td[@class]"))


@EVERY
def test_both_parts_say_the_same_in_the_same_order(letter: Letter) -> None:
    page = parsed(letter)
    for link in page.xpath("//a[not(starts-with(@href, 'mailto:'))]"):
        link.tail = f" {link.get('href')} "
    for skipped in page.xpath("//head | //h1 | //p[contains(@class, 'top')] | //div[contains(@class, 'pre')]"):
        skipped.drop_tree()
    for element in page.iter("p", "td", "h2", "h3"):
        element.tail = f" {element.tail or ''}"
    text = RENDERER.render(letter).text.replace("\n-- \n", "\n")
    assert _words(page.text_content()) == _words(text)


def _words(text: str) -> list[str]:
    return [word for part in text.casefold().split() if (word := part.rstrip(":"))]


@EVERY
def test_text_is_wrapped_and_the_link_is_whole(letter: Letter) -> None:
    lines = RENDERER.render(letter).text.splitlines()
    assert all(len(line) <= TEXT_WIDTH for line in lines if line != LINK)
    assert [line for line in lines if line.startswith("https://tertial.example/l/")] == links_of(letter)
    assert "-- " in lines
    assert all(line == line.rstrip() for line in lines if line != "-- ")


@EVERY
def test_subject_is_one_short_line_even_for_the_longest_names(letter: Letter) -> None:
    longest = letter
    if isinstance(letter, UnitLetter):
        longest = replace(letter, unit=LONGEST_UNIT, due_day=LONGEST_DAYS[letter.language])
    subject = RENDERER.render(longest).subject
    assert subject == " ".join(subject.split())
    assert 0 < len(subject) <= SUBJECT_WIDTH


@EVERY
@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_people_type_adds_no_element_and_runs_nothing(letter: Letter, payload: str) -> None:
    attacked = filled_with(letter, payload)
    assert skeleton(attacked) == skeleton(filled_with(letter, "ord"))
    rendered = RENDERER.render(attacked)
    assert payload in rendered.text.replace("\n", " ")
    assert payload in seen(rendered.html)
    assert "49" not in rendered.text


def test_a_value_with_line_breaks_cannot_choose_the_subject_or_forge_a_line() -> None:
    letter = Approved(**common("sv") | {"unit": "A\r\nBcc: x@evil.example\u2028B"})
    rendered = RENDERER.render(letter)
    assert rendered.subject == "Underlaget för A Bcc: x@evil.example B är godkänt"
    assert "\nBcc" not in rendered.text


def test_only_the_link_holds_the_marker() -> None:
    letter = next(letter for _, letter in ALL if isinstance(letter, Receipt))
    rendered = RENDERER.render(filled_with(letter, f"se {LINK_SECRET} här"))
    assert rendered.text.count(LINK_SECRET) == 1
    assert rendered.html.count(LINK_SECRET) == 1
    assert LINK_SECRET not in rendered.subject


@EVERY
def test_nobody_types_the_marker_of_a_link(letter: Letter) -> None:
    """Neither the one of the mail nor that of a unit's own link in a mail about several, whose id its reader knows."""
    begins = LINK_SECRET.removesuffix("}")
    rendered, typed = RENDERER.render(letter), RENDERER.render(filled_with(letter, f"{LINK_SECRET} {begins}-k7Qd}}"))
    assert typed.text.count(begins) == rendered.text.count(begins)
    assert typed.html.count(begins) == rendered.html.count(begins)
    assert begins not in typed.subject


def test_answers_are_repeated_word_for_word() -> None:
    letter = next(letter for _, letter in ALL if isinstance(letter, Receipt))
    rendered = RENDERER.render(letter)
    for item in letter.items:
        for said in (*item.paragraphs, item.not_applicable):
            assert said in " ".join(rendered.text.split())
            assert said in seen(rendered.html)
    assert letter.sha256 in rendered.text


def test_a_comment_keeps_its_lines_indented_under_its_question() -> None:
    letter = next(letter for _, letter in ALL if isinstance(letter, Returned))
    text = RENDERER.render(letter).text
    assert "\n  Hur många ärenden?\n\n  Och hur länge?\n" in text


@pytest.mark.parametrize(
    ("answered", "questions", "expected"),
    [
        (0, 8, "0 av 8 frågor besvarade"),
        (1, 8, "1 av 8 frågor besvarad"),
        (1, 1, "1 av 1 fråga besvarad"),
        (6, 8, "6 av 8 frågor besvarade"),
    ],
)
def test_progress_counts_in_good_swedish(answered: int, questions: int, expected: str) -> None:
    letter = next(letter for _, letter in ALL if isinstance(letter, Overdue) and letter.state == "draft")
    rendered = RENDERER.render(replace(letter, answered=answered, questions=questions))
    assert f"LÄGE JUST NU:  utkast sparat fredag 14 maj, {expected}\n" in rendered.text


def test_long_facts_hang_under_their_value() -> None:
    letter = next(letter for _, letter in ALL if isinstance(letter, Invitation))
    text = RENDERER.render(replace(letter, unit="Nämnden för " + "och ".join(["allt möjligt "] * 6))).text
    assert re.search(r"\nGÄLLER:         Nämnden för .*\n {16}\S", text)


def test_a_sites_own_file_wins_and_the_rest_is_shipped(tmp_path: Path) -> None:
    (tmp_path / "approved" / "sv").mkdir(parents=True)
    (tmp_path / "approved" / "sv" / "subject.txt").write_text("Klart: {{ unit }}", encoding="utf-8")
    rendered = JinjaRenderer([tmp_path, TEMPLATES]).render(Approved(**common("sv")))
    assert rendered.subject == "Klart: Hägersten-Älvsjö stadsdelsnämnd"
    assert "är godkänt" in rendered.text


@pytest.mark.parametrize(
    "broken", ["rad ett\n{{ stavfel }}", "rad ett\n{% if %}", "rad ett\n{{ unit.__class__.__mro__ }}"]
)
def test_a_wrong_template_is_told_with_file_and_line(tmp_path: Path, broken: str) -> None:
    (tmp_path / "approved" / "sv").mkdir(parents=True)
    path = tmp_path / "approved" / "sv" / "body.txt"
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        JinjaRenderer([tmp_path, TEMPLATES]).render(Approved(**common("sv")))
    assert str(raised.value).startswith(f"{path}, rad 2: ")


def test_a_missing_language_is_told() -> None:
    letter = replace(Approved(**common("sv")), language="fi")
    with pytest.raises(ConfigError, match=r"approved/fi/subject\.txt"):
        RENDERER.render(letter)


def test_a_reason_of_several_lines_stays_one_fact() -> None:
    letter = next(letter for _, letter in ALL if isinstance(letter, Extension))
    assert "SKÄL:          Ett. Två.\n" in RENDERER.render(replace(letter, reason="Ett.\n\nTvå.")).text


@given(
    label=st.sampled_from(("", "  ", "GÄLLER:         ", "LÄGE JUST NU:  ")),
    words=st.lists(st.text("ab-/\u00a0é", max_size=100).map("a{}b".format), min_size=1, max_size=30),
    gap=st.sampled_from((" ", "  ")),
)
@settings(max_examples=200, deadline=None)
def test_lines_break_where_the_standard_library_breaks_them(label: str, words: list[str], gap: str) -> None:
    words[0] = words[0][
        : TEXT_WIDTH - len(label)
    ].rstrip()  # a first word too long for its label stays beside it, unlike there
    line = label + gap.join(words).rstrip()
    hang = " " * len(label)
    expected = textwrap.fill(line, TEXT_WIDTH, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)
    assert wrapped_line(line) == (expected if len(line) > TEXT_WIDTH else line)


@pytest.mark.parametrize(
    "line",
    [
        " " * 100,
        "x" * 100,
        "x" * 80 + ":  " + "ord " * 30,
        " " * 80 + "ord " * 30,
        "a:" + " " * 90 + "ord " * 9,
        "ö" * 72 + " ",
    ],
)
def test_no_line_is_too_odd_to_wrap(line: str) -> None:
    assert wrapped_line(line).split() == line.split()


def test_the_sandbox_answers_as_the_librarys_own() -> None:
    ours, library = RENDERER._html, ImmutableSandboxedEnvironment()
    module = ours.get_template("_base/sv/words.jinja").module
    things: list[Any] = ["ord", module, [], {}, ours.getattr(module, "hello"), int, lambda: None]
    for thing in things:
        for name in {*dir(thing), "mro", "__class__", "_body_stream", "gi_frame", "format", "append", "pop", "x"}:
            value = getattr(thing, name, None)
            assert ours.is_safe_attribute(thing, name, value) == library.is_safe_attribute(thing, name, value)
