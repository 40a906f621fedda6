"""The ledger of intended sends: a message's identity, its states and moves, and when it is no longer true."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum

from workflow.domain.calendar import Calendar
from workflow.domain.clockguard import JUMP
from workflow.domain.codes import CODE_LIFE
from workflow.domain.people import fold_address
from workflow.domain.submissions import Standing, State, Submission


class MessageKind(StrEnum):
    """One per folder in email_templates/."""

    INVITATION = "invitation"
    REMINDER = "reminder"
    LAST_DAY = "last_day"
    OVERDUE = "overdue"
    RETURNED = "returned"
    RECEIPT = "receipt"
    APPROVED = "approved"
    EXTENSION = "extension"
    EXCUSED = "excused"
    DIGEST = "digest"
    REVIEW_REMINDER = "review_reminder"
    EXTENSION_REFUSED = "extension_refused"
    EXTENSION_WITHDRAWN = "extension_withdrawn"
    MOVED = "moved"
    HANDOVER = "handover"
    HANDED_OVER = "handed_over"
    DETAILS_CHECK = "details_check"
    CODE = "code"
    NEW_LINK = "new_link"
    MAILED_FORM = "mailed_form"
    COLLEAGUE = "colleague"
    DETAILS_REFUSED = "details_refused"


REMINDERS = frozenset({MessageKind.REMINDER, MessageKind.LAST_DAY, MessageKind.OVERDUE})
TO_OFFICE = frozenset({MessageKind.DIGEST, MessageKind.REVIEW_REMINDER})
"""Mails to a coordinator about everything that needs doing on a day: about no unit, in no round."""
WINDOWED = REMINDERS | TO_OFFICE | {MessageKind.INVITATION, MessageKind.DETAILS_CHECK}
"""What Tertial sends by itself leaves in working hours; an answer to what a person just did leaves at once."""
OF_A_LINK = frozenset({MessageKind.CODE, MessageKind.NEW_LINK})
"""Mails about one personal link. Somebody waits for them at a screen: they leave before what else is due."""
OF_ONE_PERSON = OF_A_LINK | {MessageKind.MAILED_FORM, MessageKind.COLLEAGUE}
"""They are never written anew to somebody else."""
LAST_DAYS = frozenset(
    {
        MessageKind.EXTENSION,
        MessageKind.EXTENSION_REFUSED,
        MessageKind.EXTENSION_WITHDRAWN,
        MessageKind.MOVED,
    }
)
"""Mails that tell of a last day somebody decided about."""
OWED_ONLY = (
    REMINDERS
    | LAST_DAYS
    | {MessageKind.INVITATION, MessageKind.RETURNED, MessageKind.MAILED_FORM, MessageKind.COLLEAGUE}
)
"""Mails that ask for an answer: untrue, and therefore not sent, once the answer has come in."""


class MessageState(StrEnum):
    PLANNED = "planned"
    SENDING = "sending"
    HANDING = "handing"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    HELD = "held"


DECISIONS = {MessageKind.APPROVED: State.APPROVED, MessageKind.EXCUSED: State.EXCUSED}
"""Mails that tell of a decision: untrue when it has been undone before they left."""
DATED = REMINDERS | LAST_DAYS
"""Mails that speak of one certain last day: a moved deadline makes them untrue. The others tell of it as it stands."""
CONTACT_CHANGED = "contact_changed"
"""The mail's reader has been succeeded: it is written anew to the one who is right today."""
BEFORE_THE_LAST_DAY = frozenset({MessageKind.REMINDER, MessageKind.LAST_DAY})
TOO_LATE = "too_late"
WORDS_UNTRUE = "words_untrue"
"""The mail may not be written anew any more, and something that stands in it has become untrue."""
NOT_MEANT = "not_meant"
"""The unit is no longer in the state that this reminder is for."""

