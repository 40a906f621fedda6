"""The doors that sending needs, and how it writes into the log."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from workflow.domain.audit import Event
from workflow.domain.calendar import Calendar
from workflow.domain.channel import NO_LIMIT, Rate
from workflow.domain.messages import Message
from workflow.domain.people import Office
from workflow.domain.plans import RoundPlans
from workflow.ports import Clock, Database, Documents, Envelopes, Postman, Renderer, Secrets, Work
from workflow.services.rounds import SYSTEM

Plans = Callable[[], RoundPlans | None]
"""Reads what rounds.toml says now; None where it cannot be read."""
Patience = Callable[[Exception, int], bool]
"""True, after a while, where it may go better next time; False where it will not, or has been tried often enough."""
CHANNEL = "smtp"
"""The name of the one way out there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailroom:
    """The doors that sending needs. `connections` mails are handed over at the same time."""

    db: Database
    clock: Clock
    postman: Postman
    renderer: Renderer
    envelopes: Envelopes
    documents: Documents
    secrets: Secrets
    calendar: Calendar
    office: Office
    connections: int = 1
    result_waits: float = 0.001
    """Seconds that results wait at the most for others that could share their commit."""
    marker_waits: float = 0.0
    """The same for markers: nothing, because a connection stands idle meanwhile."""
    rate: Rate = NO_LIMIT
    plans: Plans = lambda: None
    waits_out: Patience = lambda _error, _tries: False
    """Asked when what was heard could not be written."""
    steady: Callable[[], float] = lambda: 0.0
    """Seconds that nobody sets; only differences mean anything. Where it stands still, nobody looks again in flight."""
    held: Callable[[], bool] = lambda: False
    """Asked before each claim: True, and nothing more is claimed (the clock is suspect)."""
    is_ending: Callable[[], bool] = lambda: False
    """Asked before each mail: True, and what is claimed and not begun is put back; nothing more is claimed."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many were handed over, and how many ended otherwise."""

    sent: int = 0
    other: int = 0

    def __add__(self, more: "Tally") -> "Tally":
        return Tally(self.sent + more.sent, self.other + more.other)


def log_message(work: Work, kind: str, message: Message, now: datetime, *, by: str = SYSTEM, **data: str | int) -> None:
    """An event about one mail, which says what kind of mail it is."""
    work.log.append(
        Event(
            kind=kind,
            actor=by,
            at=now,
            round=message.round,
            submission=message.submission,
            message=message.id,
            data={"mail": message.kind, "slot": message.slot, **data},
        )
    )
