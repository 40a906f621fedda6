"""One unit's filled form in a round: its states, who may move it where, its deadline and its handed-in editions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from json import dumps

from workflow.domain.attachments import AttachedFile
from workflow.domain.calendar import Calendar
from workflow.domain.errors import (
    DeadlineError,
    FarDeadlineError,
    IncompleteError,
    MoveRefusedError,
    NoExtensionError,
    PassedDeadlineError,
    ReasonMissingError,
)
from workflow.domain.forms import Answers, QuestionSet, count_answered, missing
from workflow.domain.people import UnitKind


class State(StrEnum):
    NOT_STARTED = "not_started"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    EXCUSED = "excused"


class Move(StrEnum):
    WRITE = "write"
    SUBMIT = "submit"
    TAKE_BACK = "take_back"
    RETURN = "return"
    APPROVE = "approve"
    REOPEN = "reopen"
    EXCUSE = "excuse"


class Actor(StrEnum):
    CONTACT = "contact"
    COORDINATOR = "coordinator"


MOVES: Mapping[tuple[State, Move], State] = {
    (State.NOT_STARTED, Move.WRITE): State.DRAFT,
    (State.DRAFT, Move.WRITE): State.DRAFT,
    (State.RETURNED, Move.WRITE): State.RETURNED,
    (State.DRAFT, Move.SUBMIT): State.SUBMITTED,
    (State.RETURNED, Move.SUBMIT): State.SUBMITTED,
    (State.SUBMITTED, Move.TAKE_BACK): State.DRAFT,  # or RETURNED again, where it was a supplement
    (State.SUBMITTED, Move.RETURN): State.RETURNED,
    (State.SUBMITTED, Move.APPROVE): State.APPROVED,
    (State.APPROVED, Move.REOPEN): State.RETURNED,
    (State.NOT_STARTED, Move.EXCUSE): State.EXCUSED,
    (State.DRAFT, Move.EXCUSE): State.EXCUSED,
    (State.SUBMITTED, Move.EXCUSE): State.EXCUSED,
    (State.RETURNED, Move.EXCUSE): State.EXCUSED,
}

WHO: Mapping[Move, Actor] = {
    Move.WRITE: Actor.CONTACT,
    Move.SUBMIT: Actor.CONTACT,
    Move.TAKE_BACK: Actor.CONTACT,
    Move.RETURN: Actor.COORDINATOR,
    Move.APPROVE: Actor.COORDINATOR,
    Move.REOPEN: Actor.COORDINATOR,
    Move.EXCUSE: Actor.COORDINATOR,
}

OWED = frozenset({State.NOT_STARTED, State.DRAFT, State.RETURNED})
"""The states in which the unit still owes an answer: reminders go, lateness counts."""


FARTHEST = timedelta(days=400)  # a last day more than a year away is a mistyped year


@dataclass(frozen=True, slots=True)
class Standing:
    """Of a submission, all that a mail's truth depends on: what the marker reads again for every mail."""

    state: State
    deadline_revision: int
    due_at: datetime

    @property
    def is_owed(self) -> bool:
        return self.state in OWED


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One unit in one round. Holds no answer text: drafts and editions live behind doors of their own.

    `due_at` is the one effective deadline, in force since `due_set_at`; `deadline_revision` counts its moves.
    `received_at` and `late_days` are stamped at the first submission and never change.
    `has_contact`: mail can go to somebody; Recipients.add makes it so, and saving the submission leaves it alone.
    `open_questions` empty means all; after a return, only those keys may change. `version` guards every write.
    """

    id: str
    round: str
    unit: str
    unit_name: str
    kind: UnitKind
    due_at: datetime
    due_set_at: datetime
    questions: int
    state: State = State.NOT_STARTED
    deadline_revision: int = 0
    extended: bool = False
    answered: int = 0
    saved_at: datetime | None = None
    edition: int = 0
    received_at: datetime | None = None
    handed_in_at: datetime | None = None
    late_days: int = 0
    review_started: bool = False
    open_questions: tuple[str, ...] = ()
    comments: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    decided_at: datetime | None = None
    decided_by: str = ""
    diary_number: str = ""
    has_contact: bool = True
    version: int = field(default=0, compare=False)

    def allows(self, move: Move) -> bool:
        if move is Move.TAKE_BACK and self.review_started:
            return False
        return (self.state, move) in MOVES

    def is_sealed(self, edition: int) -> bool:
        """Whether the unit may still take this edition back unread."""
        return edition == self.edition and self.allows(Move.TAKE_BACK)

    @property
    def is_owed(self) -> bool:
        return self.state in OWED

    @property
    def standing(self) -> "Standing":
        return Standing(self.state, self.deadline_revision, self.due_at)

    @property
    def footing(self) -> str:
        """What a decision about the deadline or an excuse rests on. A saved draft leaves it as it is."""
        state = State.DRAFT if self.state is State.NOT_STARTED else self.state
        return f"{state}.{self.edition}.{self.deadline_revision}"

    def is_overdue(self, now: datetime) -> bool:
        return self.is_owed and now > self.due_at

    def accepts_answer(self, question: str) -> bool:
        return not self.open_questions or question in self.open_questions

    def write(self, questions: QuestionSet, answers: Answers, *, at: datetime) -> "Submission":
        """The draft changed: counts what is answered, never keeps the text."""
        moved = self._moved(Move.WRITE)
        return replace(moved, answered=count_answered(questions, answers), saved_at=at)

    def submit(self, questions: QuestionSet, answers: Answers, *, at: datetime, calendar: Calendar) -> "Submission":
        """The legal moment: stamps `received_at` and lateness the first time (OSL 5 kap. 1 §).

        Raises IncompleteError with the keys of what is missing, MoveRefusedError in any other state.
        """
        moved = self._moved(Move.SUBMIT)
        lacking = missing(questions, answers)
        if lacking:
            raise IncompleteError(count=len(lacking), missing=tuple(question.key for question in lacking))
        first = self.received_at is None
        return replace(
            moved,
            answered=count_answered(questions, answers),
            edition=self.edition + 1,
            handed_in_at=at,
            received_at=at if first else self.received_at,
            late_days=calendar.days_late(self.due_at, at) if first else self.late_days,
            review_started=False,
        )

    def take_back(self, *, at: datetime) -> "Submission":
        """The contact takes it back before a coordinator has begun to review; the edition stays on record.

        A supplement is returned again, with its comments. Nobody is reminded on the day they took it back.
        """
        moved = self._moved(Move.TAKE_BACK)
        is_supplement = bool(self.reason or self.comments)
        return replace(moved, due_set_at=at, state=State.RETURNED if is_supplement else moved.state)

    def start_review(self) -> "Submission":
        if self.state is not State.SUBMITTED:
            raise MoveRefusedError(move="review", state=self.state)
        return replace(self, review_started=True)

    def approve(self, *, by: str, at: datetime) -> "Submission":
        return replace(self._moved(Move.APPROVE), decided_by=by, decided_at=at, open_questions=(), comments={})

    def give_back(
        self,
        move: Move,
        *,
        reason: str,
        comments: Mapping[str, str],
        due_at: datetime,
        by: str,
        at: datetime,
    ) -> "Submission":
        """Return (or reopen) for a supplement: the commented questions open again, with a deadline of their own."""
        moved = self._moved(move)
        if not reason.strip() and not any(comment.strip() for comment in comments.values()):
            raise ReasonMissingError
        return replace(
            _with_deadline(moved, due_at, at),
            reason=reason.strip(),
            comments=dict(comments),
            open_questions=tuple(comments),
            decided_by=by,
            decided_at=at,
            extended=False,
        )

    def excuse(self, *, reason: str, by: str, at: datetime) -> "Submission":
        moved = self._moved(Move.EXCUSE)
        if not reason.strip():
            raise ReasonMissingError
        return replace(moved, reason=reason.strip(), decided_by=by, decided_at=at)

    def extend(self, due_at: datetime, *, at: datetime) -> "Submission":
        """A new last day for a unit that still owes its answer; only an extension may be made shorter again."""
        if not self.is_owed:
            raise MoveRefusedError(move="extend", state=self.state)
        moved = _with_deadline(self, due_at, at)
        if due_at == self.due_at or (due_at < self.due_at and not self.extended):
            raise NoExtensionError(due=self.due_at)
        return replace(moved, extended=True)

    def end_extension(self, due_at: datetime, *, at: datetime) -> "Submission":
        """Back to the day that stood before. Raises PassedDeadlineError when that would make the unit late."""
        if not (self.is_owed and self.extended):
            raise MoveRefusedError(move="end_extension", state=self.state)
        if due_at <= at:
            raise PassedDeadlineError(due=due_at)
        return self.follow(due_at, at=at)

    def follow(self, due_at: datetime, *, at: datetime) -> "Submission":
        """The round's common day, from now on; a revision is counted only where the date changes."""
        if due_at == self.due_at:
            return replace(self, extended=False)
        moved = replace(self, due_at=due_at, due_set_at=at, deadline_revision=self.deadline_revision + 1)
        return replace(moved, extended=False)

    def rejoin(self, common: datetime, *, at: datetime) -> "Submission":
        """Taken back after the round's common day was moved: what is owed again follows it, unless it has longer.

        Not to an earlier day that has passed: nobody is late for a day that they were never told of.
        """
        is_past = common <= at and self.due_at > common
        if self.state is State.RETURNED or (self.extended and self.due_at > common) or is_past:
            return self
        return self.follow(common, at=at)

    def _moved(self, move: Move) -> "Submission":
        if not self.allows(move):
            raise MoveRefusedError(move=move, state=self.state)
        return replace(self, state=MOVES[self.state, move])