MESSAGE_MOVES: Mapping[MessageState, frozenset[MessageState]] = {
    MessageState.PLANNED: frozenset(
        {MessageState.SENDING, MessageState.CANCELLED, MessageState.SKIPPED, MessageState.HELD, MessageState.FAILED}
    ),
    MessageState.HELD: frozenset({MessageState.PLANNED, MessageState.CANCELLED, MessageState.SKIPPED}),
    MessageState.SENDING: frozenset(
        {MessageState.HANDING, MessageState.PLANNED, MessageState.FAILED, MessageState.CANCELLED, MessageState.HELD}
    ),
    MessageState.HANDING: frozenset(
        {MessageState.SENT, MessageState.UNKNOWN, MessageState.PLANNED, MessageState.FAILED}
    ),
    # skipped: a person has seen it and wants nothing more done
    MessageState.UNKNOWN: frozenset(
        {MessageState.SENT, MessageState.FAILED, MessageState.PLANNED, MessageState.SKIPPED}
    ),
    MessageState.FAILED: frozenset({MessageState.PLANNED, MessageState.SKIPPED}),
    MessageState.SENT: frozenset(),
    MessageState.CANCELLED: frozenset(),
    MessageState.SKIPPED: frozenset({MessageState.PLANNED}),  # only what a person skipped, and thinks better of
}

BY_HAND = "by_hand"
NOTE = "note"
"""Keys of `detail`: that a person has decided about this one mail, and their own words in it."""
INSTEAD_OF = "instead_of"
"""Key of `detail`: the name of the one whom this very mail did not reach."""
CROSSED = "crossed"
"""Key of `detail` of a receipt: a reminder had left the house, and its reply had not come, when they handed in."""
COPIES = "copies"
"""Key of `detail`: the roles that get a copy, with commas between."""
_MAY_HAVE_COME = "may_have_come"
"""Key of `detail`: nobody knew what became of an earlier try, so that its letter may be with its reader."""

PENDING = frozenset({MessageState.PLANNED, MessageState.SENDING, MessageState.HANDING, MessageState.HELD})
UNDELIVERED = frozenset({MessageState.FAILED, MessageState.UNKNOWN})
"""Ended, and somebody has to see to it."""

