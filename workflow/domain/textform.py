"""Reads the form of 2022 as plain text taken out of a document, with all that the taking out did to it."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from re import compile as pattern

from workflow.domain.errors import FileRefusedError
from workflow.domain.forms import Answer, Form, Question

NOT_THE_TEXT_FORM = "ingen av formulärets frågor finns i texten. Välj en fil med hela formuläret."

_ALIKE = 0.9  # of a heading's words: a slip corrected since 2022 is the same question, another question is not
_LABELS = {
    "unit": ("nämnd", "bolag", "nämnd eller bolag", "nämnd bolag"),
    "contact": ("kontaktperson för eventuella frågor", "kontaktperson"),
    "phone": ("telefon",),
    "email": ("epost",),
}
_NOT_WORD = pattern(r"[^\w\s]")
_NUMBERED = pattern(r"\d+[.)]?\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextForm:
    """What was found. `answers` are in the form's order, paragraphs parted by line breaks; `unread` what is left."""

    unit_name: str = ""
    contact_name: str = ""
    phone: str = ""
    email: str = ""
    answers: tuple[Answer, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines start…end (end excluded) that are a question (key) or a heading (no key)."""

    start: int
    end: int
    key: str = ""


def read_text_form(text: str, form: Form, *, kind: str, unit: str, name: str = "text") -> TextForm:
    """Read the text of the file `name` as one unit's filled-in form.

    Questions are known by their words (for the unit's kind, or any other), headings by the area's; never by a number.
    Raises FileRefusedError (file, why) when no question is found.
    """
    lines = _lines(text)
    blocks = _find_blocks(lines, form, kind=kind, unit=unit)
    if not any(block.key for block in blocks):
        raise FileRefusedError(file=name, why=NOT_THE_TEXT_FORM)
    ends = [*(block.start for block in blocks[1:]), len(lines)]
    bodies = [(block, _paragraphs(lines[block.end : end])) for block, end in zip(blocks, ends, strict=True)]
    texts = {block.key: "\n".join(body) for block, body in bodies if block.key and body}
    facts, rest = _read_front(lines[: blocks[0].start], form)
    stray = [line for block, body in bodies if not block.key for line in body]
    return TextForm(
        unit_name=facts.get("unit", ""),
        contact_name=facts.get("contact", ""),
        phone=facts.get("phone", ""),
        email=facts.get("email", ""),
        answers=tuple(Answer(question=key, text=texts[key]) for key in _keys(form) if key in texts),
        unread=(*rest, *stray),
    )


def _lines(text: str) -> list[str]:
    """Split into lines; byte order mark and page breaks are nobody's words, a lost no-break space is a space."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.replace("\N{NO-BREAK SPACE}", " ").replace("\t", " ").split("\n")
    return [line.replace("\f", "") for line in lines if line.strip(" ") != "\f"]


def _keys(form: Form) -> Iterator[str]:
    return (question.key for area in form.areas for question in area.questions)


def _words(text: str) -> tuple[str, ...]:
    """Give the words as they are compared: no punctuation, no capitals, no soft hyphens, composed letters."""
    composed = unicodedata.normalize("NFC", text).replace("\N{SOFT HYPHEN}", "").casefold()
    return tuple(_NOT_WORD.sub("", composed).split())


# --- where questions and headings stand ------------------------------------------------------------------------------


def _find_blocks(lines: Sequence[str], form: Form, *, kind: str, unit: str) -> list[_Block]:
    """Find questions and area headings, in the order they stand in the text."""
    known = [(question.key, _wordings(question, kind)) for area in form.areas for question in area.questions]
    asked = {question.key for question in form.asked(kind, unit).questions}
    known.sort(key=lambda each: each[0] not in asked)  # the unit's own questions choose their lines first
    blocks: list[_Block] = []
    for key, wordings in known:
        place = _best_place(lines, wordings, blocks)
        if place is not None:
            blocks.append(_Block(*place, key))
    for area in form.areas:
        place = _best_place(lines, (_words(area.title),), blocks)
        if place is not None:
            blocks.append(_Block(*place))
    return sorted(blocks, key=lambda block: block.start)


def _wordings(question: Question, kind: str) -> tuple[tuple[str, ...], ...]:
    texts = dict.fromkeys((question.text_for(kind), *question.texts.values()))
    return tuple(_words(text) for text in texts)


def _best_place(
    lines: Sequence[str],
    wordings: Iterable[tuple[str, ...]],
    taken: Sequence[_Block],
) -> tuple[int, int] | None:
    """Find the whole lines that are most like one of the wordings; exact ones win at once."""
    best, likeness = None, 0.0
    free = [not any(block.start <= number < block.end for block in taken) for number in range(len(lines))]
    for wording in wordings:
        for place, words in _runs(lines, free, len(wording)):
            score = _likeness(wording, words)
            if score > likeness:
                best, likeness = place, score
        if likeness == 1:
            break
    return best if likeness >= _ALIKE else None


def _runs(
    lines: Sequence[str],
    free: Sequence[bool],
    length: int,
) -> Iterator[tuple[tuple[int, int], tuple[str, ...]]]:
    """Give every run of whole, unbroken lines with about `length` words; a number before them does not count."""
    slack = max(1, length // 8)
    for start, line in enumerate(lines):
        words: tuple[str, ...] = _words(_NUMBERED.sub("", line.strip(), count=1))
        end = start
        while free[end] and lines[end].strip():
            if end > start:
                words += _words(lines[end])
            end += 1
            if abs(len(words) - length) <= slack:
                yield (start, end), words
            if end == len(lines) or len(words) > length + slack:
                break


def _likeness(wording: tuple[str, ...], words: tuple[str, ...]) -> float:
    return 1.0 if wording == words else SequenceMatcher(None, wording, words, autojunk=False).ratio() * 0.999


# --- what stands between them -----------------------------------------------------------------------------------------


def _paragraphs(lines: Sequence[str]) -> list[str]:
    """Join wrapped lines. A paragraph ends at a blank line, and at two spaces before a line that begins anew."""
    paragraphs: list[str] = []
    ended = True
    for number, line in enumerate(lines):
        words = line.strip()
        if not words:
            ended = True
            continue
        if ended:
            paragraphs.append(words)
        else:
            paragraphs[-1] = _joined(paragraphs[-1], words, lines[number - 1])
        ended = line.endswith("  ") and _begins_anew(lines, number + 1)
    return paragraphs


def _joined(paragraph: str, words: str, line_before: str) -> str:
    """Join over a wrap: at a space, or inside a word where a hyphen ends the line without one."""
    if paragraph.endswith("\N{SOFT HYPHEN}"):
        return paragraph[:-1] + words
    return paragraph + words if line_before.endswith("-") else f"{paragraph} {words}"


def _begins_anew(lines: Sequence[str], number: int) -> bool:
    following = lines[number].lstrip() if number < len(lines) else ""
    return not following[:1].islower()


def _read_front(lines: Sequence[str], form: Form) -> tuple[dict[str, str], list[str]]:
    """Read name and contact from what stands before the first question; give them, and what is nobody's words."""
    facts: dict[str, str] = {}
    rest: list[str] = []
    waiting = ""
    printed = [_words(text) for text in (form.title, form.heading, form.subheading, *form.purpose, *form.instructions)]
    for paragraph in _paragraphs(lines):
        label, value = _labelled(paragraph)
        if waiting and not label:
            facts[waiting], waiting = paragraph, ""
        elif label:
            waiting = "" if value else label
            facts.setdefault(label, value)
        elif not _is_printed(_words(paragraph), printed):
            rest.append(paragraph)
    return facts, rest


def _labelled(paragraph: str) -> tuple[str, str]:
    """Part "Telefon 08-…" into what it is and its value; the value is empty where it stands on the next line."""
    for label, spellings in _LABELS.items():
        for spelling in spellings:
            for count in (len(spelling.split()), len(spelling.split()) + 1):
                pieces = paragraph.split()
                if _words(" ".join(pieces[:count])) == tuple(spelling.split()):
                    return label, " ".join(pieces[count:])
    return "", ""


def _is_printed(words: tuple[str, ...], printed: Iterable[tuple[str, ...]]) -> bool:
    """Say whether the words are of the form itself, whole or in part, as now or a little otherwise."""
    return any(
        SequenceMatcher(None, words, each, autojunk=False).find_longest_match().size >= max(1, len(words) // 2)
        for each in printed
    )
