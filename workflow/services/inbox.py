"""What came in by mail, for whoever sees to it: listed, marked as seen to, and more time given where asked for."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from workflow.domain.arrivals import FOR_THE_OFFICE, Arrival, ArrivalHandledError, Sheet
from workflow.domain.audit import Event
from workflow.domain.errors import NotFoundError
from workflow.domain.incoming import EnclosedFile, IncomingKind
from workflow.domain.messages import Message
from workflow.domain.people import fold_address
from workflow.domain.submissions import Submission
from workflow.ports import Database, Secrets, Work
from workflow.services.extensions import extend_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A mail that came in with the unit it is about; None where it is about none."""

    arrival: Arrival
    submission: Submission | None


def inbox(
    db: Database,
    *,
    kinds: Collection[IncomingKind] = (),
    open_only: bool = False,
    without_unit: bool = False,
    round_id: str = "",
    submission: str = "",
    limit: int = 0,
) -> tuple[Post, ...]:
    """Newest first. Texts of mails are for coordinators; a form's file is behind `form_file` alone."""
    with db.read() as work:
        found = work.incoming.list(
            kinds=kinds,
            open_only=open_only,
            without_unit=without_unit,
            round_id=round_id,
            submission=submission,
            limit=limit,
        )
        return _with_units(work, found)


def to_see_to(db: Database, round_id: str = "") -> tuple[Post, ...]:
    """What waits for a coordinator, oldest first: of a round, or all."""
    return inbox(db, kinds=FOR_THE_OFFICE, open_only=True, round_id=round_id)[::-1]


def one(db: Database, arrival_id: str) -> Post:
    """Raises NotFoundError."""
    with db.read() as work:
        return _with_units(work, [work.incoming.get(arrival_id)])[0]


def find_arrival(db: Database, start: str) -> str:
    """The id that begins so. Raises NotFoundError where none or several do."""
    with db.read() as work:
        found = work.incoming.ids(start, limit=2) if start else ()
    if len(found) != 1:
        raise NotFoundError(what=start)
    return found[0]


def see_to(db: Database, arrival_id: str, *, by: str, now: datetime) -> Arrival:
    """A coordinator has seen to it. Raises NotFoundError, ArrivalHandledError; a form is the unit's to see to."""
    with db.begin() as work:
        return _see_to(work, work.incoming.get(arrival_id, lock=True), by, now)


def give_time(
    db: Database,
    arrival_id: str,
    due_at: datetime,
    *,
    reason: str,
    footing: str,
    by: str,
    secrets: Secrets,
    now: datetime,
) -> Submission:
    """Give the unit that wrote more time, and see to the mail: both or neither.

    Raises what `extend` raises, NotFoundError, and ArrivalHandledError: whoever comes second gives no time.
    """
    with db.begin() as work:
        submission = work.incoming.get(arrival_id).submission
        if not submission:
            raise NotFoundError(what=arrival_id)
        work.submissions.get(submission, lock=True)  # units are locked before what came in
        arrival = work.incoming.get(arrival_id, lock=True)
        if not arrival.is_open:
            raise ArrivalHandledError
        (extended,) = extend_in(
            work, [submission], due_at, reason=reason, by=by, secrets=secrets, now=now, footing=footing
        )
        _see_to(work, arrival, by, now)
        return extended


def enclosed(db: Database, arrival_id: str, number: int) -> tuple[Sheet, EnclosedFile]:
    """A file for a coordinator to save. Raises NotFoundError, also for what may be a unit's filled-in form."""
    with db.read() as work:
        arrival = work.incoming.get(arrival_id)
        sheet = next((each for each in arrival.sheets if each.number == number and each.kind), None)
        if sheet is None or arrival.kind is IncomingKind.FORM:
            raise NotFoundError(what=f"{arrival_id}/{number}")
        return sheet, work.incoming.file(arrival_id, number)


# --- the unit's own doors ---------------------------------------------------------------------------------------------


def mailed_forms(db: Database, submission_id: str) -> tuple[Arrival, ...]:
    """The forms that came by mail and that nobody of the unit has looked at yet, newest first."""
    with db.read() as work:
        return work.incoming.list(submission=submission_id, kinds={IncomingKind.FORM}, open_only=True)


def form_file(db: Database, submission_id: str, arrival_id: str) -> EnclosedFile:
    """The file itself: only for doors that have proved to be the unit. Raises NotFoundError."""
    with db.read() as work:
        arrival = _form_of(work, submission_id, arrival_id)
        return work.incoming.file(arrival_id, arrival.form.number if arrival.form else 0)


def put_form_away(db: Database, submission_id: str, arrival_id: str, *, by: str, now: datetime) -> None:
    """Somebody of the unit has saved what was in it, or does not want it. Twice is once. Raises NotFoundError."""
    with db.begin() as work:
        arrival = _form_of(work, submission_id, arrival_id, lock=True)
        if arrival.is_open:
            _handle(work, arrival, by, now)


def is_copy(db: Database, arrival: Arrival) -> bool:
    """Whether it is about somebody who only got a copy of our mail."""
    if not (arrival.message and arrival.address):
        return False
    with db.read() as work:
        return work.outbox.get(arrival.message).address != fold_address(arrival.address)


def office_mail(db: Database, arrival: Arrival) -> Message | None:
    """Our mail that it is about, if that was about no unit: such as the coordinators' daily one."""
    if arrival.submission or not arrival.message:
        return None
    with db.read() as work:
        return work.outbox.get(arrival.message)


def is_marked(db: Database, address: str) -> bool:
    """Whether the register says that mail to it comes back."""
    with db.read() as work:
        return any(contact.undeliverable_since for _, contact in work.people.at({fold_address(address)}))


def _form_of(work: Work, submission_id: str, arrival_id: str, *, lock: bool = False) -> Arrival:
    arrival = work.incoming.get(arrival_id, lock=lock)
    if arrival.kind is not IncomingKind.FORM or arrival.submission != submission_id or arrival.form is None:
        raise NotFoundError(what=arrival_id)
    return arrival


def _see_to(work: Work, arrival: Arrival, by: str, now: datetime) -> Arrival:
    if arrival.kind is IncomingKind.FORM:
        raise NotFoundError(what=arrival.id)
    return _handle(work, arrival, by, now)


def _handle(work: Work, arrival: Arrival, by: str, now: datetime) -> Arrival:
    handled = arrival.handle(by=by, at=now)
    work.incoming.handle(arrival, handled)
    work.log.append(
        Event(
            kind="incoming.handled",
            actor=by,
            at=now,
            round=arrival.round,
            submission=arrival.submission,
            message=arrival.message,
            data={"arrival": arrival.id},
        )
    )
    return handled


def _with_units(work: Work, found: Iterable[Arrival]) -> tuple[Post, ...]:
    arrivals = tuple(found)
    about = work.submissions.several({each.submission for each in arrivals if each.submission})
    return tuple(Post(arrival=each, submission=about.get(each.submission)) for each in arrivals)
