"""A row of the ledger: one intended send, addressed as things stand."""

from collections.abc import Sequence
from datetime import datetime

from workflow.domain.addressing import as_copies, right_until
from workflow.domain.messages import GIVE_UP_AFTER, Message, MessageKind
from workflow.domain.submissions import Recipient, Submission
from workflow.ports import Secrets


def make_message(
    submission: Submission,
    recipient: Recipient,
    *,
    link: str,
    kind: MessageKind,
    slot: str,
    secrets: Secrets,
    due_at: datetime,
    now: datetime,
    copies: Sequence[Recipient] = (),
    detail: dict[str, str] | None = None,
) -> Message:
    """A planned row of the ledger, addressed as things stand."""
    return Message(
        id=secrets.new_id(),
        round=submission.round,
        submission=submission.id,
        recipient=recipient.id,
        kind=kind,
        slot=slot,
        deadline_revision=submission.deadline_revision,
        to_name=recipient.name,
        to_email=recipient.email,
        copies=as_copies(copies),
        link=link,
        language=recipient.language,
        due_at=due_at,
        give_up_at=max(due_at, now) + GIVE_UP_AFTER,
        detail=detail or {},
        created_at=now,
        right_until=right_until(recipient, *copies),
    )
