"""Disposing of old mails that came in, under a decision: never of what waits for somebody or is not decided yet."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from workflow.domain.arrivals import FOR_THE_OFFICE, Arrival
from workflow.domain.audit import Event
from workflow.domain.errors import RefusedError
from workflow.domain.incoming import IncomingKind
from workflow.domain.rounds import RoundState
from workflow.domain.submissions import State
from workflow.ports import Database, Work

LONGEST_DECISION = 100  # characters
_ENDED = frozenset({RoundState.BUNDLED, RoundState.CANCELLED})
_DECIDED = frozenset({State.APPROVED, State.EXCUSED})
_SEEN_TO = FOR_THE_OFFICE | {IncomingKind.FORM}


class KeptForeverError(RefusedError):
    sentence = "Inkomna mejl sparas så länge omgången sparas. Sätt INBOX_KEEP_DAYS för att gallra äldre."


class DecisionMissingError(RefusedError):
    sentence = "Ange vilket gallringsbeslut det görs efter, med högst 100 tecken (--decision)."


def dispose(db: Database, *, keep_days: int, decision: str, by: str, now: datetime) -> tuple[Arrival, ...]:
    """Delete mails that came more than `keep_days` days ago, with their files; gives them, oldest first.

    Kept are those that nobody has seen to, those of a round that is not gathered or cancelled, and those of a unit
    that is not decided about. Each deletion is logged with the id of the `decision`. Raises RefusedError.
    """
    if keep_days <= 0:
        raise KeptForeverError
    decision = " ".join(decision.split())
    if not decision.isprintable() or not 0 < len(decision) <= LONGEST_DECISION:
        raise DecisionMissingError
    with db.begin() as work:
        old = work.incoming.list(before=now - timedelta(days=keep_days))[::-1]
        chosen = _disposable(work, old)
        work.incoming.dispose([each.id for each in chosen])
        for each in chosen:
            work.log.append(_event(each, decision, by, now))
        return chosen


def _disposable(work: Work, old: Iterable[Arrival]) -> tuple[Arrival, ...]:
    settled = [each for each in old if not (each.is_open and each.kind in _SEEN_TO)]
    ids = {each.submission for each in settled if each.submission}
    units = work.submissions.several(ids, lock=True)
    rounds = work.rounds.states({each.round for each in settled if each.round})
    return tuple(
        each
        for each in settled
        if (not each.round or rounds[each.round] in _ENDED)
        and (
            not each.submission
            or rounds[each.round] is RoundState.CANCELLED
            or units[each.submission].state in _DECIDED
        )
    )


def _event(arrival: Arrival, decision: str, by: str, now: datetime) -> Event:
    return Event(
        kind="incoming.disposed",
        actor=by,
        at=now,
        round=arrival.round,
        submission=arrival.submission,
        message=arrival.message,
        data={"arrival": arrival.id, "decision": decision},
    )
