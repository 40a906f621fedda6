"""What a unit and the units it replaced handed in last: the answers that a new round is written against."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workflow.domain.rounds import Round
from workflow.domain.submissions import Edition, Submission
from workflow.domain.succession import Register
from workflow.ports import Database, Work
from workflow.services.listings import instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The newest edition of one unit from the last round it answered in; `is_own`: not of a unit it replaced."""

    round: Round
    submission: Submission
    edition: Edition
    is_own: bool

    @property
    def opened(self) -> datetime:
        return self.round.opened_at or self.round.opens_at


def previous_answers(db: Database, submission_id: str) -> tuple[Earlier, ...]:
    """What was handed in before this round by the unit, and by each unit that has become it since; own first.

    Of a unit that has answered for itself after a merger only its own; right after a merger those of all that went
    into it, each from the last round it answered in. Empty where nothing has been handed in. Only what has come in,
    never a draft. Raises NotFoundError.
    """
    with db.read() as work:
        submission = work.submissions.get(submission_id)
        rounds = {each.id: each for each in work.rounds.all()}
        register = Register(work.people.units(), ())
        found = _sources(work, register, submission.unit, rounds[submission.round], rounds, seen=set())
    return tuple(sorted(found, key=lambda each: (each.submission.unit != submission.unit, each.submission.unit_name)))


def earlier_row(found: Earlier) -> dict[str, Any]:
    """One source as a plain value."""
    return {
        "unit": found.submission.unit,
        "name": found.submission.unit_name,
        "own": found.is_own,
        "round": found.round.id,
        "title": found.round.title("sv"),
        "state": str(found.submission.state),
        "edition": found.edition.number,
        "received_at": instant(found.edition.received_at),
        "answers": [
            {"question": key, "answer": answer.text, "na_reason": answer.na_reason}
            for key, answer in found.edition.answers.items()
        ],
    }


def _sources(
    work: Work, register: Register, unit: str, before: Round, rounds: dict[str, Round], *, seen: set[str]
) -> list[Earlier]:
    """Its own last answers, and those of its predecessors that are no older."""
    seen.add(unit)
    own = _last(work, unit, before, rounds, is_own=len(seen) == 1)
    found = [own] if own else []
    for each in register.predecessors(unit):
        if each.id not in seen:
            theirs = _sources(work, register, each.id, before, rounds, seen=seen)
            found += [earlier for earlier in theirs if own is None or earlier.opened >= own.opened]
    return found


def _last(work: Work, unit: str, before: Round, rounds: dict[str, Round], *, is_own: bool) -> Earlier | None:
    handed_in = [
        each
        for each in work.submissions.of_unit(unit)
        if each.edition and rounds[each.round].opens_at < before.opens_at
    ]
    if not handed_in:
        return None
    last = max(handed_in, key=lambda each: rounds[each.round].opens_at)
    edition = work.editions.of(last.id)[-1]
    return Earlier(round=rounds[last.round], submission=last, edition=edition, is_own=is_own)
