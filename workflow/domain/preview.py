"""What a preview holds: one mail, as it has gone or as it would go, and why not if it does not."""

from dataclasses import dataclass, field
from datetime import datetime

from workflow.domain.messages import Message, MessageKind
from workflow.domain.submissions import Submission

EXPECTED = "expected"
SUPPRESSED = "suppressed"
OPENING = "open"
NO_CONTACT = "no_contact"
ROUND_CLOSED = "round_closed"
ONE_A_DAY = "one_a_day"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedMail:
    """One mail, as it has gone or as it would go.

    `state` is the ledger's, or `expected`/`suppressed` for what is not in it yet. `slot` is the mail's reason (`open`,
    or T-5: five working days before the last day), with `unit_state` how the unit stands. `suppressed` says why it
    does not go, "" when it does. `message` is the ledger's id, "" for what is not in it yet. `row` is the ledger's row,
    or the one that there would be; None where there is nobody to write to.

    A mail about several units is one row for each: `along` are the other units of the one that carries it, and
    `carried_by` is its unit in the others' rows. A unit of another round stands with it: "Norrby (2027-T2)" in
    `along`, 2027-T2.norrby in `carried_by`.
    """

    unit: str
    unit_name: str
    unit_state: str
    kind: MessageKind
    slot: str
    at: datetime
    state: str
    to_name: str
    to_email: str
    copies: tuple[str, ...]
    suppressed: str
    message: str = ""
    along: tuple[str, ...] = ()
    carried_by: str = ""
    row: Message | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """What it is called among the mails of its round, as long as it is not in the ledger: norrby.T-5."""
        return f"{self.unit}.{self.slot}"


def previewed(
    submission: Submission,
    message: Message,
    *,
    at: datetime,
    state: str,
    suppressed: str = "",
    along: tuple[str, ...] = (),
    carried_by: str = "",
) -> PreviewedMail:
    """A row of the ledger, or one that there would be, as the preview shows it."""
    return PreviewedMail(
        unit=submission.unit,
        unit_name=submission.unit_name,
        unit_state=str(submission.state),
        kind=message.kind,
        slot=message.slot,
        at=at,
        state=state,
        to_name=message.to_name,
        to_email=message.to_email,
        copies=message.copies,
        suppressed=suppressed,
        message=message.id,
        row=message if message.to_email else None,
        along=along,
        carried_by=carried_by,
    )