LEASE = timedelta(minutes=15)  # longer than the ten minutes RFC 5321 §4.5.3.2.6 gives the reply to the final dot
LONGEST_LEASE = LEASE + JUMP  # one that reaches further was given before the clock was set back, so far that it shows
RETRY_LADDER = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 45, 120, 240))  # greylisting asks for ≥ 5
GIVE_UP_AFTER = timedelta(days=3)
_TRIES_FOR_COPIES = 2  # then it goes to its reader alone: 20 minutes have passed
_BEHIND = timedelta(seconds=1)  # behind all that is due by now


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """The mail as first rendered; the same bytes come out of it every time (RFC 5322 Date and Message-ID included).

    `{link}` stands in the texts for the personal link's secret, which is derived at the moment of sending, so that
    no usable link rests in the database or in a backup. So are the marks on the addresses: `inbox` is the mailbox that
    they are set on, "" where none is read; answers then go to `reply_to`.
    """

    subject: str
    text: str
    html: str
    sender_name: str
    sender_email: str
    to_name: str
    to_email: str
    copies: tuple[str, ...]
    message_id: str
    date: datetime
    kind: str = ""
    attachments: tuple["Enclosure", ...] = ()
    inbox: str = ""
    reply_to: str = ""
    """"" in letters from before it was noted: the settings of today hold for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file in a mail; `media_type` like text/calendar; method=REQUEST."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Message:
    """One intended send. `slot` and `deadline_revision` say which one; `key` is unique in the database for ever.

    A mail about no unit has neither round, submission nor recipient (all ""); its key is address, kind and slot.
    `right_until` is when its reader ceases to be the right one, known since planning (None: never).

    `fence` grows with every claim: a worker that lost its lease cannot write over its successor.
    `lead` is the mail that told of this one too, set with its marker and for ever; `company` are, in memory alone, the
    rows that travel with a claimed mail (see services/company.py).
    """

    id: str
    round: str
    submission: str
    recipient: str
    kind: MessageKind
    slot: str
    deadline_revision: int
    to_name: str
    to_email: str
    copies: tuple[str, ...] = ()
    link: str = ""
    language: str = "sv"
    due_at: datetime
    give_up_at: datetime
    local_day: str = ""
    state: MessageState = MessageState.PLANNED
    reason: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 0
    fence: int = 0
    lease_until: datetime | None = None
    frozen: Frozen | None = field(default=None, compare=False)
    sent_at: datetime | None = None
    reply: str = ""
    lead: str = ""
    company: tuple["Message", ...] = field(default=(), compare=False)
    created_at: datetime
    right_until: datetime | None = None

    def but(self, **changes: object) -> "Message":
        """The same mail with other values: `dataclasses.replace` in a third of its time; each mail moves four times.

        Raises TypeError for what is no field.
        """
        if unknown := changes.keys() - self.__dict__.keys():
            raise TypeError(f"no fields of a message: {sorted(unknown)}")
        after = object.__new__(Message)
        after.__dict__.update(self.__dict__, **changes)
        return after

    @property
    def address(self) -> str:
        """The person, however the address is written."""
        return fold_address(self.to_email)

    @property
    def key(self) -> str:
        if not self.submission:
            return f"{self.kind}:{self.to_email}:{self.slot}"
        return f"{self.kind}:{self.submission}:{self.recipient}:{self.slot}:{self.deadline_revision}"

    @property
    def is_reminder(self) -> bool:
        return self.kind in REMINDERS

    @property
    def meant_for(self) -> tuple[str, ...]:
        """The states of the unit in which it goes; empty: any in which it owes."""
        return tuple(filter(None, self.detail.get("states", "").split(",")))

    def claim(self, now: datetime, *, local_day: str = "") -> "Message":
        """planned → sending, with a lease and a higher fence; `local_day` is the one the second belt counts.

        The time for retries runs only while somebody tries: after a long outage nothing is given up unsent. A
        reminder has its time whatever happens; then it is too late for it.
        """
        return self._to(
            MessageState.SENDING,
            fence=self.fence + 1,
            attempts=self.attempts + 1,
            lease_until=now + LEASE,
            give_up_at=self._give_up_after_waiting_until(now),
            local_day=local_day or self.local_day,
        )

    def freeze(self, frozen: Frozen, *, local_day: str) -> "Message":
        """Rendered for the first time; a second rendering is never made."""
        return self if self.frozen else self.but(frozen=frozen, copies=frozen.copies, local_day=local_day)

    def hand(self, now: datetime) -> "Message":
        """sending → handing: the marker just before the final dot. From here nobody resends by themselves."""
        return self._to(MessageState.HANDING, lease_until=now + LEASE)

    def sent(self, now: datetime, reply: str) -> "Message":
        return self._to(MessageState.SENT, sent_at=now, reply=reply, lease_until=None, reason="")

    def unknown(self, why: str) -> "Message":
        return self._to(MessageState.UNKNOWN, reason=why, lease_until=None)

    def failed(self, why: str) -> "Message":
        return self._to(MessageState.FAILED, reason=why, lease_until=None)

    def cancel(self, why: str) -> "Message":
        return self._to(MessageState.CANCELLED, reason=why, lease_until=None)

    def skip(self, why: str) -> "Message":
        return self._to(MessageState.SKIPPED, detail=self._with_doubt(), reason=why, lease_until=None)

    def hold(self, why: str) -> "Message":
        return self._to(MessageState.HELD, reason=why, lease_until=None)

    def postpone(self, due_at: datetime) -> "Message":
        """Still planned, but for later: outside the sending window."""
        return self.but(due_at=due_at, give_up_at=self._give_up_after_waiting_until(due_at))

    def retry(self, now: datetime, why: str) -> "Message":
        """Not accepted this time: up the ladder, or failed when there is no time left."""
        wait = RETRY_LADDER[min(self.attempts, len(RETRY_LADDER)) - 1]
        if now + wait > self.give_up_at:
            return self.failed(why)
        again = self._to(MessageState.PLANNED, due_at=now + wait, reason=why, lease_until=None)
        return again.unwritten(now)

    def waits_for_copies(self, now: datetime) -> bool:
        """Whether it may be tried again because somebody in copy is refused for now, as greylisting does at first.

        Never so long that its reader would be the worse for it.
        """
        wait = RETRY_LADDER[min(self.attempts, len(RETRY_LADDER)) - 1]
        return self.attempts <= _TRIES_FOR_COPIES and now + wait <= self.give_up_at

    def put_back(self, now: datetime, *, why: str = "", behind: bool = False) -> "Message":
        """Planned again as if it had not been claimed: the way out was shut, which is not this mail's fault.

        It climbs no ladder, and the time of rest is not counted. `behind`: the mail that found out queues after what
        is due, so that another tries next time.
        """
        again = self._to(
            MessageState.PLANNED,
            attempts=self.attempts - 1,
            due_at=now + _BEHIND if behind else self.due_at,
            reason=why or self.reason,
            lease_until=None,
        )
        return again.unwritten(now)

    def again(self, now: datetime, why: str) -> "Message":
        """A person asks for it to be sent again, at once: the same bytes, if it may have come already."""
        moved = self._to(MessageState.PLANNED, detail=self._with_doubt()).unwritten(now)
        return moved.but(due_at=now, give_up_at=now + GIVE_UP_AFTER, reason=why, lease_until=None)

    def _with_doubt(self) -> Mapping[str, str]:
        """`detail`, where it stays that nobody knows what became of it."""
        return {**self.detail, _MAY_HAVE_COME: "yes"} if self.state is MessageState.UNKNOWN else self.detail

    @property
    def may_have_come(self) -> bool:
        """Whether the letter that stands may be with its reader: then it does so for ever."""
        return self.frozen is not None and _MAY_HAVE_COME in self.detail

    def relinked(self, link: str) -> "Message":
        """With another personal link, or none; a letter that stands falls, unless it may be with its reader.

        A reminder's falls when it is sent again, for all that it told of at once (see `unwritten`).
        """
        if self.may_have_come:
            return self
        return self.but(link=link, frozen=self.frozen if self.is_reminder else None)

    def is_passed_on(self, now: datetime) -> bool:
        """Whether somebody else is the right reader by now."""
        return self.right_until is not None and now >= self.right_until

    def marked_by_hand(self) -> "Message":
        """A person has decided about this very mail; it may stand in the ledger before its time."""
        return self.but(detail={**self.detail, BY_HAND: "yes"})

    def lies_ahead(self, now: datetime) -> bool:
        """Whether it stands in the ledger before its time, so that what is due by now does not take its place."""
        return BY_HAND in self.detail and self.due_at > now

    def noted(self, text: str) -> "Message":
        """With a person's own words in it, or without them. Raises ValueError for what is written already."""
        if self.frozen is not None or self.state not in {MessageState.PLANNED, MessageState.HELD}:
            message = f"no words can be added to a mail that is {self.state}"
            raise ValueError(message)
        others = {key: value for key, value in self.detail.items() if key != NOTE}
        return self.but(detail={**others, NOTE: text} if text else others)

    def let_go(self, now: datetime) -> "Message":
        """What was held, or skipped by hand, is planned again: for its time, or at once if that is past."""
        if self.state not in {MessageState.HELD, MessageState.SKIPPED}:
            message = f"a mail that is {self.state} is not held"
            raise ValueError(message)
        again = self.again(now, "")
        return again.but(due_at=self.due_at, give_up_at=self.give_up_at) if self.due_at > now else again

    def follow(self, before: "Message", after: "Message") -> "Message":
        """This row moves as its lead has just moved. From the marker on, the lead's mail is its own for ever.

        Only the lead wears the second belt: it is the one mail of the day.
        """
        told = "" if after.is_thawed_from(before) else self.lead
        lead = after.id if after.state is MessageState.HANDING else told
        moved = self if self.state is after.state else self._to(after.state)
        return moved.but(
            due_at=after.due_at,
            give_up_at=after.give_up_at,
            attempts=after.attempts,
            fence=self.fence + after.fence - before.fence,
            reason=after.reason,
            lease_until=after.lease_until,
            sent_at=after.sent_at,
            reply=after.reply,
            local_day=after.local_day if lead else "",
            lead=lead,
        )

    def is_thawed_from(self, before: "Message") -> bool:
        """Whether the letter that stood has fallen: the next is written anew, of what is true then."""
        return before.frozen is not None and self.frozen is None

    def was_claimed_by(self, at: datetime) -> bool:
        return self.lease_until is not None and self.lease_until - LEASE <= at

    def has_lost_its_lease(self, now: datetime) -> bool:
        """It is over, or the clock was set back since it was given, and it would be held for as long as that."""
        return self.lease_until is not None and not timedelta() < self.lease_until - now <= LONGEST_LEASE

    def recover(self) -> "Message":
        """What an expired lease means: before the marker it may be tried again, after it nobody knows."""
        if self.state is MessageState.HANDING:
            return self.unknown("lease_expired").but(fence=self.fence + 1)
        return self._to(MessageState.PLANNED, reason="lease_expired", lease_until=None, fence=self.fence + 1)

    def _give_up_after_waiting_until(self, later: datetime) -> datetime:
        return self.give_up_at if self.is_reminder else self.give_up_at + max(later - self.due_at, timedelta())

    def unwritten(self, now: datetime) -> "Message":
        """A server has said no: what a reminder says must be true when it leaves, so the letter that stood falls.

        One that may be with its reader already keeps it for ever. Of a mail about several units each row is on its own
        again, and who gets a copy is worked out anew.
        """
        if self.frozen is None or not self.is_reminder or self.may_have_come:
            return self
        return self.but(frozen=None, right_until=now if self.company else self.right_until)

    def _to(self, state: MessageState, **changes: object) -> "Message":
        return self.but(state=self._may_be(state), **changes)

    def _may_be(self, state: MessageState) -> MessageState:
        """The state again, if a move leads there. Raises ValueError."""
        for_good = self.state is MessageState.SKIPPED and BY_HAND not in self.detail
        if for_good or state not in MESSAGE_MOVES[self.state]:
            message = f"no move from {self.state} to {state}"
            raise ValueError(message)
        return state


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to hand a message over, kept for ever: how far it came and what the server said."""

    message: str
    number: int
    phase: str
    outcome: str
    code: int | None
    text: str
    started_at: datetime
    ended_at: datetime


def why_untrue(message: Message, submission: Submission | Standing, *, round_state: str, now: datetime) -> str:
    """Why this mail must not go any more, or "". Asked at planning, at the claim and in the marker's transaction."""
    return _why_untrue(message, submission, round_state, now) or (CONTACT_CHANGED if message.is_passed_on(now) else "")


