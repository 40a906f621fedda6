"""The desk where a batch's letters are written: flight by flight, and ahead while the server thinks."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from workflow.domain.messages import Message
from workflow.services.company import change_whole
from workflow.services.mailroom import Mailroom, log_message
from workflow.services.writing import NOTHING, Material, Written, write


@dataclass(slots=True)
class Desk:
    """What waits to fly: letters that are written, and behind them mails that are not."""

    room: Mailroom
    material: Material = NOTHING
    waiting: deque[Message] = field(default_factory=deque)
    written: deque[Written] = field(default_factory=deque)

    @property
    def has_mail(self) -> bool:
        return bool(self.waiting or self.written)

    def lay(self, mails: Iterable[Message], material: Material) -> None:
        """A new batch, when the last is written."""
        self.waiting, self.material = deque(mails), material

    def clear(self) -> None:
        self.waiting.clear()
        self.written.clear()

    @property
    def first(self) -> Message | None:
        """Whose turn it is, and who has waited longest."""
        return self.written[0].message if self.written else next(iter(self.waiting), None)

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

    def write_ahead(self, wanted: int) -> bool:
        """One letter while nobody answers, up to so many; False when there is none to write.

        Mails are in the air: whatever is wrong with a letter is left for `take`.
        """
        if not self.waiting or len(self.written) >= wanted:
            return False
        try:
            self.written.append(self._write(self.waiting[0]))
        except Exception:  # noqa: BLE001 - as above; the replies are read first
            return False
        self.waiting.popleft()
        return True

    def put_first(self, mail: Written) -> None:
        self.written.appendleft(mail)

    def _write(self, message: Message) -> Written:
        return write(self.room, message, self.material, now=self.room.clock.now())

    def _fail(self, message: Message, broken: Exception) -> None:
        failed = message.failed(f"{type(broken).__name__}: {broken}")
        with self.room.db.begin() as work:
            if all(change_whole(work, [(message, failed)])):
                log_message(work, "message.failed", failed, self.room.clock.now(), why=type(broken).__name__)
