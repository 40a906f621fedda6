"""A mail that came in as it is kept: what it is held to be, what it is about, and whether somebody has seen to it."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from workflow.domain.attachments import KINDS
from workflow.domain.errors import StaleWriteError
from workflow.domain.incoming import IncomingKind

FORM_ENDINGS = (".docx", ".odt")
FOR_THE_OFFICE = frozenset({IncomingKind.REPLY, IncomingKind.BOUNCE, IncomingKind.UNREADABLE})
"""What a coordinator has to see to; the rest is only shown."""


class ArrivalHandledError(StaleWriteError):
    sentence = "Någon har redan tagit hand om det här mejlet. Läs om sidan."


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A file that came with a mail, as lists show it. `is_form` marks the filled-in form: the unit's own draft."""

    number: int
    name: str
    media_type: str
    size: int
    sha256: str
    is_form: bool = False

    @property
    def may_be_form(self) -> bool:
        """By its name, which is as good a sign as any: a form that could not be read is a draft all the same."""
        return self.is_form or self.name.casefold().endswith(FORM_ENDINGS)

    @property
    def kind(self) -> str:
        """That of an attachment by its name; "" for one that Tertial hands to nobody."""
        ending = self.name.rpartition(".")[2].casefold()
        return ending if ending in KINDS and not self.may_be_form else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One mail, or what one person has to see to of it. The same mail fetched twice, or come by two ways, is one.

    `digest` (of its bytes) and `identity` (of what it says, and what it is held to be about) are both unique.

    `round`, `submission`, `message` (the row of our ledger that it answers) and `recipient` (the contact who wrote, or
    whom we do not reach) are ids, "" where there is none. `address` is the one that did not work, `status` (RFC 3463)
    and `said` what the mail server says of it, or what shows that a machine wrote. `asked_until` is the day that a
    reply asks for; `left_out` names what was too much to keep.
    """

    id: str
    digest: str
    identity: str
    kind: IncomingKind
    came_at: datetime
    sender: str
    sender_name: str
    subject: str
    text: str
    round: str = ""
    submission: str = ""
    message: str = ""
    recipient: str = ""
    address: str = ""
    status: str = ""
    said: str = ""
    asked_until: date | None = None
    sheets: tuple[Sheet, ...] = ()
    left_out: tuple[str, ...] = ()
    handled_at: datetime | None = None
    handled_by: str = ""

    @property
    def is_open(self) -> bool:
        return self.handled_at is None

    @property
    def needs_office(self) -> bool:
        return self.is_open and self.kind in FOR_THE_OFFICE

    @property
    def form(self) -> Sheet | None:
        return next((each for each in self.sheets if each.is_form), None)

    def handle(self, *, by: str, at: datetime) -> "Arrival":
        """Seen to. Raises ArrivalHandledError when it has been."""
        if not self.is_open:
            raise ArrivalHandledError
        return replace(self, handled_at=at, handled_by=by)
