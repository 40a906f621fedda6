"""Reading how units have kept their last days over the rounds."""

from typing import Any

from workflow.domain.people import sort_key
from workflow.domain.punctuality import Outcome, Punctuality, Record, punctuality, record
from workflow.domain.rounds import Round
from workflow.ports import Database
from workflow.services.listings import instant


def of_unit(db: Database, unit: str) -> Punctuality | None:
    """One unit's rounds, newest first; None when it has never taken part."""
    with db.read() as work:
        rounds = {each.id: each for each in work.rounds.all()}
        found = [record(rounds[each.round], each) for each in work.submissions.of_unit(unit)]
    return punctuality(found) if found else None


def of_all(db: Database) -> tuple[Punctuality, ...]:
    """Every unit that has taken part in a round, in Swedish order of names."""
    found: dict[str, list[Record]] = {}
    with db.read() as work:
        for round_ in work.rounds.all():
            for each in work.submissions.of_round(round_.id):
                found.setdefault(each.unit, []).append(record(round_, each))
    return tuple(sorted(map(punctuality, found.values()), key=lambda each: sort_key(each.name)))


def earlier(found: Punctuality | None, round_: Round) -> tuple[Record, ...]:
    """The unit's rounds that opened before this one."""
    return tuple(each for each in found.records if each.round.opens_at < round_.opens_at) if found else ()


def unit_row(found: Punctuality) -> dict[str, Any]:
    """A unit as a plain value for a listing."""
    counts = {str(outcome): found.count(outcome) for outcome in Outcome}
    return {"unit": found.unit, "name": found.name, "rounds": len(found.records), **counts}


def record_row(found: Record) -> dict[str, Any]:
    """One round of a unit as a plain value."""
    return {
        "round": found.round.id,
        "title": found.round.title("sv"),
        "outcome": str(found.outcome),
        "days_late": found.late_days,
        "due_at": instant(found.submission.due_at),
        "received_at": instant(found.received_at),
    }
