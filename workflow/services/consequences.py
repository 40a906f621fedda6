"""What a change would do to the mails to come: it is made for real in a transaction, looked at, and undone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from workflow.domain.calendar import Calendar
from workflow.domain.preview_diff import Difference, PreviewDiff, preview_diff
from workflow.ports import Database, Meanwhile, Work, nothing_else
from workflow.services.listings import instant
from workflow.services.preview import preview_round


class _UndoneError(Exception):
    """Makes the database roll back what was tried."""


class _OneTransaction:
    """Implements ports.Database inside a transaction that is open: all that is done in it ends as that one does."""

    def __init__(self, work: Work) -> None:
        self._work = work

    @contextmanager
    def begin(self, meanwhile: Meanwhile = nothing_else) -> Iterator[Work]:
        yield self._work

    @contextmanager
    def read(self) -> Iterator[Work]:
        yield self._work


def consequences(
    db: Database,
    round_id: str,
    change: Callable[[Database], object],
    *,
    calendar: Calendar,
    now: datetime,
) -> PreviewDiff:
    """The mails that `change` would move, stop or add; nothing is kept.

    `change` is the use case with everything given but its database, such as
    `lambda db: close_round(db, "2027-T1", by=by, now=now)`. What it refuses is refused here, with its own error, so
    that a page can say so before anybody confirms. Raises UnknownRoundError.
    """
    with db.read() as work:
        round_ = work.rounds.get(round_id)
    before = preview_round(db, round_, calendar=calendar, now=now)
    after = before
    with suppress(_UndoneError), db.begin() as work:
        trial = _OneTransaction(work)
        change(trial)
        after = preview_round(trial, work.rounds.get(round_id), calendar=calendar, now=now)
        raise _UndoneError
    return preview_diff(before, after)


def difference_row(found: Difference) -> dict[str, Any]:
    """One mail's change as a plain value for a listing; `before` and `after` are when it would have gone, and goes."""
    mail = found.mail
    return {
        "effect": str(found.effect),
        "at": instant(mail.at),
        "unit": mail.unit,
        "name": mail.unit_name,
        "kind": str(mail.kind),
        "slot": mail.slot,
        "before": instant(found.before.at) if found.before else None,
        "after": instant(found.after.at) if found.after else None,
        "to": mail.to_email,
        "why": found.why,
    }
