"""Which last day a unit has heard of: a day that was changed before any mail had told of it is nobody's."""

from datetime import datetime
from typing import Final

from workflow.domain.messages import LAST_DAYS, REMINDERS, Message, MessageKind, MessageState
from workflow.domain.submissions import Submission
from workflow.ports import Work

PREVIOUS_DUE: Final = "previous_due"
"""Key of a mail's `detail`: the last day that the unit had been told of before."""
_TELLS: Final = (
    LAST_DAYS | REMINDERS | {MessageKind.INVITATION, MessageKind.RETURNED, MessageKind.HANDOVER, MessageKind.NEW_LINK}
)
_MAY_HAVE_COME: Final = frozenset({MessageState.HANDING, MessageState.SENT, MessageState.UNKNOWN})


def told_day(work: Work, submission: Submission) -> datetime:
    """The last day that stands in the newest mail which may have come; the one that stands where no mail has.

    A mail about a day that fell before it left names the day before that, and so on back to one that was told.
    """
    rows = work.outbox.of_submission(submission.id)
    if any(_has_told(each, submission) for each in rows):
        return submission.due_at
    revision = submission.deadline_revision
    unsent = (each for each in rows if each.kind in LAST_DAYS and each.deadline_revision == revision)
    before = next((each.detail[PREVIOUS_DUE] for each in unsent if PREVIOUS_DUE in each.detail), "")
    return datetime.fromisoformat(before) if before else submission.due_at


def _has_told(message: Message, submission: Submission) -> bool:
    """Mails that speak of no certain day tell of the one that stands when they leave."""
    if message.kind not in _TELLS or message.state not in _MAY_HAVE_COME:
        return False
    is_later = message.sent_at is not None and message.sent_at > submission.due_set_at
    return is_later or message.deadline_revision == submission.deadline_revision
