"""What each mail says: one frozen letter per folder in email_templates/, holding only plain words and numbers."""

from dataclasses import dataclass
from typing import ClassVar

from workflow.domain.messages import MessageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What all letters share. Dates are already words in the reader's language.

    `note` is what a coordinator has written in this one mail, or ""; `instead_of` whom it did not reach, so that
    this reader has it now, or "".
    """

    kind: ClassVar[MessageKind]
    folder: ClassVar[str] = ""
    """Where its templates are, if not in the folder named as the kind."""

    language: str
    first_name: str
    link: str
    office: str
    contact_name: str
    contact_phone: str
    contact_email: str
    note: str = ""
    instead_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitLetter(Letter):
    """What the letters to a unit share."""

    unit: str
    round: str
    due: str
    due_day: str
    due_clock: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation(UnitLetter):
    """`covers` is the period in words; `questions` how many the unit is asked."""

    kind: ClassVar[MessageKind] = MessageKind.INVITATION
    covers: str
    questions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Nagging(UnitLetter):
    """What all reminders say. `state` is not_started, draft or returned; `saved` a moment in words or "".

    `announces` names the roles (deputy, head) that the next reminder will also go to. `own_subject` and `opening` are
    a site's own words for this step of the policy, or "".
    """

    state: str
    answered: int
    questions: int
    saved: str
    announces: tuple[str, ...] = ()
    own_subject: str = ""
    opening: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder(Nagging):
    """`left` like "5 arbetsdagar"."""

    kind: ClassVar[MessageKind] = MessageKind.REMINDER
    left: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDay(Nagging):
    kind: ClassVar[MessageKind] = MessageKind.LAST_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue(Nagging):
    """`late` like "3 arbetsdagar"; `copies` names the roles in copy (deputy, head); `is_last` announces the end."""

    kind: ClassVar[MessageKind] = MessageKind.OVERDUE
    late: str
    compiled_from: str
    copies: tuple[str, ...]
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralItem:
    """One unit of several. `late` or `left` in words; both "" on the last day. `link` is "" for who may not open it."""

    order: str
    unit: str
    round: str
    due: str
    due_day: str
    late: str
    left: str
    state: str
    answered: int
    questions: int
    saved: str
    is_last: bool
    link: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Several(UnitLetter):
    """One person's reminder about all the units they answer for, in order of last day; `overdue` of them are late.

    What all letters share is the lead's; `link` only leads to the first page.
    """

    kind: ClassVar[MessageKind] = MessageKind.REMINDER
    folder: ClassVar[str] = "several"
    items: tuple[SeveralItem, ...]
    overdue: int
    copies: tuple[str, ...]
    announces: tuple[str, ...]
    compiled_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedItem:
    """One question to supplement."""

    number: str
    text: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned(UnitLetter):
    kind: ClassVar[MessageKind] = MessageKind.RETURNED
    reason: str
    items: tuple[ReturnedItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptItem:
    """One answer as handed in. `not_applicable` holds the reason, or ""."""

    number: str
    text: str
    paragraphs: tuple[str, ...]
    not_applicable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(UnitLetter):
    """`received` is the legal moment in words; `late` is "" or like "1 arbetsdag"; `sha256` the fingerprint.

    `files` are the attachments, each with its size: "karta.pdf (340 kB)". `crossed`: a reminder was on its way.
    """

    kind: ClassVar[MessageKind] = MessageKind.RECEIPT
    received: str
    late: str
    edition: int
    diary_number: str
    sha256: str
    items: tuple[ReceiptItem, ...]
    files: tuple[str, ...] = ()
    crossed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved(UnitLetter):
    kind: ClassVar[MessageKind] = MessageKind.APPROVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension(UnitLetter):
    """`reminded`: whether reminders will go under the new day; a closed round has none."""

    kind: ClassVar[MessageKind] = MessageKind.EXTENSION
    previous_due: str
    reason: str
    reminded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionRefused(UnitLetter):
    """`wished` is the day that was asked for; `due` the one that stands, `overdue` when it has passed."""

    kind: ClassVar[MessageKind] = MessageKind.EXTENSION_REFUSED
    wished: str
    reason: str
    overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionWithdrawn(UnitLetter):
    kind: ClassVar[MessageKind] = MessageKind.EXTENSION_WITHDRAWN
    previous_due: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(UnitLetter):
    """The common last day was moved, `earlier` or later. `previous_due` is "" where they know of no other."""

    kind: ClassVar[MessageKind] = MessageKind.MOVED
    previous_due: str
    earlier: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Excused(UnitLetter):
    kind: ClassVar[MessageKind] = MessageKind.EXCUSED
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover(UnitLetter):
    """To the one who takes over. `before` is whoever they take over from, or ""; `state` and the rest as in Nagging.

    `late` like "3 arbetsdagar" when the last day has passed and the answer is still owed, else "".
    """

    kind: ClassVar[MessageKind] = MessageKind.HANDOVER
    before: str
    late: str
    state: str
    answered: int
    questions: int
    saved: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver(UnitLetter):
    """To the one before. `after` is whoever has taken over."""

    kind: ClassVar[MessageKind] = MessageKind.HANDED_OVER
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLetter(UnitLetter):
    """A code that opens a verified link. In `code` stands the marker of the mail's secret; `until` is in words."""

    kind: ClassVar[MessageKind] = MessageKind.CODE
    code: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink(UnitLetter):
    """To somebody whose link was renewed: the one before opens nothing any more."""

    kind: ClassVar[MessageKind] = MessageKind.NEW_LINK


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague(UnitLetter):
    """To somebody whom `who` has invited to answer too; `state` and the rest as in Nagging."""

    kind: ClassVar[MessageKind] = MessageKind.COLLEAGUE
    who: str
    state: str
    answered: int
    questions: int
    saved: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailedForm(UnitLetter):
    """To somebody who mailed the filled-in form: nothing is handed in before they have looked at how we read it."""

    kind: ClassVar[MessageKind] = MessageKind.MAILED_FORM


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """A line of a digest: the unit, what there is to know of it in words, and more of that; both may be "".

    Late: how long, and whom to call. Waiting: since when, and for how long. A mail: its kind, and its address.
    """

    unit: str
    fact: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoreList:
    """The first lines of a kind, and how many there are more. `key` names it (_base/*/words.jinja)."""

    key: str
    lines: tuple[Chore, ...]
    more: int = 0

    @property
    def count(self) -> int:
        return len(self.lines) + self.more


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundDigest:
    """How a round stands, in numbers, and what of it needs doing.

    `due` names its last days; `units` are those that are to answer: the excused are none of them.
    """

    round: str
    due: str
    units: int
    handed_in: int
    approved: int
    draft: int
    not_started: int
    returned: int
    todo: tuple[ChoreList, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest(Letter):
    """To a coordinator. The counts are those of all rounds together; `register` is what people want changed there.

    `mailed` counts what came in by mail and waits for somebody, `beside` is what of it is about no unit; `held` are
    rounds that somebody has to confirm, `failed` and `unknown` mails about no unit that did not arrive, or perhaps did.
    """

    kind: ClassVar[MessageKind] = MessageKind.DIGEST
    rounds: tuple[RoundDigest, ...]
    asked: int
    late: int
    waiting: int
    undelivered: int
    no_contact: int
    mailed: int = 0
    beside: ChoreList = ChoreList(key="beside", lines=())
    held: ChoreList = ChoreList(key="held", lines=())
    register: ChoreList = ChoreList(key="register", lines=())
    failed: ChoreList = ChoreList(key="failed", lines=())
    unknown: ChoreList = ChoreList(key="unknown", lines=())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewReminder(Letter):
    """To a coordinator without the digest. `longest` like "5 arbetsdagar"; one list for each round."""

    kind: ClassVar[MessageKind] = MessageKind.REVIEW_REMINDER
    waiting: int
    longest: str
    rounds: tuple[RoundDigest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsItem:
    """What the register says of somebody in one unit. `speaks` is a language's code; `since`, `until` days or ""."""

    unit: str
    role: str
    name: str
    email: str
    phone: str
    speaks: str
    since: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsCheck(Letter):
    """Once a year to everybody in the register. `until` is the last day of the link, in words."""

    kind: ClassVar[MessageKind] = MessageKind.DETAILS_CHECK
    items: tuple[DetailsItem, ...]
    is_mailbox: bool
    is_again: bool
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsRefused(Letter):
    """What somebody wanted changed in the register stays as it was. `asked` is what they wanted, `reason` why not."""

    kind: ClassVar[MessageKind] = MessageKind.DETAILS_REFUSED
    unit: str
    asked: str
    reason: str


LETTERS: tuple[type[Letter], ...] = (
    Invitation,
    Reminder,
    LastDay,
    Overdue,
    Several,
    Returned,
    Receipt,
    Approved,
    Extension,
    ExtensionRefused,
    ExtensionWithdrawn,
    Moved,
    Excused,
    Handover,
    HandedOver,
    Digest,
    ReviewReminder,
    DetailsCheck,
    DetailsRefused,
    CodeLetter,
    NewLink,
    MailedForm,
    Colleague,
)
