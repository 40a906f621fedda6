"""Another person takes over in the middle of a round: mails, link and session follow at once; the draft stays."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from workflow.domain.addressing import as_copies
from workflow.domain.audit import Event
from workflow.domain.calendar import Calendar
from workflow.domain.errors import RefusedError, StaleWriteError
from workflow.domain.forms import clean_written
from workflow.domain.messages import BY_HAND, CONTACT_CHANGED, Message, MessageKind, MessageState
from workflow.domain.people import ONE_AT_A_TIME, Contact, Role, search_key
from workflow.domain.roster import is_mailbox
from workflow.domain.submissions import Recipient, Submission
from workflow.domain.succession import Register
from workflow.ports import Database, Secrets, Work
from workflow.services.addressing import out_of_hand, renew_copies, write_anew
from workflow.services.freezing import make_link, recipient_id
from workflow.services.intended import make_message

HANDED = (Role.PRIMARY, Role.DEPUTY)
_WAITING = frozenset({MessageState.PLANNED, MessageState.HELD, MessageState.SENDING})
_UNDECIDED = _WAITING | {MessageState.HANDING, MessageState.FAILED, MessageState.UNKNOWN}


class AddressRefusedError(RefusedError):
    sentence = "”{address}” är ingen e-postadress. Skriv en adress, till exempel namn@forvaltningen.example."


class NameMissingError(RefusedError):
    sentence = "Skriv namnet på den som tar över."


class SamePersonError(RefusedError):
    sentence = "{address} är redan kontaktperson. Inget ändrades."


@dataclass(frozen=True, slots=True, kw_only=True)
class Successor:
    """Who takes over. `language` "" keeps the language of the one before."""

    name: str
    email: str
    phone: str = ""
    language: str = ""
    role: Role = Role.PRIMARY


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """`old` is None where there was nobody. `tells_old`: they get a mail about it. `moved` mails changed reader."""

    submission: Submission
    old: Recipient | None
    new: Recipient
    tells_old: bool
    moved: int


def hand_over(
    db: Database,
    submission_id: str,
    successor: Successor,
    *,
    in_register: bool = True,
    shown: str | None = None,
    by: str,
    secrets: Secrets,
    calendar: Calendar,
    now: datetime,
) -> HandedOver:
    """End the old person's time and begin the new one's, in one transaction.

    The old link and its sessions are over, waiting mails are written anew, the new person gets a link and a mail; so
    does the old one, unless mail to that address comes back. `in_register` makes the same change there from today.
    `shown` is the id of the recipient that the page showed: StaleWriteError when somebody else has handed over since.
    Raises AddressRefusedError, NameMissingError, SamePersonError, TextRefusedError, NotFoundError.
    """
    with db.begin() as work:
        done = hand_over_in(
            work, submission_id, successor, shown=shown, register=in_register, by=by, secrets=secrets, now=now
        )
        if in_register:
            change_register(work, done.submission.unit, done.old, checked(successor), calendar=calendar, now=now)
        return done


def hand_over_in(
    work: Work,
    submission_id: str,
    successor: Successor,
    *,
    register: bool,
    shown: str | None = None,
    by: str,
    secrets: Secrets,
    now: datetime,
) -> HandedOver:
    """The same in a transaction of the caller's, who changes the register too where `register` says so to the log."""
    successor = checked(successor)
    submission = work.submissions.get(submission_id, lock=True)
    people = work.recipients.of(submission_id)
    old = next((each for each in people if holds(each, successor.role, now)), None)
    if shown is not None and shown != (old.id if old else ""):
        raise StaleWriteError
    if old and _same(old.email, successor.email):
        raise SamePersonError(address=old.email)
    dead = old is None or _comes_back(work, submission, old)
    new = _begin(work, submission, people, old, successor, secrets=secrets, now=now)
    moved = _move_mails(work, submission, old, secrets=secrets, now=now) if old else 0
    _tell(work, submission, new, None if dead else old, secrets=secrets, now=now)
    data: dict[str, str | int] = {"role": str(successor.role), "from": old.id if old else "", "to": new.id}
    work.log.append(_event(submission, by, now, data | {"register": int(register)}))
    return HandedOver(submission=submission, old=old, new=new, tells_old=not dead, moved=moved)


def holds(recipient: Recipient, role: Role, now: datetime) -> bool:
    """Whether they have this role by the register or a hand-over: who was invited to help has nothing to hand over."""
    return recipient.role == role and recipient.is_right(now) and not recipient.invited_by


def _event(submission: Submission, by: str, now: datetime, data: dict[str, str | int]) -> Event:
    return Event(
        kind="contact.handed_over", actor=by, at=now, round=submission.round, submission=submission.id, data=data
    )


def checked(successor: Successor) -> Successor:
    """As it will be kept. Raises AddressRefusedError, NameMissingError, TextRefusedError, TooLongError."""
    name = " ".join(clean_written(successor.name, where="name").split())
    email, phone = successor.email.strip(), " ".join(clean_written(successor.phone, where="phone").split())
    if not name:
        raise NameMissingError
    if not is_mailbox(email):
        raise AddressRefusedError(address=email)
    return replace(successor, name=name, email=email, phone=phone)


def _same(one: str, other: str) -> bool:
    return search_key(one) == search_key(other)


