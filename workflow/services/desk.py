"""The desk where a batch's letters are written: flight by flight, and ahead while the server thinks."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from workflow.domain.messages import Message
from workflow.services.company import change_whole
from workflow.services.mailroom import Mailroom, log_message
from workflow.services.writing import Material, Written, write


@dataclass(slots=True)
class Desk:
    """What waits to fly: letters that are written, and behind them mails that are not."""

    room: Mailroom
    material: Material
    waiting: deque[Message]
    written: deque[Written] = field(default_factory=deque)

    @property
    def rest(self) -> tuple[Message, ...]:
        return (*(each.message for each in self.written), *self.waiting)

    def take(self, wanted: int) -> list[Written]:
        """Up to so many letters. One that cannot be written fails, and never stops the others."""
        while self.waiting and len(self.written) < wanted:
            message = self.waiting.popleft()
            try:
                self.written.append(self._write(message))
            except MemoryError:
                raise  # the machine's trouble, not the mail's: its lease runs out, and it is tried again
            except Exception as broken:  # noqa: BLE001 - a broken template, an impossible address: whatever a site has
                self._fail(message, broken)
        return [self.written.popleft() for _ in range(min(wanted, len(self.written)))]

    def write_ahead(self, wanted: int, *, until: Callable[[], bool]) -> None:
        """Write while nobody answers. Mails are in the air: whatever is wrong with a letter is left for `take`."""
        while self.waiting and len(self.written) < wanted and not until():
            try:
                self.written.append(self._write(self.waiting[0]))
            except Exception:  # noqa: BLE001 - as above; the replies are read first
                return
            self.waiting.popleft()

    def put_first(self, mail: Written) -> None:
        self.written.appendleft(mail)

    def _write(self, message: Message) -> Written:
        return write(self.room, message, self.material, now=self.room.clock.now())

    def _fail(self, message: Message, broken: Exception) -> None:
        failed = message.failed(f"{type(broken).__name__}: {broken}")
        with self.room.db.begin() as work:
            if all(change_whole(work, [(message, failed)])):
                log_message(work, "message.failed", failed, self.room.clock.now(), why=type(broken).__name__)
