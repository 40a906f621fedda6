"""What a coordinator sees of a round: a fold over submissions, never over drafts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.domain.calendar import Calendar
from workflow.domain.people import search_key, sort_key
from workflow.domain.submissions import Recipient, State, Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class NextMail:
    """The next mail to a unit: its kind and when."""

    kind: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One unit. `late_days` counts working days: running while owed, stamped once it has come in.

    `undelivered` holds the ids of mails that failed or whose fate is unknown.
    """

    submission: Submission
    contact: Recipient | None
    late_days: int
    is_overdue: bool
    last_sign: datetime | None
    next_mail: NextMail | None
    undelivered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A round at a glance, rows in Swedish order."""

    rows: tuple[Row, ...]

    @property
    def counts(self) -> Mapping[State, int]:
        return {state: sum(row.submission.state is state for row in self.rows) for state in State}

    @property
    def handed_in(self) -> int:
        return sum(row.submission.state in {State.SUBMITTED, State.APPROVED} for row in self.rows)

    @property
    def overdue(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.is_overdue)

    @property
    def waiting(self) -> tuple[Row, ...]:
        """Waits for a coordinator, oldest first."""
        waiting = [row for row in self.rows if row.submission.state is State.SUBMITTED]
        return tuple(sorted(waiting, key=lambda row: row.submission.handed_in_at or row.submission.due_at))

    @property
    def undelivered(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.undelivered)

    @property
    def without_contact(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.contact is None and row.submission.is_owed)


def make_row(
    submission: Submission,
    contact: Recipient | None,
    *,
    next_mail: NextMail | None,
    undelivered: Sequence[str],
    calendar: Calendar,
    now: datetime,
) -> Row:
    overdue = submission.is_overdue(now)
    running = calendar.days_late(submission.due_at, now) if overdue else submission.late_days
    signs = [sign for sign in (submission.saved_at, submission.handed_in_at) if sign]
    return Row(
        submission=submission,
        contact=contact,
        late_days=running,
        is_overdue=overdue,
        last_sign=max(signs, default=None),
        next_mail=next_mail,
        undelivered=tuple(undelivered),
    )


def in_swedish_order(rows: Sequence[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: sort_key(row.submission.unit_name)))


def matching(
    rows: Sequence[Row], *, text: str = "", state: str = "", kind: str = "", order: str = "name"
) -> tuple[Row, ...]:
    """Filter and order the rows. `state` is a State or "overdue"; `text` is sought in unit and contact, dots apart."""
    wanted = search_key(text)
    found = [
        row
        for row in rows
        if (not wanted or wanted in search_key(f"{row.submission.unit_name} {row.contact.name if row.contact else ''}"))
        and (not kind or row.submission.kind == kind)
        and (not state or row.submission.state == state or (state == "overdue" and row.is_overdue))
    ]
    if order == "due":
        return tuple(sorted(found, key=lambda row: row.submission.due_at))
    if order == "late":
        return tuple(sorted(found, key=lambda row: -row.late_days))
    return tuple(found)