def _comes_back(work: Work, submission: Submission, old: Recipient) -> bool:
    """Whether mail to that address does not arrive, as far as anybody knows."""
    contacts = (each for each in work.people.contacts() if _same(each.email, old.email))
    ended = {MessageState.SENT, MessageState.FAILED}
    tried = [
        each for each in work.outbox.of_submission(submission.id) if each.recipient == old.id and each.state in ended
    ]
    last_failed = bool(tried) and tried[-1].state is MessageState.FAILED
    return last_failed or any(each.undeliverable_since for each in contacts)


def _begin(
    work: Work,
    submission: Submission,
    people: tuple[Recipient, ...],
    old: Recipient | None,
    successor: Successor,
    *,
    secrets: Secrets,
    now: datetime,
) -> Recipient:
    number = 1 + sum(each.role == successor.role for each in people)
    new = Recipient(
        id=recipient_id(submission.id, successor.role, number),
        submission=submission.id,
        role=successor.role,
        name=successor.name,
        email=successor.email,
        phone=successor.phone,
        language=successor.language or (old.language if old else "sv"),
        starts_at=now,
        ends_at=old.ends_at if old else None,
    )
    if old:
        work.recipients.end(old.id, now)
        work.recipients.revoke_links(old.id, now)
    for each in people:  # a deputy who takes over is no longer the deputy; what they had open may stay open
        if each.role in HANDED and each != old and each.is_right(now) and _same(each.email, new.email):
            work.recipients.end(each.id, now)
    work.recipients.add([new], [make_link(new, secrets, now)])
    return new


def _move_mails(work: Work, submission: Submission, old: Recipient, *, secrets: Secrets, now: datetime) -> int:
    """Write what waits anew, and mark what may still go some day. A worker that has one in hand loses it."""
    people, moved = work.recipients.of(submission.id), 0
    copy = as_copies([old])[0]
    for message in work.outbox.of_submission(submission.id):
        if not _may_still_go(message):
            continue
        if message.recipient == old.id and message.state in _WAITING:
            moved += _move(work, message, people, secrets=secrets, now=now)
        elif message.recipient == old.id:  # it is written anew when somebody wants it to go
            work.outbox.change(message, replace(message, right_until=now))
        elif copy in message.copies:
            _change_copies(work, message, now=now)
    return moved


def _may_still_go(message: Message) -> bool:
    """By itself, after the answer that is waited for, or because a person thinks better of it."""
    return message.state in _UNDECIDED or (message.state is MessageState.SKIPPED and BY_HAND in message.detail)


def _change_copies(work: Work, message: Message, *, now: datetime) -> None:
    waiting = out_of_hand(work, message)
    if waiting is not None:
        renew_copies(work, waiting, now=now)


def _move(work: Work, message: Message, people: tuple[Recipient, ...], *, secrets: Secrets, now: datetime) -> bool:
    waiting = out_of_hand(work, message)
    if waiting is None:
        return False
    fallen = waiting.cancel(CONTACT_CHANGED)
    if not work.outbox.change(waiting, fallen):
        return False
    if message.kind is MessageKind.INVITATION:  # the mail about the hand-over says it all
        return True
    anew = write_anew(work, fallen, people, secrets=secrets, now=now)
    if anew and message.state is MessageState.HELD:
        work.outbox.change(anew, anew.hold(message.reason))
    return anew is not None


def _tell(
    work: Work, submission: Submission, new: Recipient, old: Recipient | None, *, secrets: Secrets, now: datetime
) -> None:
    link = next(each.id for each in work.recipients.links_of(submission.id) if each.recipient == new.id)
    told = [(new, MessageKind.HANDOVER, link, {"before": old.name if old else ""})]
    told += [(old, MessageKind.HANDED_OVER, "", {"after": new.name})] if old else []
    work.outbox.plan(
        make_message(
            submission,
            to,
            link=its_link,
            kind=kind,
            slot="handover",
            secrets=secrets,
            due_at=now,
            now=now,
            detail=detail,
        )
        for to, kind, its_link, detail in told
    )


def change_register(
    work: Work,
    unit: str,
    old: Recipient | Contact | None,
    successor: Successor,
    *,
    calendar: Calendar,
    now: datetime,
) -> None:
    """The same change from today on; of a unit that has ended, under the unit that took its place."""
    work.people.hold()
    today = calendar.local(now).date()
    register = Register(work.people.units(), work.people.contacts())
    home = register.home(unit, today)
    if home is None:
        return
    new = Contact(
        unit=home.id,
        role=successor.role,
        name=successor.name,
        email=successor.email,
        phone=successor.phone,
        language=successor.language or (old.language if old else "sv"),
        valid_from=today,
    )
    theirs = (each for each in register.contacts_of(home.id) if _is_theirs(each, old, new) and each.is_valid(today))
    new = replace(new, valid_to=next((each.valid_to for each in theirs), None))  # who comes after them still does
    contacts = [
        each for each in work.people.contacts() if not (_is_theirs(each, old, new) and each.valid_from == today)
    ]
    yesterday = today - timedelta(days=1)
    ended = [
        replace(each, valid_to=yesterday) if _is_theirs(each, old, new) and each.is_valid(today) else each
        for each in contacts
    ]
    work.people.replace(register.units, [*ended, new])


def _is_theirs(contact: Contact, old: Recipient | Contact | None, new: Contact) -> bool:
    """Whether the new contact takes this one's place."""
    if (contact.unit, contact.role) != (new.unit, new.role):
        return False
    return new.role in ONE_AT_A_TIME or (old is not None and _same(contact.email, old.email))
