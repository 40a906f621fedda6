"""A round: one opening of one form for one period, with a deadline per kind of unit and its table of moves."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from workflow.domain.codes import LinkMode
from workflow.domain.errors import (
    ClosesBeforeError,
    DeadlineError,
    FarDeadlineError,
    RefusedError,
    RoundMoveRefusedError,
    StaleWriteError,
)
from workflow.domain.forms import Form
from workflow.domain.people import UnitKind
from workflow.domain.reminders import Policy
from workflow.domain.submissions import FARTHEST


class NotHeldError(RefusedError):
    sentence = "Omgången {round} väntar inte på att bekräftas."


class NotConfirmedError(RefusedError):
    """Only a person opens what nobody has confirmed."""

    sentence = "Omgången {round} är inte bekräftad och öppnar därför inte av sig själv."


class RoundState(StrEnum):
    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"
    BUNDLED = "bundled"
    CANCELLED = "cancelled"


class RoundMove(StrEnum):
    OPEN = "open"
    CLOSE = "close"
    BUNDLE = "bundle"
    CANCEL = "cancel"
    MOVE = "move"


ROUND_MOVES: Mapping[tuple[RoundState, RoundMove], RoundState] = {
    (RoundState.PLANNED, RoundMove.OPEN): RoundState.OPEN,
    (RoundState.PLANNED, RoundMove.CANCEL): RoundState.CANCELLED,
    (RoundState.PLANNED, RoundMove.MOVE): RoundState.PLANNED,
    (RoundState.OPEN, RoundMove.MOVE): RoundState.OPEN,
    (RoundState.OPEN, RoundMove.CLOSE): RoundState.CLOSED,
    (RoundState.CLOSED, RoundMove.BUNDLE): RoundState.BUNDLED,
    (RoundState.BUNDLED, RoundMove.BUNDLE): RoundState.BUNDLED,  # a supplement makes a new, numbered edition
}

ANSWERABLE = frozenset({RoundState.OPEN, RoundState.CLOSED, RoundState.BUNDLED})
"""Nobody is locked out after the deadline: KS's duty of oversight (KL 6 kap.) is better served late than never."""


class PeriodType(StrEnum):
    """A usual part of the year, from January on."""

    TERTIAL = "tertial"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"

    @property
    def length(self) -> int:
        """How many months it has."""
        return {PeriodType.TERTIAL: 4, PeriodType.QUARTER: 3, PeriodType.HALF_YEAR: 6, PeriodType.YEAR: 12}[self]

    @property
    def per_year(self) -> int:
        """How many of them a year has."""
        return 12 // self.length

    def months(self, number: int, *, cumulative: bool) -> tuple[int, int]:
        """First and last month of the year's `number`-th (from 1); a cumulative one starts in January."""
        last = number * self.length
        return (1 if cumulative else last - self.length + 1), last


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A type of period. `first_month`–`last_month` are inclusive; a cumulative one starts in January."""

    code: str
    title: Mapping[str, str]
    first_month: int
    last_month: int

    def name(self, year: int, language: str) -> str:
        return f"{self.title[language]} {year}"

    def span(self, year: int) -> tuple[date, date]:
        """First and last day covered."""
        after = date(year + self.last_month // 12, self.last_month % 12 + 1, 1)
        return date(year, self.first_month, 1), date.fromordinal(after.toordinal() - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round, with its own frozen copy of form and reminder policy.

    `due_at` maps a kind of unit to its common deadline (an instant); `opens_at`, `closes_at` are instants.
    One that is not `confirmed` is held: it is shown, and opens only by a person's hand. `links` is how its personal
    links open.
    """

    id: str
    year: int
    period: Period
    form: Form
    policy: Policy
    opens_at: datetime
    due_at: Mapping[UnitKind, datetime]
    closes_at: datetime
    confirmed: bool = True
    links: LinkMode = LinkMode.DIRECT
    state: RoundState = RoundState.PLANNED
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    editions: int = 0
    version: int = field(default=0, compare=False)

    def title(self, language: str) -> str:
        return self.period.name(self.year, language)

    @property
    def span(self) -> tuple[date, date]:
        return self.period.span(self.year)

    @property
    def kinds(self) -> frozenset[UnitKind]:
        return frozenset(self.due_at)

    @property
    def is_held(self) -> bool:
        """Whether it waits for a person to confirm it."""
        return self.state is RoundState.PLANNED and not self.confirmed

    def waits_in_vain(self, now: datetime) -> bool:
        """Whether it should have opened, and did not because nobody has confirmed it."""
        return self.is_held and self.opens_at <= now < self.closes_at

    def must_be(self, version: int | None) -> None:
        """Raises StaleWriteError unless it is the version that was shown; None: none was."""
        if version is not None and version != self.version:
            raise StaleWriteError

    def allows(self, move: RoundMove) -> bool:
        return (self.state, move) in ROUND_MOVES

    def open(self, now: datetime) -> "Round":
        """Whoever opens it by hand has confirmed it by that."""
        return replace(self._moved(RoundMove.OPEN), opened_at=now, confirmed=True)

    def confirm(self) -> "Round":
        """Let it open by itself. Raises NotHeldError."""
        if not self.is_held:
            raise NotHeldError(round=self.id)
        return replace(self, confirmed=True)

    def close(self, now: datetime) -> "Round":
        return replace(self._moved(RoundMove.CLOSE), closed_at=now)

    def bundle(self) -> "Round":
        return replace(self._moved(RoundMove.BUNDLE), editions=self.editions + 1)

    def move(
        self, kinds: Collection[UnitKind], due_at: datetime, *, closes_at: datetime | None, now: datetime
    ) -> "Round":
        """Another common last day for these kinds, and another closing where it is given.

        Raises DeadlineError unless it lies ahead, FarDeadlineError, and ClosesBeforeError when it is after the closing.
        """
        moved = self._moved(RoundMove.MOVE)
        closes = closes_at or self.closes_at
        if due_at <= max(now, self.opens_at) or closes <= now:
            raise DeadlineError(now=max(now, self.opens_at))
        if max(due_at, closes) - max(now, self.opens_at) > FARTHEST:
            raise FarDeadlineError(due=max(due_at, closes))
        dues = {**self.due_at, **dict.fromkeys(kinds, due_at)}
        if max(dues.values()) > closes:
            raise ClosesBeforeError(closes=closes)
        return replace(moved, due_at=dues, closes_at=closes)

    def cancel(self) -> "Round":
        return self._moved(RoundMove.CANCEL)

    def _moved(self, move: RoundMove) -> "Round":
        target = ROUND_MOVES.get((self.state, move))
        if target is None:
            raise RoundMoveRefusedError(round=self.id, state=self.state, move=move)
        return replace(self, state=target)


def round_id(year: int, period: str) -> str:
    """How people write a round: 2027-T1."""
    return f"{year}-{period}"