def _with_deadline(submission: Submission, due_at: datetime, at: datetime) -> Submission:
    if due_at <= at:
        raise DeadlineError(now=at)
    if due_at - at > FARTHEST:
        raise FarDeadlineError(due=due_at)
    return replace(submission, due_at=due_at, due_set_at=at, deadline_revision=submission.deadline_revision + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One handed-in version, kept whole for ever; `files` are the attachments that came in with it."""

    submission: str
    number: int
    answers: Answers
    received_at: datetime
    received_from: str
    late_days: int
    files: tuple[AttachedFile, ...] = ()

    @property
    def slot(self) -> str:
        """Names the receipt of this edition in the ledger."""
        return f"edition-{self.number}"

    @property
    def sha256(self) -> str:
        return answers_sha256(self.answers, self.files)

    def changed_since(self, earlier: "Edition") -> frozenset[str]:
        """The questions that are answered otherwise than in that one."""
        keys = self.answers.keys() | earlier.answers.keys()
        return frozenset(key for key in keys if self.answers.get(key) != earlier.answers.get(key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A contact as frozen into a round when it opened, with the time in which mails go to them and their link opens.

    From `starts_at` (None: always) until `ends_at`, that moment not included (None: for ever). A change at New Year
    that the register knew of is part of the freeze; a hand-over ends it at once.

    `invited_by` is the recipient who let them answer too, "" for those of the register. Whoever was invited has a link,
    and no mail but what is about it. `is_unreachable` is not frozen: mail comes back from the address, as the register
    has it today.
    """

    id: str
    submission: str
    role: str
    name: str
    email: str
    phone: str = ""
    language: str = "sv"
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    invited_by: str = ""
    is_unreachable: bool = False

    @property
    def first_name(self) -> str:
        return self.name.split(" ", maxsplit=1)[0]

    def is_right(self, at: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= at) and (self.ends_at is None or at < self.ends_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A personal link: the id is public, the secret is only known hashed (SHA-256, hexadecimal).

    It opens from `starts_at` (None: at once) until `expires_at`, or until it is revoked.
    """

    id: str
    submission: str
    recipient: str
    secret_sha256: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    starts_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at and (self.starts_at is None or self.starts_at <= now)


def submission_id(round_id: str, unit: str) -> str:
    return f"{round_id}.{unit}"


def answers_sha256(answers: Answers, files: Iterable[AttachedFile] = ()) -> str:
    """The fingerprint of what was handed in: SHA-256 over canonical JSON, the same on every machine.

    Attachments are in it by name, fingerprint and size; without any it is that of the answers alone.
    """
    rows = [
        [answer.question, answer.text, answer.not_applicable, answer.na_reason] for _, answer in sorted(answers.items())
    ]
    attached = sorted([each.name, each.sha256, each.size] for each in files)
    whole = {"answers": rows, "files": attached} if attached else rows
    return sha256(dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
