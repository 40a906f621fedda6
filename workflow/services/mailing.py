"""Putting a mail about a submission into the ledger, in the same transaction as the decision it announces."""

from collections.abc import Mapping
from datetime import datetime

from workflow.domain.addressing import addressee
from workflow.domain.messages import MessageKind, why_untrue
from workflow.domain.submissions import Submission
from workflow.ports import Secrets, Work
from workflow.services.intended import make_message


def announce(
    work: Work,
    submission: Submission,
    kind: MessageKind,
    *,
    slot: str,
    secrets: Secrets,
    now: datetime,
    detail: Mapping[str, str] | None = None,
) -> bool:
    """Plan the mail for the unit's contact person, due at once. False when there is nobody to write to."""
    recipients = work.recipients.of(submission.id)
    recipient = addressee(recipients, now)
    if recipient is None:
        return False
    links = {link.recipient: link.id for link in work.recipients.links_of(submission.id) if link.is_valid(now)}
    message = make_message(
        submission,
        recipient,
        link=links.get(recipient.id, ""),
        kind=kind,
        slot=slot,
        secrets=secrets,
        due_at=now,
        now=now,
        detail=dict(detail or {}),
    )
    return work.outbox.plan([message]) == 1


def withdraw_untrue(work: Work, submission: Submission, *, round_state: str, now: datetime) -> int:
    """Cancel what was planned and has just become untrue (submitted, excused, deadline moved). Gives how many.

    What stands ahead of its time under the present last day is left to its time: an answer can be taken back, and a
    slot that the ledger accounts for is never planned again.
    """
    cancelled = 0
    for message in work.outbox.of_submission(submission.id):
        if message.state not in {"planned", "held"}:
            continue
        if message.lies_ahead(now) and message.deadline_revision == submission.deadline_revision:
            continue
        why = why_untrue(message, submission, round_state=round_state, now=now)
        if why and work.outbox.change(message, message.cancel(why)):
            cancelled += 1
    return cancelled
