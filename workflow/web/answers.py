"""The form as a contact person meets it: what was typed, what is stored, what to say about each question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Protocol

from starlette.datastructures import FormData

from workflow.domain.errors import AnswerClashError, RefusedError, TextRefusedError, TooLongError
from workflow.domain.forms import Answer, AskedQuestion, QuestionSet, clean_answer
from workflow.domain.submissions import Edition, State, Submission
from workflow.web import forms_in
from workflow.web.forms_in import visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """What somebody else stored while this person was writing."""

    theirs: Answer
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One question on the page. `shown` stands in the field; `stored` is what it was written upon."""

    question: AskedQuestion
    shown: Answer
    stored: Answer
    is_open: bool
    comment: str = ""
    handed_in: Answer | None = None
    problem: str = ""
    clash: Clash | None = None

    @property
    def key(self) -> str:
        return self.question.key

    @property
    def number(self) -> str:
        return self.question.number

    @property
    def anchor(self) -> str:
        return self.question.anchor

    @property
    def is_supplemented(self) -> bool:
        """Whether a returned question has been changed since it was handed in."""
        return self.handed_in is not None and self.stored != self.handed_in and self.stored.is_complete

    @property
    def version(self) -> int:
        return (self.clash.theirs if self.clash else self.stored).version

    @property
    def seen(self) -> str:
        """A fingerprint of what stood stored when the page was shown: who changed nothing can clash with nobody."""
        return fingerprint(self.clash.theirs if self.clash else self.stored)

    @property
    def unsaved(self) -> bool:
        return self.shown != self.stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What a refused or half-refused form held, so that the page can show it again."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    clashes: Mapping[str, Clash] = field(default_factory=dict)


class Filled(Protocol):
    """A unit's form as it is stored: a sheet, or what saving gave."""

    @property
    def submission(self) -> Submission: ...
    @property
    def questions(self) -> QuestionSet: ...
    @property
    def answers(self) -> Mapping[str, Answer]: ...


def rows(sheet: Filled, typed: Typed, latest: Edition | None) -> list[Row]:
    """Every question of the unit in printed order."""
    submission = sheet.submission
    returned = submission.state is State.RETURNED
    before = latest.answers if latest and returned else {}
    made = []
    for question in sheet.questions.questions:
        stored = sheet.answers.get(question.key) or Answer(question=question.key)
        is_open = submission.accepts_answer(question.key)
        made.append(
            Row(
                question=question,
                shown=typed.answers.get(question.key, stored),
                stored=stored,
                is_open=is_open,
                comment=submission.comments.get(question.key, "") if returned else "",
                handed_in=before.get(question.key) if is_open else None,
                problem=typed.problems.get(question.key, ""),
                clash=typed.clashes.get(question.key),
            )
        )
    return made


def fingerprint(answer: Answer) -> str:
    row = "\0".join((_lines(answer.text), str(answer.not_applicable), _lines(answer.na_reason)))
    return sha256(row.encode("utf-8", "replace")).hexdigest()[:16]


def sent_answers(form: FormData, questions: QuestionSet) -> list[Answer]:
    """Every answer the form carries, as it was typed. Fields of unknown questions are nobody's and fall away."""
    return [sent_answer(form, key) for key in questions.keys if f"text.{key}" in form or f"reason.{key}" in form]


def sent_answer(form: FormData, key: str) -> Answer:
    """One question's fields as they were typed."""
    return Answer(
        question=key,
        text=_lines(forms_in.field(form, f"text.{key}")),
        not_applicable=f"na.{key}" in form,
        na_reason=_lines(forms_in.field(form, f"reason.{key}")),
        version=forms_in.number(form, f"version.{key}", otherwise=0),
    )


def untouched(form: FormData, answer: Answer) -> bool:
    """Whether the fields hold what stood stored when the page was shown."""
    return form.get(f"seen.{answer.question}") == fingerprint(answer)


def changed_answers(form: FormData, sent: Sequence[Answer]) -> list[Answer]:
    """Those the person really changed, or chose to keep against somebody else's."""
    return [
        answer for answer in sent if form.get(f"choice.{answer.question}") != "theirs" and not untouched(form, answer)
    ]


def shown_again(answers: Sequence[Answer]) -> dict[str, Answer]:
    """What was typed as it can stand in the fields again, nothing left out."""
    return {
        answer.question: replace(answer, text=visible(answer.text), na_reason=visible(answer.na_reason))
        for answer in answers
    }


def refusals(answers: Sequence[Answer], questions: QuestionSet) -> dict[str, RefusedError]:
    """Every text that cannot be kept, by question: all at once, not one after the other."""
    found: dict[str, RefusedError] = {}
    for answer in answers:
        try:
            clean_answer(answer, known=questions.keys)
        except (TextRefusedError, TooLongError) as error:
            found[answer.question] = error
    return found


def clashes_of(errors: Sequence[AnswerClashError], names: Mapping[str, str]) -> dict[str, Clash]:
    """The clashes by question; `names` gives the name of who saved."""
    found = {}
    for error in errors:
        theirs, who = error.values["theirs"], str(error.values.get("who", ""))
        if isinstance(theirs, Answer):
            found[theirs.question] = Clash(theirs=theirs, who=names.get(who, ""))
    return found


def _lines(text: str) -> str:
    """Browsers send every line end as CR LF (HTML, form submission)."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
