"""The preview of a round: every mail with who, what, when and why, before it opens and on any day of it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from workflow.domain.calendar import Calendar
from workflow.domain.foretelling import preview
from workflow.domain.people import Unit
from workflow.domain.planning import Case
from workflow.domain.preview import PreviewedMail
from workflow.domain.rounds import Round, RoundState
from workflow.domain.submissions import Submission, submission_id
from workflow.domain.succession import Register
from workflow.ports import Database
from workflow.services.freezing import frozen_recipients
from workflow.services.listings import instant
from workflow.services.reminders import cases_of
from workflow.services.rounds import readiness


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundPreview:
    """A round's mails in time order, and the units they are about."""

    round: Round
    cases: tuple[Case, ...]
    mails: tuple[PreviewedMail, ...]
    calendar: Calendar

    @property
    def is_stored(self) -> bool:
        """Whether the round has opened, so that its units stand in the database."""
        return self.round.state is not RoundState.PLANNED

    def day(self, mail: PreviewedMail) -> date:
        """The local day it goes on."""
        return self.calendar.local(mail.at).date()

    def id_of(self, mail: PreviewedMail) -> str:
        """Its id in the ledger; before that round, unit and slot (2027-T1.norrby.T-5)."""
        return mail.message or f"{self.round.id}.{mail.name}"


def look_ahead(db: Database, round_: Round, *, calendar: Calendar, now: datetime) -> RoundPreview:
    """All mails; of a planned round (stored or not) as if it opened at its time. Changes nothing."""
    cases = _cases(db, round_, calendar, now)
    beside = [(other, _cases(db, other, calendar, now)) for other in _beside(db, round_, now)]
    with db.read() as work:
        told = work.outbox.told_on(calendar.local(now).date())
    mails = preview(round_, cases, calendar=calendar, now=now, beside=beside, told=told)
    return RoundPreview(round=round_, cases=cases, mails=mails, calendar=calendar)


def preview_round(
    db: Database, round_: Round, *, calendar: Calendar, now: datetime, on: date | None = None
) -> tuple[PreviewedMail, ...]:
    """The mails that `look_ahead` sees, or only those of one local day."""
    seen = look_ahead(db, round_, calendar=calendar, now=now)
    return tuple(mail for mail in seen.mails if on is None or seen.day(mail) == on)


def preview_row(mail: PreviewedMail) -> dict[str, Any]:
    """The mail as a plain value for a listing."""
    return {
        "at": instant(mail.at),
        "unit": mail.unit,
        "name": mail.unit_name,
        "unit_state": mail.unit_state,
        "kind": str(mail.kind),
        "slot": mail.slot,
        "state": mail.state,
        "suppressed": mail.suppressed,
        "to": {"name": mail.to_name, "email": mail.to_email} if mail.to_email else None,
        "copies": list(mail.copies),
        "along": list(mail.along),
        "carried_by": mail.carried_by,
    }


def _beside(db: Database, round_: Round, now: datetime) -> list[Round]:
    """The rounds that are open at the same time, or will open by themselves while this one runs."""
    with db.read() as work:
        others = [each for each in work.rounds.all() if each.id != round_.id]
    if round_.state not in {RoundState.PLANNED, RoundState.OPEN}:
        return []
    return [each for each in others if _runs_beside(each, round_, now)]


def _runs_beside(other: Round, round_: Round, now: datetime) -> bool:
    if other.state is RoundState.OPEN:
        return True
    is_coming = other.state is RoundState.PLANNED and not other.is_held
    return is_coming and max(now, other.opens_at) < min(round_.closes_at, other.closes_at)


def _cases(db: Database, round_: Round, calendar: Calendar, now: datetime) -> tuple[Case, ...]:
    if round_.state is not RoundState.PLANNED:
        with db.read() as work:
            return cases_of(work, round_.id)
    units, starts = readiness(db, round_, calendar).units, max(now, round_.opens_at)
    with db.read() as work:
        register = Register(work.people.units(), work.people.contacts())
    return tuple(
        Case(
            submission=_to_be(round_, unit, starts),
            recipients=frozen_recipients(
                submission_id(round_.id, unit.id), register.people_for(unit), calendar=calendar, now=starts
            ),
        )
        for unit in units
    )


def _to_be(round_: Round, unit: Unit, starts: datetime) -> Submission:
    """The submission that opening will make."""
    return Submission(
        id=submission_id(round_.id, unit.id),
        round=round_.id,
        unit=unit.id,
        unit_name=unit.name,
        kind=unit.kind,
        due_at=round_.due_at[unit.kind],
        due_set_at=starts,
        questions=len(round_.form.asked(unit.kind, unit.id).questions),
    )
