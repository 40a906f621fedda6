"""One mail on its connection: prepared, marked, released, answered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from workflow.domain.messages import Message
from workflow.ports import Channel, Handover, Preparation
from workflow.services.landing import Flown
from workflow.services.writing import Written


@dataclass(slots=True, eq=False)
class Boarding:
    """`message` is the row as the ledger has it; `ended` how the hand-over ended. `number` is its place in the run."""

    written: Written
    channel: Channel
    started: datetime
    number: int
    message: Message = field(init=False)
    preparing: Preparation = field(init=False)
    is_ready: bool = False
    is_released: bool = False
    ended: Handover | None = None

    def __post_init__(self) -> None:
        self.message = self.written.message
        mail, waits = self.written, self.message.waits_for_copies(self.started)
        self.preparing = self.channel.prepare(mail.sender, mail.recipients, mail.data, waits=waits)

    def go_on(self) -> None:
        """Carry it on to where it waits next: for its server, for its marker, or for nothing more."""
        if self.is_released:
            if self.channel.has_answered():
                self.ended = self.channel.read_reply()
            return
        try:
            next(self.preparing)
        except StopIteration as over:
            self.ended, self.is_ready = over.value, over.value is None

    def release(self, marked: Message) -> None:
        """The one step that cannot be taken back; the marker is committed."""
        self.message, self.is_ready, self.is_released = marked, False, True
        self.channel.send_dot()

    def withdraw(self, why: Handover) -> None:
        self.ended, self.is_ready = why, False
        self.channel.drop()

    def flown(self) -> Flown:
        """Raises RuntimeError for a mail that is still in the air."""
        if self.ended is None:
            raise RuntimeError(self.message.id)
        return Flown(self.message, self.ended, self.started)


def flown(boarded: Sequence[Boarding]) -> list[Flown]:
    return [each.flown() for each in boarded]