def _why_untrue(message: Message, submission: Submission | Standing, round_state: str, now: datetime) -> str:
    if message.kind is MessageKind.CODE and now >= message.created_at + CODE_LIFE:
        return TOO_LATE
    if message.kind in DECISIONS:
        return "" if submission.state == DECISIONS[message.kind] else submission.state
    if message.kind in OWED_ONLY and not submission.is_owed:
        return submission.state
    if message.kind in DATED and message.deadline_revision != submission.deadline_revision:
        return "deadline_moved"
    return _why_no_reminder(message, submission, round_state, now) if message.kind in REMINDERS else ""


def _why_no_reminder(message: Message, submission: Submission | Standing, round_state: str, now: datetime) -> str:
    if round_state != "open":
        return "round_closed"
    if message.meant_for and submission.state not in message.meant_for:
        return NOT_MEANT
    return TOO_LATE if message.kind in BEFORE_THE_LAST_DAY and now >= submission.due_at else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An instant as sending sees it: its local day, and whether mail that Tertial sends by itself may leave."""

    now: datetime
    local_day: str
    in_window: bool
    next_window: datetime


def moment(calendar: Calendar, now: datetime) -> Moment:
    return Moment(
        now=now,
        local_day=calendar.local(now).date().isoformat(),
        in_window=calendar.in_window(now),
        next_window=calendar.next_window(now),
    )


def end_of_day(calendar: Calendar, now: datetime) -> datetime:
    """The last instant of the local day."""
    tomorrow = calendar.local(now).date() + timedelta(days=1)
    return calendar.at(tomorrow, time()) - timedelta(microseconds=1)


def fate(message: Message, untrue: str, at: Moment) -> Message:
    """What becomes of a due mail: it is claimed, waits for the window, or ends with its reason.

    `untrue` is what `why_untrue` says. The worker does this, and the preview plays it.
    """
    if untrue:
        return message.skip(untrue) if untrue == TOO_LATE else message.cancel(untrue)
    if message.is_reminder and at.now > message.give_up_at:
        return message.skip(TOO_LATE)
    if message.kind in WINDOWED and not at.in_window:
        return message.postpone(at.next_window)
    return message.claim(at.now, local_day=at.local_day)
