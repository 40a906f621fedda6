"""The form as data: focus areas, questions, their wording per kind of unit, answers, and what is missing."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from workflow.domain.errors import TextRefusedError, TooLongError

LONGEST_TEXT = 100_000
"""Characters in one answer or reason: some forty printed pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question. `key` identifies it for ever (answers hang on it); texts and headings may change.

    `texts` maps a kind of unit to its own wording, "" holds the wording of all other kinds.
    `kinds`/`units` empty means everybody; otherwise only those are asked.
    """

    key: str
    label: str
    texts: Mapping[str, str]
    kinds: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    required: bool = True

    def asked_of(self, kind: str, unit: str) -> bool:
        if self.units and unit in self.units:
            return True
        return (not self.units or bool(self.kinds)) and (not self.kinds or kind in self.kinds)

    def text_for(self, kind: str) -> str:
        return self.texts.get(kind, self.texts[""])


@dataclass(frozen=True, slots=True, kw_only=True)
class FocusArea:
    """One of the policy's focus areas, in printed order. `number` is what is printed before the title."""

    key: str
    number: int
    title: str
    questions: tuple[Question, ...]

    @property
    def numbered(self) -> tuple[tuple[str, Question], ...]:
        """Each question with its number in the whole form, "area.question": the same whoever is asked it."""
        return tuple((f"{self.number}.{place}", question) for place, question in enumerate(self.questions, start=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A versioned form. A round freezes one; `asked` gives what one unit is asked."""

    id: str
    version: str
    title: str
    purpose: tuple[str, ...]
    heading: str
    subheading: str
    instructions: tuple[str, ...]
    areas: tuple[FocusArea, ...]

    def asked(self, kind: str, unit: str) -> "QuestionSet":
        """The questions of one unit in printed order, with the whole form's numbers; empty areas are left out."""
        areas: list[AskedArea] = []
        for area in self.areas:
            asked = tuple(
                AskedQuestion(
                    key=question.key,
                    number=number,
                    label=question.label,
                    text=question.text_for(kind),
                    required=question.required,
                )
                for number, question in area.numbered
                if question.asked_of(kind, unit)
            )
            if asked:
                areas.append(AskedArea(key=area.key, number=area.number, title=area.title, questions=asked))
        return QuestionSet(form_id=self.id, form_version=self.version, areas=tuple(areas))

    def count_asked(self, kind: str, unit: str) -> int:
        """How many questions `asked` gives, without making them."""
        return sum(question.asked_of(kind, unit) for area in self.areas for question in area.questions)

    @property
    def units_named(self) -> frozenset[str]:
        """The units that some question is meant for by name; all others of a kind are asked the same."""
        return frozenset(unit for area in self.areas for question in area.questions for unit in question.units)


class AskedCounts:
    """`Form.count_asked` for thousands of units: units that are asked the same are counted once."""

    def __init__(self, form: Form) -> None:
        self._form, self._named = form, form.units_named
        self._counted: dict[tuple[str, str], int] = {}

    def of(self, kind: str, unit: str) -> int:
        alike = (kind, unit if unit in self._named else "")
        if alike not in self._counted:
            self._counted[alike] = self._form.count_asked(kind, unit)
        return self._counted[alike]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedQuestion:
    """A question as one unit meets it. `number` is its place in the whole form, like "1.2"."""

    key: str
    number: str
    label: str
    text: str
    required: bool

    @property
    def anchor(self) -> str:
        """The number where a dot will not do: in the ids of a page."""
        return self.number.replace(".", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedArea:
    """A focus area with the questions one unit gets under it."""

    key: str
    number: int
    title: str
    questions: tuple[AskedQuestion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionSet:
    """What one unit is asked, area by area."""

    form_id: str
    form_version: str
    areas: tuple[AskedArea, ...]

    @property
    def questions(self) -> tuple[AskedQuestion, ...]:
        return tuple(question for area in self.areas for question in area.questions)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(question.key for question in self.questions)

    def question(self, key: str) -> AskedQuestion | None:
        return next((question for question in self.questions if question.key == key), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One unit's answer to one question; `version` 0 means never saved. "Not applicable" needs its reason."""

    question: str
    text: str = ""
    not_applicable: bool = False
    na_reason: str = ""
    version: int = field(default=0, compare=False)

    @property
    def is_complete(self) -> bool:
        return bool(self.na_reason.strip()) if self.not_applicable else bool(self.text.strip())

    @property
    def is_empty(self) -> bool:
        return not (self.text.strip() or self.not_applicable or self.na_reason.strip())

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The text's paragraphs: a line break starts a new one, as in the box on the page; empty lines fall away."""
        return tuple(line.strip() for line in self.text.splitlines() if line.strip())


Answers = Mapping[str, Answer]


def missing(questions: QuestionSet, answers: Answers) -> tuple[AskedQuestion, ...]:
    """The required questions without a complete answer, in order."""
    return tuple(
        question
        for question in questions.questions
        if question.required and not answers.get(question.key, Answer(question=question.key)).is_complete
    )


def count_answered(questions: QuestionSet, answers: Answers) -> int:
    return sum(1 for key in questions.keys if key in answers and answers[key].is_complete)


def merge(answers: Iterable[Answer]) -> dict[str, Answer]:
    return {answer.question: answer for answer in answers}


# C0 and C1 controls but for line end and tab, lone surrogates, and the two that are no characters (Unicode ch. 23.7).
_UNKEEPABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean_text(text: str, *, where: str) -> str:
    """Text as it will be kept: line ends become LF, nothing else changes.

    Raises TextRefusedError for NUL, other C0/C1 controls and lone surrogates: XML (production [2] Char) and
    PostgreSQL cannot hold them, and replacing them silently would lose what somebody wrote.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = _UNKEEPABLE.search(text)
    if found:
        raise TextRefusedError(field=where, character=f"U+{ord(found[0]):04X}", position=found.start() + 1, text=text)
    return text


def keepable(text: str) -> tuple[str, tuple[str, ...]]:
    """Text with � in place of what `clean_text` refuses, and which characters those were ("U+0085"), each once.

    For what comes in a file: the person is told, and sees where it stood.
    """
    lost = dict.fromkeys(f"U+{ord(found[0]):04X}" for found in _UNKEEPABLE.finditer(text))
    return _UNKEEPABLE.sub("\N{REPLACEMENT CHARACTER}", text), tuple(lost)


def clean_written(text: str, *, where: str) -> str:
    """What somebody wrote in a field, as it will be kept: `clean_text`, and at most LONGEST_TEXT characters.

    Raises TextRefusedError, TooLongError.
    """
    text = clean_text(text, where=where)
    if len(text) > LONGEST_TEXT:
        raise TooLongError(field=where, count=len(text), limit=LONGEST_TEXT)
    return text


def clean_answer(answer: Answer, *, known: Collection[str]) -> Answer:
    """The answer with its texts cleaned. The question must be one of `known` (KeyError otherwise: a forged field).

    Raises TextRefusedError, TooLongError.
    """
    if answer.question not in known:
        raise KeyError(answer.question)
    return replace(
        answer,
        text=clean_written(answer.text, where=answer.question),
        na_reason=clean_written(answer.na_reason, where=answer.question),
    )
