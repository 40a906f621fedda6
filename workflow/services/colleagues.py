"""Letting somebody else answer for the unit too, in this round: invited by its own people, and withdrawn by them."""

from datetime import datetime

from workflow.domain.audit import Event
from workflow.domain.errors import MoveRefusedError, NotFoundError, RefusedError, TooLongError
from workflow.domain.forms import clean_written
from workflow.domain.messages import CONTACT_CHANGED, Message, MessageKind, MessageState
from workflow.domain.people import ANSWERING, Role, fold_address
from workflow.domain.roster import is_mailbox
from workflow.domain.submissions import Recipient, Submission
from workflow.ports import Database, Secrets, Work
from workflow.services.addressing import out_of_hand
from workflow.services.freezing import make_link, recipient_id
from workflow.services.handover import AddressRefusedError
from workflow.services.intended import make_message
from workflow.services.submissions import answerable

MOST_INVITED = 20
"""In a round, those who were withdrawn included: nobody mails the whole city by this."""
LONGEST_NAME = 100
_WAITING = frozenset({MessageState.PLANNED, MessageState.HELD, MessageState.SENDING})


class NamelessError(RefusedError):
    sentence = "Skriv namnet på den du bjuder in."


class MayAnswerAlreadyError(RefusedError):
    sentence = "{address} kan redan svara för {unit}. Ingen ny inbjudan har skickats."


class TooManyInvitedError(RefusedError):
    sentence = "Det går att bjuda in högst {limit} personer i en omgång. Hör av dig till samordnarna."


class NotToInviteError(RefusedError):
    sentence = "Du är själv inbjuden. Be kontaktpersonen bjuda in den som också ska svara."


class NotToWithdrawError(RefusedError):
    sentence = "Bara den som bjöd in, eller kontaktpersonen, kan ta tillbaka en inbjudan."


def invited(work: Work, submission_id: str, now: datetime) -> tuple[Recipient, ...]:
    """Those who have been invited and may still answer."""
    return tuple(each for each in work.recipients.of(submission_id) if each.invited_by and each.is_right(now))


def invite(
    db: Database, submission_id: str, *, name: str, email: str, by: str, secrets: Secrets, now: datetime
) -> Recipient:
    """Give somebody a link of their own to this unit's form, by mail, in the inviter's language.

    Any address will do: the coordinators see on the unit's page who it is, and by whom. Raises NamelessError,
    AddressRefusedError, MayAnswerAlreadyError, TooManyInvitedError, NotToInviteError, TextRefusedError, TooLongError,
    MoveRefusedError, RoundNotAnswerableError.
    """
    name, email = _name(name), email.strip()
    if not is_mailbox(email):
        raise AddressRefusedError(address=email)
    with db.begin() as work:
        submission, _ = answerable(work, submission_id)
        people = work.recipients.of(submission_id)
        inviter = _person(people, by)
        _check(submission, inviter, people, email, now)
        number = 1 + sum(bool(each.invited_by) for each in people)
        new = Recipient(
            id=recipient_id(submission_id, "invited", number),
            submission=submission_id,
            role=Role.DEPUTY,
            name=name,
            email=email,
            language=inviter.language,
            starts_at=now,
            invited_by=inviter.id,
        )
        link = make_link(new, secrets, now)
        work.recipients.add([new], [link])
        work.outbox.plan([_mail(submission, new, link.id, inviter, secrets=secrets, now=now)])
        work.log.append(_event("contact.invited", submission, new, by, now))
        return new


def withdraw(db: Database, submission_id: str, recipient_id: str, *, by: str, now: datetime) -> None:
    """Their link opens no more, every session that came by it is over, and a mail that waits falls. Again: nothing.

    What they have written stays the unit's. Raises NotToWithdrawError, NotFoundError.
    """
    with db.begin() as work:
        submission = work.submissions.get(submission_id, lock=True)
        people = work.recipients.of(submission_id)
        guest, who = _person(people, recipient_id), _person(people, by)
        if not guest.invited_by:
            raise NotFoundError(what=recipient_id)
        if not may_withdraw(who, guest):
            raise NotToWithdrawError
        if not guest.is_right(now):
            return
        work.recipients.end(guest.id, now)
        work.recipients.revoke_links(guest.id, now)
        for message in work.outbox.of_submission(submission_id):
            if message.recipient == guest.id and message.state in _WAITING:
                _cancel(work, message)
        work.log.append(_event("contact.uninvited", submission, guest, by, now))


def may_withdraw(who: Recipient, guest: Recipient) -> bool:
    return who.id == guest.invited_by or (who.role == Role.PRIMARY and not who.invited_by)


def _name(written: str) -> str:
    name = " ".join(clean_written(written, where="name").split())
    if not name:
        raise NamelessError
    if len(name) > LONGEST_NAME:
        raise TooLongError(field="name", count=len(name), limit=LONGEST_NAME)
    return name


def _person(people: tuple[Recipient, ...], recipient_id: str) -> Recipient:
    found = next((each for each in people if each.id == recipient_id), None)
    if found is None:
        raise NotFoundError(what=recipient_id)
    return found


def _check(
    submission: Submission, inviter: Recipient, people: tuple[Recipient, ...], email: str, now: datetime
) -> None:
    if not submission.is_owed:
        raise MoveRefusedError(move="invite", state=submission.state)
    if inviter.invited_by:
        raise NotToInviteError
    able = {fold_address(each.email) for each in people if each.role in ANSWERING and each.is_right(now)}
    if fold_address(email) in able:
        raise MayAnswerAlreadyError(address=email, unit=submission.unit_name)
    if sum(bool(each.invited_by) for each in people) >= MOST_INVITED:
        raise TooManyInvitedError(limit=MOST_INVITED)


def _mail(
    submission: Submission, new: Recipient, link: str, inviter: Recipient, *, secrets: Secrets, now: datetime
) -> Message:
    return make_message(
        submission,
        new,
        link=link,
        kind=MessageKind.COLLEAGUE,
        slot="colleague",
        secrets=secrets,
        due_at=now,
        now=now,
        detail={"who": inviter.name},
    )


def _cancel(work: Work, message: Message) -> None:
    waiting = out_of_hand(work, message)
    if waiting is not None:
        work.outbox.change(waiting, waiting.cancel(CONTACT_CHANGED))


def _event(kind: str, submission: Submission, guest: Recipient, by: str, now: datetime) -> Event:
    data = {"recipient": guest.id}
    return Event(kind=kind, actor=by, at=now, round=submission.round, submission=submission.id, data=data)
