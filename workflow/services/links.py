"""A personal link that has come into the wrong hands: blocked, or replaced by a new one that is mailed at once."""

from dataclasses import dataclass
from datetime import datetime

from workflow.domain.addressing import addressee
from workflow.domain.audit import Event
from workflow.domain.errors import NotFoundError, RefusedError
from workflow.domain.messages import Message, MessageKind, MessageState
from workflow.domain.people import ANSWERING, fold_address
from workflow.domain.submissions import Link, Recipient, Submission
from workflow.ports import Database, Secrets, Work
from workflow.services.addressing import out_of_hand
from workflow.services.freezing import make_link
from workflow.services.intended import make_message

_MAY_STILL_GO = frozenset({MessageState.PLANNED, MessageState.HELD, MessageState.SENDING, MessageState.FAILED})


class NoHolderError(NotFoundError):
    sentence = "Ingen som svarar för {unit} nu passar in på ”{who}”. Det finns: {choices}."


class NoLinkError(RefusedError):
    sentence = "{name} har ingen länk som gäller. Byt ut den, så kommer en ny med mejl."


@dataclass(frozen=True, slots=True, kw_only=True)
class Relinked:
    """Whose link it was, and the new one's id ("" where it was only blocked)."""

    submission: Submission
    holder: Recipient
    link: str = ""


def holders(work: Work, submission_id: str, now: datetime) -> tuple[Recipient, ...]:
    """Those who may answer for the unit now: each has a link of their own."""
    return tuple(each for each in work.recipients.of(submission_id) if each.role in ANSWERING and each.is_right(now))


def revoke_link(db: Database, submission_id: str, who: str = "", *, by: str, now: datetime) -> Relinked:
    """The link opens no more, and every session that came by it is over; waiting mails go without a link.

    `who` is a recipient's id, role or address; "" is the contact person. Raises NotFoundError, NoHolderError,
    NoLinkError.
    """
    with db.begin() as work:
        submission = work.submissions.get(submission_id, lock=True)
        holder = _holder(work, submission, who, now)
        if not _end_links(work, holder, now):
            raise NoLinkError(name=holder.name)
        _relink(work, holder, "")
        work.log.append(_event("link.revoked", holder, by, now, submission.round))
        return Relinked(submission=submission, holder=holder)


def renew_link(
    db: Database, submission_id: str, who: str = "", *, by: str, secrets: Secrets, now: datetime
) -> Relinked:
    """As revoke_link, whether or not there was a link; and a new one is mailed, which waiting mails hold too."""
    with db.begin() as work:
        submission = work.submissions.get(submission_id, lock=True)
        holder = _holder(work, submission, who, now)
        _end_links(work, holder, now)
        link = make_link(holder, secrets, now)
        work.recipients.add([], [link])
        _relink(work, holder, link.id)
        work.outbox.plan([_mail(submission, holder, link, secrets, now)])
        work.log.append(_event("link.renewed", holder, by, now, submission.round))
        return Relinked(submission=submission, holder=holder, link=link.id)


def _holder(work: Work, submission: Submission, who: str, now: datetime) -> Recipient:
    people = holders(work, submission.id, now)
    wanted = fold_address(who)
    fitting = [each for each in people if who == each.id or wanted in {str(each.role), fold_address(each.email)}]
    found = fitting[0] if fitting else None if who else addressee(people, now)
    if found is None:
        choices = ", ".join(f"{each.role} ({each.email})" for each in people)
        raise NoHolderError(unit=submission.unit_name, who=who, choices=choices or "–")
    return found


def _end_links(work: Work, holder: Recipient, now: datetime) -> bool:
    """Whether there was one that still opened."""
    theirs = [each for each in work.recipients.links_of(holder.submission) if each.recipient == holder.id]
    work.recipients.revoke_links(holder.id, now)
    return any(each.revoked_at is None for each in theirs)


def _relink(work: Work, holder: Recipient, link: str) -> None:
    """What waits holds the new link; codes for the old one, and mails about it, fall."""
    for message in work.outbox.of_submission(holder.submission):
        if message.recipient != holder.id or not message.link or message.state not in _MAY_STILL_GO:
            continue
        if message.lead and work.outbox.get(message.lead).may_have_come:  # its link stands in those bytes
            continue
        waiting = out_of_hand(work, message)
        if waiting is None:
            continue
        work.outbox.change(waiting, _after(waiting, link))


def _after(message: Message, link: str) -> Message:
    is_over = message.kind in {MessageKind.CODE, MessageKind.NEW_LINK}
    if is_over and message.state is not MessageState.FAILED:
        return message.cancel("link_replaced")
    return message.relinked(link)


def _mail(submission: Submission, holder: Recipient, link: Link, secrets: Secrets, now: datetime) -> Message:
    return make_message(
        submission,
        holder,
        link=link.id,
        kind=MessageKind.NEW_LINK,
        slot=link.id,
        secrets=secrets,
        due_at=now,
        now=now,
    )


def _event(kind: str, holder: Recipient, by: str, now: datetime, round_id: str) -> Event:
    data = {"recipient": holder.id}
    return Event(kind=kind, actor=by, at=now, round=round_id, submission=holder.submission, data=data)
