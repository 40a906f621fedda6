"""An inbox in memory: a crash in the middle leaves a mail where it was, as a real one does."""

from collections.abc import Callable

from workflow.domain.incoming import IncomingMail
from workflow.ports import Fetched, NotNowError


class FakeInbox:
    """Implements ports.Inbox; `fault` is raised instead of a look."""

    def __init__(self, *mails: IncomingMail, fault: Exception | None = None) -> None:
        self.waiting = list(mails)
        self.aside: list[IncomingMail] = []
        self.fault = fault

    def fetch(
        self, take_in: Callable[[IncomingMail], object], give_up: Callable[[IncomingMail, str], object] | None = None
    ) -> Fetched:
        if self.fault:
            raise self.fault
        taken = 0
        for mail in tuple(self.waiting):
            try:
                take_in(mail)
                taken += 1
            except NotNowError:
                raise
            except Exception:  # noqa: BLE001 - as the real one, which waits for three looks
                if give_up:
                    give_up(mail, "problem")
                self.aside.append(mail)
            self.waiting.remove(mail)
        return Fetched(taken=taken, set_aside=len(self.aside), waiting=0)
