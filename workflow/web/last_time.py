"""Last round's answers beside this round's: unchanged, updated, or no longer relevant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from starlette.datastructures import FormData

from workflow.domain.forms import Answer
from workflow.services.lineage import Earlier
from workflow.web import forms_in

SAME, UPDATED, GONE = "same", "updated", "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What one unit answered last. `unit` is "" for the unit itself, else the name of one that has become it."""

    title: str
    unit: str
    answer: Answer


Beside = Mapping[str, tuple[Before, ...]]


def beside(found: Sequence[Earlier], language: str) -> Beside:
    """The complete answers of last time by question, the unit's own first."""
    answers: dict[str, tuple[Before, ...]] = {}
    for each in found:
        unit = "" if each.is_own else each.submission.unit_name
        for key, answer in each.edition.answers.items():
            if answer.is_complete:
                told = Before(title=each.round.title(language), unit=unit, answer=answer)
                answers[key] = (*answers.get(key, ()), told)
    return answers


def comparison(now: Answer, before: Answer) -> str:
    """How an answer stands to last time's. It is seen from the texts, never stored: so it cannot contradict them."""
    if now == before:
        return SAME
    if now.not_applicable:
        return GONE
    return UPDATED if now.text.strip() else ""


def chosen(form: FormData, answer: Answer, before: Sequence[Before], *, untouched: bool) -> Answer:
    """What the choice makes of an answer. It fills in only what nobody has typed: what was typed stands."""
    choice = forms_in.field(form, f"against.{answer.question}")
    if len(before) != 1 or not (untouched or answer.is_empty) or choice == comparison(answer, before[0].answer):
        return answer
    if choice == GONE:
        return replace(answer, not_applicable=True)
    if choice == SAME or (choice == UPDATED and answer.is_empty):
        return replace(before[0].answer, version=answer.version)
    return answer
