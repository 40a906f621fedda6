"""Reading the ledger and the log: which mails there are, what one of them says, and what has happened to a unit."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from workflow.domain.audit import Event
from workflow.domain.errors import NotFoundError
from workflow.domain.messages import Attempt, Message, MessageState
from workflow.domain.rounds import Round
from workflow.domain.submissions import Recipient, Submission
from workflow.ports import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of the ledger with the unit it is about."""

    message: Message
    submission: Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A round's mails, oldest due first."""

    round: Round
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailView:
    """One mail with everything that was tried. `message.frozen` is None until it is first claimed."""

    round: Round
    submission: Submission
    message: Message
    attempts: tuple[Attempt, ...]


def ledger(db: Database, round_id: str, *, states: Collection[MessageState] = ()) -> Ledger:
    """The mails of a round, or only those in `states`. Raises UnknownRoundError."""
    with db.read() as work:
        round_ = work.rounds.get(round_id)
        submissions = {each.id: each for each in work.submissions.of_round(round_id)}
        messages = work.outbox.list(round_id=round_id, states=states)
    lines = (Line(message=each, submission=submissions[each.submission]) for each in messages)
    return Ledger(round=round_, lines=tuple(lines))


def mail(db: Database, round_id: str, message_id: str) -> MailView:
    """One mail of a round. Raises NotFoundError, also for a mail of another round."""
    with db.read() as work:
        message = work.outbox.get(message_id)
        if message.round != round_id:
            raise NotFoundError(what=message_id)
        return MailView(
            round=work.rounds.get(round_id),
            submission=work.submissions.get(message.submission),
            message=message,
            attempts=work.outbox.attempts(message_id),
        )


def history(db: Database, submission_id: str) -> tuple[Event, ...]:
    """What the log says of one submission, oldest first: ids, states and numbers, never a text."""
    with db.read() as work:
        return tuple(link.event for link in work.log.of_submission(submission_id))


def people(db: Database, recipients: Collection[Recipient] = ()) -> Mapping[str, str]:
    """Names by the ids that stand in the log as actors: coordinators, and the given contacts."""
    with db.read() as work:
        names = {account.id: account.name for account in work.access.accounts()}
    return names | {recipient.id: recipient.name for recipient in recipients}
