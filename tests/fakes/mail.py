"""A mail server in memory: answers by a script, remembers what it took, and looks between body and dot."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from workflow.ports import Channel, Handover, Outcome, Phase


@dataclass(slots=True)
class Taken:
    """One mail the server answered 250 for."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes


@dataclass
class FakePostman:
    """`script` holds outcomes to come; after them everything is accepted. `between` runs between marker and dot."""

    script: list[Outcome] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    before_marker: Callable[[], None] = lambda: None

    @contextmanager
    def connect(self) -> Iterator[Channel]:
        yield self

    def hand_over(
        self, sender: str, recipients: Sequence[str], data: bytes, *, before_dot: Callable[[], bool]
    ) -> Handover:
        outcome = self.script.pop(0) if self.script else Outcome.ACCEPTED
        if outcome in {Outcome.REFUSED, Outcome.BLOCKED}:
            return Handover(outcome, Phase.RCPT, 550, "5.1.1 no such user")
        if outcome is Outcome.RETRY:
            return Handover(outcome, Phase.RCPT, 450, "4.2.0 greylisted")
        self.before_marker()
        if not before_dot():
            return Handover(Outcome.WITHDRAWN, Phase.MARKER, None, "")
        if outcome is Outcome.UNKNOWN:
            return Handover(outcome, Phase.DOT, None, "connection lost")
        self.taken.append(Taken(sender, tuple(recipients), data))
        return Handover(Outcome.ACCEPTED, Phase.DONE, 250, "2.0.0 Ok")
