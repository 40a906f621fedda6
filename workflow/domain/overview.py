"""What a coordinator sees of a round: a fold over submissions, never over drafts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.domain.calendar import Calendar
from workflow.domain.people import UnitKind, sort_key
from workflow.domain.submissions import OWED, Recipient, State, Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class NextMail:
    """The next mail to a unit: its kind and when."""

    kind: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One unit. `late_days` counts working days: running while owed, stamped once it has come in.

    `undelivered` holds the ids of mails that failed or whose fate is unknown. `unreachable` are those who are, or would
    be, its contact if mail did not come back from them.
    """

    submission: Submission
    contact: Recipient | None
    late_days: int
    is_overdue: bool
    last_sign: datetime | None
    next_mail: NextMail | None
    undelivered: tuple[str, ...] = ()
    unreachable: tuple[Recipient, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A round at a glance, rows in Swedish order."""

    rows: tuple[Row, ...]

    @property
    def counts(self) -> Mapping[State, int]:
        found = Counter(row.submission.state for row in self.rows)
        return {state: found[state] for state in State}

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
    unreachable: Sequence[Recipient] = (),
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
        unreachable=tuple(unreachable),
    )


def in_swedish_order(rows: Sequence[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: sort_key(row.submission.unit_name)))


# --- for rounds of any size --------------------------------------------------

OWES, OVERDUE, WITHOUT_CONTACT = "owes", "overdue", "without_contact"
"""What may be wanted beside the states: of a unit that still owes its answer, whether it is late or without contact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which units of a round, and in what order. Empty means all.

    `state` is a State, OWES, OVERDUE or WITHOUT_CONTACT. `text` is sought in the names of unit and contacts, whatever
    their dots.
    `order`: "name" the Swedish way; "due" earliest first; "late" those late now first, the latest on top, then those
    that came in late; "waiting" by when they were handed in, oldest first.
    """

    text: str = ""
    state: str = ""
    kind: str = ""
    order: str = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """How many units of a kind stand alike under the same last day."""

    state: State
    kind: UnitKind
    due_at: datetime
    due_set_at: datetime
    has_contact: bool
    units: int

    @property
    def is_owed(self) -> bool:
        return self.state in OWED

    def fits(self, wanted: Wanted, now: datetime) -> bool:
        """Whether they are wanted, as far as a group knows."""
        if wanted.kind and self.kind != wanted.kind:
            return False
        if wanted.state == OWES:
            return self.is_owed
        if wanted.state == OVERDUE:
            return self.is_owed and self.due_at < now
        return not wanted.state or self.state == wanted.state

    def example(self, round_id: str) -> Submission:
        """A unit that stands as these do."""
        return Submission(
            id="",
            round=round_id,
            unit="",
            unit_name="",
            kind=self.kind,
            due_at=self.due_at,
            due_set_at=self.due_set_at,
            questions=0,
            state=self.state,
            has_contact=self.has_contact,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundStanding:
    """How many units stand how."""

    groups: tuple[Group, ...]
    now: datetime

    @property
    def units(self) -> int:
        return sum(group.units for group in self.groups)

    @property
    def counts(self) -> Mapping[State, int]:
        counted = Counter(dict.fromkeys(State, 0))
        for group in self.groups:
            counted[group.state] += group.units
        return counted

    @property
    def handed_in(self) -> int:
        return self.counts[State.SUBMITTED] + self.counts[State.APPROVED]

    @property
    def owed(self) -> int:
        return sum(group.units for group in self.groups if group.is_owed)

    @property
    def overdue(self) -> int:
        return self.count(Wanted(state=OVERDUE))

    def count(self, wanted: Wanted) -> int:
        """How many are wanted, but for what no group knows: `text`, and WITHOUT_CONTACT."""
        return sum(group.units for group in self.groups if group.fits(wanted, self.now))
