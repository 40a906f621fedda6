"""What should be true, said a second time in plain Python: units, their answers and deadlines, and the mails owed."""

from dataclasses import dataclass, field
from datetime import datetime

from workflow.domain.messages import MessageKind
from workflow.domain.reminders import Slot

WRITABLE = {"not_started", "draft", "returned"}
MOVES = {
    "submit": ({"draft", "returned"}, "submitted"),
    "take_back": ({"submitted"}, "draft"),
    "approve": ({"submitted"}, "approved"),
    "return": ({"submitted"}, "returned"),
    "reopen": ({"approved"}, "returned"),
    "excuse": ({"not_started", "draft", "submitted", "returned"}, "excused"),
}


@dataclass
class Unit:
    """One unit's half of the truth. `mails` are its keys in the ledger: (kind, slot, revision) → why it was skipped."""

    reachable: bool
    questions: tuple[str, ...]
    due_at: datetime
    due_set_at: datetime
    state: str = "not_started"
    revision: int = 0
    editions: int = 0
    received_at: datetime | None = None
    reviewed: bool = False
    extended: bool = False
    supplement: bool = False
    answers: dict[str, str] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    mails: dict[tuple[str, str, int], str] = field(default_factory=dict)
    common: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.common = self.due_at

    def owes(self) -> bool:
        return self.state in WRITABLE

    def mail(self, kind: MessageKind, slot: str, skipped: str = "") -> None:
        if self.reachable:
            self.mails.setdefault((kind, slot, self.revision), skipped)

    def save(self, question: str, text: str) -> bool:
        locked = self.open and question not in self.open and self.answers.get(question) != text
        if self.state not in WRITABLE or locked:
            return False
        self.answers[question] = text
        self.state = "draft" if self.state == "not_started" else self.state
        return True

    def move(self, name: str) -> bool:
        allowed, target = MOVES[name]
        refused = (name == "take_back" and self.reviewed) or (
            name == "submit" and len(self.answers) < len(self.questions)
        )
        if self.state not in allowed or refused:
            return False
        self.state = target
        return True

    def submit(self, now: datetime) -> bool:
        if not self.move("submit"):
            return False
        self.editions, self.reviewed, self.received_at = self.editions + 1, False, self.received_at or now
        self.mail(MessageKind.RECEIPT, f"edition-{self.editions}")
        return True

    def take_back(self, now: datetime) -> bool:
        """Nobody is reminded on the day they took it back; a supplement is one still."""
        if not self.move("take_back"):
            return False
        self.state, self.due_set_at = "returned" if self.supplement else "draft", now
        return True

    def give_back(self, move: str, due_at: datetime, now: datetime, questions: set[str]) -> bool:
        if due_at <= now or not self.move(move):
            return False
        self.open, self.supplement, self.extended = questions, True, False
        self._set_deadline(due_at, now, MessageKind.RETURNED, "return")
        return True

    def extend(self, due_at: datetime, now: datetime) -> bool:
        """More time; once it has been given, it may be shortened, but not to less than everybody has."""
        if due_at <= now or not self.owes() or due_at == self.due_at:
            return False
        if not (self.extended or due_at > self.due_at) or (self.state != "returned" and due_at <= self.common):
            return False
        self.extended = True
        self._set_deadline(due_at, now, MessageKind.EXTENSION, "extension")
        return True

    def approve(self) -> bool:
        if not self.move("approve"):
            return False
        self.open = set()
        self.mail(MessageKind.APPROVED, f"edition-{self.editions}")
        return True

    def excuse(self) -> bool:
        if not self.move("excuse"):
            return False
        self.mail(MessageKind.EXCUSED, "excused")
        return True

    def start_review(self) -> bool:
        self.reviewed = self.reviewed or self.state == "submitted"
        return self.reviewed

    def lacks(self, slots: tuple[Slot, ...], now: datetime) -> bool:
        """Whether a reminder is due that the ledger does not account for yet."""
        return self.owes() and any(
            each.send_at <= now and (each.mail, each.key, self.revision) not in self.mails for each in slots
        )

    def _set_deadline(self, due_at: datetime, now: datetime, kind: MessageKind, slot: str) -> None:
        self.due_at, self.due_set_at, self.revision = due_at, now, self.revision + 1
        self.mail(kind, f"{slot}-{self.revision}")

    def plan(self, slots: tuple[Slot, ...], now: datetime, until: datetime) -> None:
        """The newest due reminder goes unless it would say something untrue; none disappears unaccounted.

        Later hours up to `until` are planned at once, where the person has other business.
        """
        known = {slot for kind, slot, revision in self.mails if revision == self.revision}
        due = [slot for slot in slots if slot.send_at <= until and slot.key not in known]
        for slot in due if self.owes() else ():
            later = (each for each in slots if slot.send_at < each.send_at <= until)
            is_newest = slot is due[-1] and not any(each.key in known for each in later)
            stale = "" if slot.offset > 0 or now < self.due_at else "too_late"
            self.mail(slot.mail, slot.key, stale if is_newest else "superseded")
