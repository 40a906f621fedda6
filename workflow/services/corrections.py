"""What people have asked to have changed in the register: a coordinator applies it with one press, or closes it."""

from dataclasses import dataclass, replace
from datetime import datetime

from workflow.domain.audit import Event
from workflow.domain.calendar import Calendar
from workflow.domain.details import Correction, CorrectionState, Place, Wish
from workflow.domain.errors import NotFoundError, RefusedError, StaleWriteError
from workflow.domain.messages import GIVE_UP_AFTER, Message, MessageKind
from workflow.domain.people import Contact, Unit, fold_address
from workflow.domain.rounds import Round, RoundState
from workflow.ports import Database, Secrets, Work
from workflow.services.contacts import UnitPeople, people_in, put_contact
from workflow.services.handover import HANDED, Successor, change_register, checked, hand_over_in
from workflow.services.lastdays import written_reason


class RegisterChangedError(StaleWriteError):
    sentence = "Registret har ändrats sedan personen svarade. Jämför, ändra för hand och markera som klar."


class OwnWordsError(RefusedError):
    sentence = "Begäran står bara i personens egna ord. Ändra i registret för hand och markera den som klar."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An open request. `number` is the contact's in its unit (0: the register says something else by now).

    `rounds` are the open ones in which somebody who takes over would do so at once.
    """

    correction: Correction
    unit: Unit | None
    number: int
    rounds: tuple[Round, ...]

    @property
    def can_be_applied(self) -> bool:
        return self.number > 0 and self.correction.wish is not Wish.OTHER


def open_corrections(db: Database, *, now: datetime) -> tuple[Asked, ...]:
    """Oldest first."""
    with db.read() as work:
        found = work.details.corrections(states={CorrectionState.ASKED})
        units = {each.id: each for each in work.people.units()} if found else {}
        return tuple(_asked(work, each, units, now) for each in found)


def waiting_corrections(db: Database) -> tuple[Correction, ...]:
    """The same, without a look at the register."""
    with db.read() as work:
        return work.details.corrections(states={CorrectionState.ASKED})


def apply_correction(
    db: Database, correction_id: str, *, by: str, secrets: Secrets, calendar: Calendar, now: datetime
) -> Correction:
    """Change the register as was asked, and in open rounds let who takes over do so at once; all or nothing.

    Raises NotFoundError, CorrectionClosedError, RegisterChangedError where it does not say any more what was shown,
    OwnWordsError, and whatever a change of a contact and a hand-over refuse.
    """
    with db.begin() as work:
        before = work.details.correction(correction_id)
        after = before.close(CorrectionState.APPLIED, by=by, at=now)
        work.details.change(before, after)
        if before.wish is Wish.OTHER:
            raise OwnWordsError
        if before.wish is Wish.CHANGE:  # a hand-over holds it after the mails it moves
            work.people.hold()
        people, old = _holder(work, before.was)
        rounds = 0
        if before.wish is Wish.CHANGE:
            moved = fold_address(old.email) != fold_address(before.email)
            works = moved or not old.undeliverable_since
            put_contact(work, people, old, _corrected(old, before), works=works, by=by, now=now)
        else:
            rounds = _succeed(work, before, old, by=by, secrets=secrets, calendar=calendar, now=now)
        _log(work, "details.applied", after, {"rounds": rounds})
        return after


def handle_correction(db: Database, correction_id: str, *, by: str, now: datetime) -> Correction:
    """Say that it is done by hand. Raises NotFoundError, CorrectionClosedError."""
    with db.begin() as work:
        return _close(work, correction_id, CorrectionState.HANDLED, by, now)


def refuse_correction(
    db: Database, correction_id: str, *, reason: str, by: str, secrets: Secrets, now: datetime
) -> Correction:
    """Say no; who asked hears why by mail. Raises NotFoundError, CorrectionClosedError, ReasonMissingError."""
    reason = written_reason(reason)
    with db.begin() as work:
        after = _close(work, correction_id, CorrectionState.REFUSED, by, now)
        work.outbox.plan([_refusal(after, reason, secrets.new_id(), now)])
        return after


def _close(work: Work, correction_id: str, state: CorrectionState, by: str, now: datetime) -> Correction:
    before = work.details.correction(correction_id)
    after = before.close(state, by=by, at=now)
    work.details.change(before, after)
    _log(work, f"details.{state}", after, {})
    return after


def _refusal(refused: Correction, reason: str, message_id: str, now: datetime) -> Message:
    contact = refused.was.contact
    wanted = filter(None, (refused.name, refused.email, refused.phone))
    return Message(
        id=message_id,
        round="",
        submission="",
        recipient="",
        kind=MessageKind.DETAILS_REFUSED,
        slot=refused.id,
        deadline_revision=0,
        to_name=contact.name,
        to_email=contact.email,
        language=contact.language,
        due_at=now,
        give_up_at=now + GIVE_UP_AFTER,
        detail={
            "unit": refused.was.unit_name,
            "asked": refused.note if refused.wish is Wish.OTHER else ", ".join(wanted),
            "reason": reason,
        },
        created_at=now,
    )


def _corrected(old: Contact, correction: Correction) -> Contact:
    return replace(old, name=correction.name, email=correction.email, phone=correction.phone, role=correction.role)


def _succeed(
    work: Work,
    correction: Correction,
    old: Contact,
    *,
    by: str,
    secrets: Secrets,
    calendar: Calendar,
    now: datetime,
) -> int:
    """Gives in how many open rounds."""
    successor = checked(
        Successor(
            name=correction.name, email=correction.email, phone=correction.phone, language=old.language, role=old.role
        )
    )
    held = _held(work, correction.was, now)
    for submission, recipient in held:
        hand_over_in(work, submission, successor, register=True, shown=recipient, by=by, secrets=secrets, now=now)
    change_register(work, old.unit, old, successor, calendar=calendar, now=now)
    return len(held)


def _held(work: Work, was: Place, now: datetime) -> tuple[tuple[str, str], ...]:
    """The submissions in open rounds that are theirs in this role, and as whom."""
    if was.contact.role not in HANDED:
        return ()
    mine = work.submissions.of_unit(was.contact.unit)
    states = work.rounds.states({each.round for each in mine})
    found = []
    for submission in mine:
        if states[submission.round] is RoundState.OPEN:
            people = work.recipients.of(submission.id)
            first = next((each for each in people if each.role == was.contact.role and each.is_right(now)), None)
            found += [(submission.id, first.id)] if first and fold_address(first.email) == was.address else []
    return tuple(found)


def _holder(work: Work, was: Place) -> tuple[UnitPeople, Contact]:
    """Raises RegisterChangedError."""
    try:
        people = people_in(work, was.contact.unit)
    except NotFoundError:
        raise RegisterChangedError from None
    number = _number(people.contacts, was)
    if not number:
        raise RegisterChangedError
    return people, people.numbered(number)


def _number(contacts: tuple[Contact, ...], was: Place) -> int:
    """Which of a unit's contacts was shown; 0 where none says the same any more."""
    alike = (place for place, each in enumerate(contacts, start=1) if _as_shown(each) == was.contact)
    return next(alike, 0)


def _as_shown(contact: Contact) -> Contact:
    return replace(contact, undeliverable_since=None)


def _asked(work: Work, correction: Correction, units: dict[str, Unit], now: datetime) -> Asked:
    unit = units.get(correction.was.contact.unit)
    people = people_in(work, unit.id).contacts if unit else ()
    held = _held(work, correction.was, now) if correction.wish is Wish.SUCCESSOR else ()
    return Asked(
        correction=correction,
        unit=unit,
        number=_number(people, correction.was),
        rounds=tuple(work.rounds.get(work.submissions.get(submission).round) for submission, _ in held),
    )


def _log(work: Work, kind: str, correction: Correction, more: dict[str, str | int]) -> None:
    data: dict[str, str | int] = {
        "correction": correction.id,
        "check": correction.check,
        "unit": correction.was.contact.unit,
        "role": str(correction.was.contact.role),
        "wish": str(correction.wish),
    }
    work.log.append(
        Event(kind=kind, actor=correction.decided_by, at=correction.decided_at or correction.asked_at, data=data | more)
    )
